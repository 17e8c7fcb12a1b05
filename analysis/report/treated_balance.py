"""How alike the groups are in treated tables: standardised differences that are shown, and the overlap of scores."""

from collections.abc import Iterator

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.treated_numbers import HIDDEN, ROLES, Shown
from analysis.report.writer import capital
from analysis.tables import MAIN

ADJUSTED = "adjusted"
# Bins of the histogram with a number, at least.
FEW_BINS = 2


def balance(s: Shown) -> Iterator[Block]:
    """The love plot with its table, and the overlap; nothing of either where nothing is shown."""
    table = s.table("balance")
    own = table[table["spec"].eq(MAIN) & table["smd"].notna()]
    if len(own):
        yield _love_plot(s, own)
    elif table["spec"].eq(MAIN).any():
        yield s.w.paragraph("treated.balance_hidden")
    yield from _overlap(s)


def _love_plot(s: Shown, own: pd.DataFrame) -> Block:
    wide = _wide(own)
    limit = Ref(s.card.checks.smd_limit, "cohort", "checks", "smd_limit")
    rows = [{"label": _name(s, name), **_pair(row)} for name, row in wide.iterrows()]
    largest = max(abs(value) for row in rows for value in (row["before"], row["after"]) if value is not None)
    data = {
        "x_label": s.w.label("matched.balance_axis"),
        "x_ticks": s.w.ticks(0, max(largest, limit.value)),
        "threshold": {"value": limit.value, "label": s.w.label("matched.balance_limit", limit=limit)},
        "before_label": s.label("samples.unadjusted"),
        "after_label": s.label("samples.adjusted"),
        "rows": rows,
    }
    far = wide.abs().max(axis=1).idxmax()
    top = Ref(float(wide.abs().max(axis=1).max()), "balance", str(far), "smd")
    alt = s.say("balance_alt", n=Ref(len(wide), "balance", MAIN, "covariate"), covariate=_name(s, far), top=top)
    return blocks.figure("fig-balanse", "balance", s.say("balance"), alt, data, _table(s, wide))


def _wide(own: pd.DataFrame) -> pd.DataFrame:
    """Standardised differences by covariate, before and after; one that is known once only stands as before."""
    after = own["sample"].eq(ADJUSTED)
    both = {
        name: part.drop_duplicates("covariate").set_index("covariate")["smd"].astype("float64")
        for name, part in (("before", own[~after]), ("after", own[after]))
    }
    wide = pd.DataFrame(both).reindex(columns=["before", "after"])
    alone = wide["before"].isna()
    wide.loc[alone, "before"], wide.loc[alone, "after"] = wide.loc[alone, "after"], float("nan")
    return wide.loc[wide["before"].abs().sort_values(ascending=False, kind="stable").index]


def _pair(row: pd.Series) -> dict[str, float | None]:
    return {name: None if pd.isna(row[name]) else abs(float(row[name])) for name in ("before", "after")}


def _name(s: Shown, name: str) -> str:
    return capital(s.w.covariates().get(name, name))


def _table(s: Shown, wide: pd.DataFrame) -> Block:
    columns = s.columns(("covariate", "before", "after"), ("covariate",), covariate=2.0)
    rows = [
        s.cells([_name(s, name), *(s.number(Ref(row[at], "balance", f"{name}/{at}", "smd"), 2) for at in wide)])
        for name, row in wide.iterrows()
    ]
    return blocks.table("", [], columns, rows)


def _overlap(s: Shown) -> Iterator[Block]:
    """The scores of both groups before matching, as shares of the published counts."""
    table = s.table("overlap")
    own = table[table["sample"].ne(ADJUSTED) & table["arm"].isin(ROLES)]
    bins = own[["bin_low", "bin_high"]].drop_duplicates().sort_values("bin_low").to_numpy(dtype=float)
    known = own.drop_duplicates(["bin_low", "arm"]).set_index(["bin_low", "arm"])["share"].astype("float64")
    shares = {role: [known.get((low, role), float("nan")) for low, _ in bins] for role in ROLES}
    if any(len(_told(values)) < FEW_BINS for values in shares.values()):
        if len(own):
            yield s.w.paragraph("treated.overlap_hidden")
        return
    labels = {role: capital(s.w.text(s.card.arm(role).label)) for role in ROLES}
    data = {
        "x_label": s.w.label("matched.overlap_x"),
        "y_label": s.w.label("matched.overlap_y"),
        "x_ticks": s.w.ticks(0, 1),
        "y_ticks": s.w.ticks(0, max(value for values in shares.values() for value in _told(values)), percent=True),
        "edges": [float(low) for low, _ in bins] + [float(bins[-1][1])],
        "series": [
            {"label": labels[role], "share": [None if pd.isna(one) else one for one in shares[role]], "style": style}
            for style, role in enumerate(ROLES)
        ],
    }
    gaps = Ref(sum(len(values) - len(_told(values)) for values in shares.values()), "overlap", "unadjusted", "status")
    source = _bins(s, bins, shares, labels)
    caption, alt = (
        s.w.say("matched.overlap_caption"),
        s.say("overlap_alt", n=Ref(len(bins), "overlap", "all", "bin_low"), gaps=gaps),
    )
    yield blocks.figure("fig-overlapp", "overlap", caption, alt, data, source)


def _told(values: list[float]) -> list[float]:
    return [value for value in values if not pd.isna(value)]


def _bins(s: Shown, bins: pd.DataFrame, shares: dict[str, list[float]], labels: dict[str, str]) -> Block:
    columns = [blocks.column(s.w.label("matched.overlap_x"))]
    columns += [blocks.column(label, right=True) for label in labels.values()]
    rows = [_bin(s, place, ends, shares) for place, ends in enumerate(bins)]
    return blocks.table("", [], columns, rows)


def _bin(s: Shown, place: int, ends: list[float], shares: dict[str, list[float]]) -> list[Runs]:
    book = s.w.book
    refs = [
        Ref(float(end), "overlap", str(place), name) for end, name in zip(ends, ("bin_low", "bin_high"), strict=True)
    ]
    between = f" {book.catalogue['interval_word']} ".join(book.number(ref, 2) for ref in refs)
    told = [Ref(values[place], "overlap", f"{role}/{place}", "share") for role, values in shares.items()]
    return s.cells([between, *(book.percent(ref) if ref else HIDDEN for ref in told)])
