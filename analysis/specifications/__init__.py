"""All analyses that a card declares, one by one and under permutation: which they are, and what each design gives.

`ways`: the analyses; `matched`, `staggered`, `trial`: their estimates, observed and permuted; `curve`: their tables.
"""
