"""Synthetic deliveries with a known truth: one generator per cohort, the same bytes every time, and no real persons.

A generator is a module here with a function ``generate(*, seed)``. They are imported by name when they are asked for:
the digest of code follows import statements, and editing one generator must not make the deliveries of all anew.
"""

from importlib import import_module
from pathlib import Path

from analysis.files import write_bytes

# What the generators share; every other module of this package is a generator.
SHARED = ("__init__", "common", "histories", "spells")


def generators() -> list[str]:
    """Names of the generators, as the key `synthetic.generator` of a card has them."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in SHARED)


def write(generator: str, folder: str | Path) -> list[Path]:
    """Write the delivery that `generator` makes into `folder`, each file in one step, and return the paths.

    The truth and the potential outcomes are not written: they belong in the card and in the tests.
    Raises KeyError for a name that is no generator.
    """
    if generator not in generators():
        raise KeyError(generator)
    paths = []
    for name, content in import_module(f"analysis.synthetic.{generator}").generate().files.items():
        path = Path(folder) / name
        write_bytes(path, content)
        paths.append(path)
    return paths
