"""Where results could hang on the clock or on chance: every such call is known, and draws go by what a row is."""

import ast

import pandas as pd
import pytest
import restricted_cohorts as rc
import stages
from workspace import ROOT

from analysis.estimate_trial import estimate_trial
from analysis.panel import build_panel

# Calls that may give another answer next time, by the last two parts of their names.
CLOCK = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime", "os.times", "date.today"}
CLOCK |= {"datetime.now", "datetime.today", "datetime.utcnow", "Timestamp.now", "Timestamp.today", "Timestamp.utcnow"}
CHANCE = {"uuid.uuid1", "uuid.uuid4", "os.urandom", "os.getpid", "random.SystemRandom"}
# What makes a generator, which must be told where to begin; all else of these modules draws from a hidden one.
GENERATORS = {"default_rng", "SeedSequence", "PCG64", "Generator", "RandomState", "Random"}
MODULES = {"random", "secrets"}
ALLOWED = {
    "analysis/blind_run.py": (
        {"secrets.randbits"},
        "the seed of a rehearsal, drawn once and kept; nothing of it leaves",
    ),
    "analysis/cli.py": ({"date.today"}, "a plan lock is dated by the person who makes it"),
    "analysis/cli_purge.py": ({"date.today"}, "a receipt is dated by the person who makes it"),
    "analysis/cli_release.py": ({"date.today"}, "a sign-off is dated by the person who makes it"),
    "analysis/disclosure/ledger.py": ({"secrets.token_hex"}, "the salt of an entry in the ledger, which is made once"),
    "analysis/pseudonyms.py": ({"secrets.token_hex"}, "a new key, which is made once and kept"),
    "analysis/release.py": ({"secrets.token_bytes"}, "the key of the rounding, which is made once and kept"),
    "analysis/run.py": ({"os.getpid"}, "the lock of a run names its process"),
    "analysis/run_guard.py": (
        {"time.time", "time.localtime", "time.strftime"},
        "files dated after the clock are told before the run, and in the time of this machine",
    ),
    "workflow/plugins/snakemake_logger_plugin_ord/__init__.py": (
        {"time.time"},
        "logs of a cluster's jobs from before the run say nothing about it",
    ),
}


def name_of(node):
    """``a.b.c`` of an expression, or what is known of its end."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def risky_calls(source):
    """Calls in a module that hang on the clock, on chance, or on a generator that was told nothing."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            *inner, last = name_of(node.func).split(".")
            short = ".".join([*inner[-1:], last])
            untold = last in GENERATORS and not node.args and not node.keywords
            drawn = bool(inner) and inner[-1] in MODULES and last not in GENERATORS
            found |= {short} if untold or drawn or short in CLOCK | CHANCE else set()
    return found


def imported_names(source):
    """What a module takes out of those modules, where it would be called by its bare name."""
    wanted = {"time", "uuid", "os", *MODULES}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in wanted:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_result_hangs_on_the_clock_or_on_chance():
    paths = [path for folder in ("analysis", "workflow") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = {path.relative_to(ROOT).as_posix(): risky_calls(path.read_text(encoding="utf-8")) for path in paths}
    assert {name: calls for name, calls in found.items() if calls} == {
        name: calls for name, (calls, _) in ALLOWED.items()
    }
    rules = [ROOT / "Snakefile", *sorted((ROOT / "workflow" / "rules").glob("*.smk"))]
    text = "".join(path.read_text(encoding="utf-8") for path in rules)
    assert not [word for word in ("time.", ".now(", ".today(", "uuid", "urandom", "random") if word in text]


def test_no_module_takes_such_a_call_by_its_bare_name():
    paths = sorted((ROOT / "analysis").rglob("*.py"))
    taken = {name for path in paths for name in imported_names(path.read_text(encoding="utf-8"))}
    assert not taken & (CLOCK | CHANCE)
    assert not [name for name in taken if name.split(".")[0] in MODULES]


@pytest.mark.parametrize(
    "call",
    [
        "time.time()",
        "dt.date.today()",
        "dt.datetime.now(tz)",
        "uuid.uuid4()",
        "os.urandom(8)",
        "np.random.default_rng()",
    ]
    + ["np.random.normal(size=3)", "random.random()", "secrets.token_hex(4)", "np.random.Generator(np.random.PCG64())"],
)
def test_such_a_call_is_found(call):
    assert risky_calls(f"def f(tz):\n    return {call}\n")


def test_a_generator_that_is_told_where_to_begin_is_none():
    assert (
        risky_calls("np.random.Generator(np.random.PCG64(seed)); np.random.default_rng(seed=3); time.monotonic()")
        == set()
    )


def test_what_is_drawn_for_a_row_does_not_hang_on_the_rows_before_it(monkeypatch):
    # The seed is of the plan, and a plan with its outcomes in another order is another plan: here both have one seed.
    monkeypatch.setattr("analysis.plan.plan_hash", lambda card: stages.DIGEST)
    card, delivery = stages.card(rc.TRIAL), rc.delivery(rc.TRIAL)
    made = build_panel(card, delivery)
    tables = {
        "baseline": made.baseline,
        "months": made.months,
        "offices": delivery.offices,
        "attrition": made.attrition,
    }

    def rows(*secondary):
        ordered = stages.changed(card, outcomes__secondary=list(secondary))
        found = estimate_trial(ordered, **tables, **stages.who("x")).estimates
        # Corrected for how many outcomes there are, in their order of size: not drawn.
        found = found[found["inference"] != "holm"]
        keys = ["outcome", "horizon_months", "estimator", "inference", "term", "spec", "group"]
        return found.sort_values(keys, kind="stable").reset_index(drop=True)

    one, other = "full_time_last_day", "part_time_last_day"
    first = rows(one, other)
    assert {"permutation", "wild_bootstrap"} <= set(first["inference"])
    pd.testing.assert_frame_equal(first, rows(other, one), check_exact=True)
