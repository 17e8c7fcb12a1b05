"""Who a matched estimate is about: the flow of persons with every reason for being left out, and who is left."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.matched_balance import covariate, mean_text
from analysis.report.matched_numbers import Numbers

BOXES = {
    "delivered": "flow.arm_delivered",
    "outside_population": "described.flow.outside_population",
    "measured": "flow.measured",
    "matched": "flow.matched",
}
MEANS = ("mean_all_treated", "mean_kept", "mean_lost")


def flow(m: Numbers) -> dict[str, Any]:
    """Boxes of the flow diagram from the attrition table."""
    table = m.w.material.tables["attrition"]
    everyone = table[table["reason"].eq("delivered")]
    total = Ref(int(everyone["persons"].sum()), "attrition", "delivered", "persons")
    columns = [_arm_boxes(m, table[table["arm"].eq(arm.id)], m.w.text(arm.label)) for arm in m.card.arms]
    return {"common": [m.w.word("flow.delivered_all", persons=total)], "arms": columns, "aside": {}}


def _arm_boxes(m: Numbers, rows: pd.DataFrame, label: str) -> list[str]:
    """Those left of a group after each restriction; an empty place where matching took nobody from it."""
    rows = rows.sort_values("step", kind="stable")
    unchanged = rows["persons"].eq(rows["persons"].shift()) & ~rows["reason"].isin(BOXES)
    return ["" if same else _box(m, row, label) for same, (_, row) in zip(unchanged, rows.iterrows(), strict=True)]


def _box(m: Numbers, row: pd.Series, label: str) -> str:
    if row["reason"] in BOXES:
        return m.w.word(BOXES[row["reason"]], label=label, persons=_persons(row))
    reason = m.w.word(f"flow.steps.{row['reason']}")
    return m.w.word("flow.left_after", reason=reason, persons=_persons(row))


def _persons(row: pd.Series) -> Ref:
    return Ref(int(row["persons"]), "attrition", f"{row['reason']}/{row['arm']}", "persons")


def who_is_left(m: Numbers) -> Iterator[Block]:
    """The treated in the estimate against all of them, in one sentence and a table; only that when none was lost."""
    counts = m.check_refs("lost_treated", matched="matched", treated="treated")
    if m.check("lost_treated").value == 0:
        yield m.paragraph("matched.who.everybody", **counts)
        return
    profile = m.w.material.tables["profile"].set_index("covariate")
    furthest = profile.loc[profile["smd"].abs().idxmax()]
    means = {column: mean_text(m, _mean(furthest, column), furthest["kind"]) for column in MEANS}
    yield m.paragraph("matched.who.sentence", covariate=covariate(m, str(furthest.name)), **means, **counts)
    names = ("all_treated", "kept", "lost")
    columns = [m.column("covariate", right=False, width=1.6), *(m.column(name) for name in names)]
    rows = [_profile_row(m, row) for _, row in profile.iterrows()]
    yield blocks.table("tab-hvem", m.say("matched.who.table"), columns, rows, m.say("matched.who.note"))


def _profile_row(m: Numbers, row: pd.Series) -> list[Runs]:
    texts = [mean_text(m, _mean(row, column), row["kind"]) for column in MEANS]
    return [m.w.runs(text) for text in (covariate(m, str(row.name)), *texts)]


def _mean(row: pd.Series, column: str) -> Ref:
    return Ref(row[column], "profile", str(row.name), column)
