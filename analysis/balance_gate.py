"""The gate: may the matched or weighted estimate be used at all?"""

from dataclasses import dataclass

from analysis.balance_summary import Balance


@dataclass(frozen=True)
class GateLimits:
    """What is accepted; None leaves a question unasked. Shares 0–1, `ess` a number of comparison persons."""

    smd: float | None = 0.1
    ess: float | None = None
    share_outside: float | None = None
    lost_treated: float | None = None


@dataclass(frozen=True)
class GateFailure:
    """One limit that does not hold: `check` is smd, ess, share_outside or lost_treated; `covariate` only for smd."""

    check: str
    value: float
    limit: float
    covariate: str = ""


def gate_failures(balance: Balance, limits: GateLimits) -> tuple[GateFailure, ...]:
    """Every limit that does not hold, empty when the estimate may be used; each covariate above the limit counts.

    The share outside support is that of the treated, against the range of the comparison group's scores; asking for
    it without scores is a ValueError. Lost are treated persons of weight 0, for whatever reason.
    """
    found = []
    if limits.smd is not None:
        adjusted = balance.table[balance.table["sample"] == "adjusted"].set_index("covariate")["smd"].abs()
        found += [GateFailure("smd", float(adjusted[c]), limits.smd, c) for c in balance.above(limits.smd)]
    ess = balance.size("matched_ess", "comparison")
    if limits.ess is not None and ess < limits.ess:
        found.append(GateFailure("ess", ess, limits.ess))
    if limits.share_outside is not None:
        found += _above("share_outside", _share_outside(balance), limits.share_outside)
    if limits.lost_treated is not None:
        lost = 1 - balance.size("matched", "treated") / balance.size("all", "treated")
        found += _above("lost_treated", lost, limits.lost_treated)
    return tuple(found)


def _share_outside(balance: Balance) -> float:
    if balance.support is None:
        raise ValueError("share_outside needs a balance with scores")
    return float(balance.support["share_treated_outside"])


def _above(check: str, value: float, limit: float) -> list[GateFailure]:
    return [GateFailure(check, value, limit)] if value > limit else []
