"""A bundle: what was released of a report, with the code, so that anybody can work its numbers out once more.

`pack` writes the bundle; `rerun` is what its reader starts (`make` in the unpacked bundle). The rerun reads what lies
in the bundle and nothing else: released cells, published figures and the card, never a person.
"""
