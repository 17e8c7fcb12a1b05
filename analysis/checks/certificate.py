"""The plan tried on made-up studies of this very design: does the estimate hit on average, and the interval cover?"""

from collections.abc import Mapping
from typing import Any

from analysis.checks import Check, verdict
from analysis.tables import MAIN

NAME = "certificate"
DOWNGRADE = 1


def certificate(record: Mapping[str, Any] | None) -> Check | None:
    """From what `certify.Certificate.record` gave; None where the plan has not been tried at all.

    `value` is the bias farthest from 0 of the two effects put in, `coverage` the lower share. Fails where bias,
    coverage or rejections without an effect are beyond `certify.Bounds`; noted where there is no simulation.
    """
    if record is None:
        return None
    if not record["results"]:
        return Check(name="certificate", verdict="noted", text_id=f"check.{NAME}.not_made")
    planned = [result for result in record["results"] if result["analysis"] == MAIN]
    passed = record["verdict"] == "passed"
    values = {"effect": planned[-1]["effect"], "studies": planned[0]["studies"], "faults": " ".join(record["faults"])}
    estimated = [result for result in planned if "bias" in result]
    if len(estimated) < len(planned):
        return Check(
            name="certificate",
            verdict="failed",
            text_id=f"check.{NAME}.failed",
            downgrade=DOWNGRADE,
            values=values,
        )
    shares = [result["coverage"] for result in planned if result["coverage"] is not None]
    values |= {"coverage": min(shares)} if shares else {}
    return Check(
        name="certificate",
        verdict=verdict(passed),
        text_id=f"check.{NAME}.{'passed' if passed else 'failed'}",
        value=max((result["bias"] for result in planned), key=abs),
        downgrade=0 if passed else DOWNGRADE,
        values=values | {"level": record["level"]},
    )
