"""Who a result is: cohort, plan and run, stamped on every row of estimates."""

from analysis.cards import Card
from analysis.plan import plan_hash
from analysis.provenance import run_id


def identity(cohort: str, card: Card, inputs: dict[str, str], *, code: str, lock: str) -> dict[str, str]:
    """The columns cohort, plan_hash and run_id; `inputs` are digests by file, `code` and `lock` digests."""
    plan = plan_hash(card)
    return {"cohort": cohort, "plan_hash": plan, "run_id": run_id(inputs=inputs, plan=plan, code=code, lock=lock)}
