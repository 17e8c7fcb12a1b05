"""Who is behind a printed size: a cell of persons that another table counts, or one of a dimension of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis.disclosure.declared import COUNT, Cell, Dimension, Number, cell
from analysis.disclosure.effect_forms import ROLES, time_of
from analysis.disclosure.release_declared import NO, OUTSIDE, YES, flow_names
from analysis.disclosure.treat_declared import DROPPED
from analysis.disclosure.treat_given import Given
from analysis.disclosure.treat_overlap import AFTER, BEFORE, total_of
from analysis.tables import SPILL_OVER

MATCHED_SIZES = {f"n_{role}_matched": role for role in ROLES}
SCORE = "skår"
MATCHED, UNMATCHED, COUNTED = "matchet", "ikke matchet", "regnet med"


@dataclass(frozen=True)
class Persons:
    """`dimensions`: those that were needed, by name; `nobody`: cells of them that hold nobody by design; `named`: sizes
    by name of a dimension of their own, which rows of one name may differ in."""

    given: Given
    dimensions: dict[str, Dimension] = field(default_factory=dict)
    nobody: set[Cell] = field(default_factory=set)
    named: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def matching(self, true: pd.Series, role: str, column: str) -> Cell:
        """The persons of a column of sizes (`column`) in a row of the table of matching."""
        name, arm = f"matching {true.spec}", self.given.behind.roles[role]
        self.dimensions[name] = Dimension(name, (MATCHED, UNMATCHED, OUTSIDE))
        size, matched = true[f"n_{role}"], true[f"n_{role}_matched"]
        if size == matched:
            self.nobody.add(cell({"gruppe": arm, name: UNMATCHED}))
        return cell({"gruppe": arm, name: MATCHED if column in MATCHED_SIZES else (MATCHED, UNMATCHED)})

    def _everybody(self, arm: str) -> float:
        """How many an arm has at the first step of the flow."""
        flow = self.given.found["attrition"]
        return float(flow.loc[flow["arm"].eq(arm), "persons"].astype("float64").max())

    def counted(self, true: Any, role: str) -> Cell:
        """The persons of a role behind a row: who they are is told by the table that counts them."""
        arms = {one: self.given.behind.roles[one] for one in ROLES if one in self.given.behind.roles}
        sizes = {one: getattr(true, f"n_{one}") for one in arms}
        time, told = time_of(true), self.given.behind.told
        for arm, outcome, sample, month in told.cells if len(arms) == 2 and pd.notna(time) else ():
            where = (outcome, sample, month)
            here = (arm, outcome, month) == (arms["treated"], getattr(true, "outcome", None), time)
            if here and all(told.cells.get((arms[one], *where), (None,))[0] == sizes[one] for one in arms):
                return cell({"gruppe": arms[role], f"{outcome} {month} {sample}": (YES, NO)})
        step = self._step(arms, sizes)
        if step is not None:
            return cell({"gruppe": arms[role], "fulgt": step})
        spec = str(getattr(true, "spec", ""))
        matching = self.given.found["matching"]
        own = matching[matching["spec"].eq(spec)] if len(matching) else matching
        if len(own) and all(own.iloc[0][f"n_{one}_matched"] == sizes[one] for one in arms):
            return self.matching(own.iloc[0], role, f"n_{role}_matched")
        parts = ("beregning", getattr(true, "outcome", ""), time, spec, *_words(true))
        name = " ".join(map(str, parts))
        others = self.named.setdefault(name, [])
        if sizes not in others:
            others.append(sizes)
        name = f"{name} {others.index(sizes) + 1}"
        if getattr(true, "term", None) == SPILL_OVER or sizes[role] > self._everybody(arms[role]):
            # Not persons of the two arms: untreated near the intervention and far away.
            name = f"{name} {role}"
            self.dimensions[name] = Dimension(name, (COUNTED, OUTSIDE))
            return cell({name: COUNTED})
        self.dimensions[name] = Dimension(name, (COUNTED, OUTSIDE))
        return cell({"gruppe": arms[role], name: COUNTED})

    def _step(self, arms: Mapping[str, str], sizes: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The steps after which those left are as many as these in both arms."""
        flow = self.given.found["attrition"]
        names = flow_names(flow)
        for place, step in reversed([*enumerate(sorted(flow["step"].unique()))]) if names else ():
            here = flow[flow["step"].eq(step)].dropna(subset=["persons"]).set_index("arm")["persons"]
            if all(here.get(arm) == sizes[role] for role, arm in arms.items()):
                return tuple(names[place:])
        return None

    def nobody_outside(self, numbers: Iterable[Number], dimensions: Iterable[Dimension]) -> Iterator[Cell]:
        """Where a count is that of the whole arm, nobody is left in the category of the others: no secret, and no
        answer of anybody's."""
        known = {one.name: one.categories for one in dimensions}
        for number in numbers:
            parts = dict(number.of.cells[0].parts) if number.kind == COUNT else {}
            names = [name for name in parts if name != "gruppe"]
            if len(names) != 1 or len(parts.get("gruppe", ())) != 1:
                continue
            rest = [one for one in known[names[0]] if one not in parts[names[0]]]
            if rest == [OUTSIDE] and number.truth.value == self._everybody(parts["gruppe"][0]):
                yield cell({"gruppe": parts["gruppe"], names[0]: OUTSIDE})

    def nobody_dropped(self, dimensions: Iterable[Dimension]) -> Iterator[Cell]:
        """Where all of an arm were matched, nobody was dropped in any bin of the score."""
        bins = next((one.categories for one in dimensions if one.name == SCORE), ())
        for role, arm in self.given.behind.roles.items():
            if bins and role in ROLES and total_of(role, BEFORE, self.given) == total_of(role, AFTER, self.given):
                yield cell({"gruppe": arm, SCORE: [one for one in bins if one.endswith(DROPPED)]})


def _words(true: Any) -> Iterator[str]:
    """What tells rows of one specification apart: estimator, group and term, never a size."""
    for name in ("estimator", "group", "term"):
        value = getattr(true, name, None)
        if isinstance(value, str):
            yield value
