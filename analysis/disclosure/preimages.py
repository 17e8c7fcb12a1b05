"""How many counts a published value stands for; apart from redaction, so that reading a card needs no matrices."""


def full_preimages(limit: int, base: int) -> bool:
    """Whether every published value stands for `base` counts, and a hidden one for at least as many."""
    return (limit + 1 + base // 2) % base == 0 and limit + 1 >= base
