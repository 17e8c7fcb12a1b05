"""Gates that need programs outside the environment: skipped where one is missing, but not where they are required."""

import os

import pytest

# Set by .ci/run, where a gate that cannot be passed must not be walked round.
REQUIRED = os.environ.get("TILTAKSEFFEKT_GATES") == "required"


def stop_without(missing: list[str], mend: str) -> None:
    """Skip the test when something is `missing`, with the command that mends it; fail it where gates are required."""
    if not missing:
        return
    said = f"missing: {', '.join(missing)}; {mend}"
    if REQUIRED:
        pytest.fail(said)
    pytest.skip(said)
