"""Every turn of the reports in every language: the same numbers, no slip, and no word that the verb gate forbids.

    python benchmarks/soak_languages.py

`make test` reads one variant in eight in Nynorsk and English; here all are read.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import language_rules  # noqa: E402
import test_report_text as texts  # noqa: E402


def reserved(name: str, report: dict, code: str) -> int:
    """Words of the gate that the level of the report may not use."""
    verbs, claimed = texts.reached()["reports"][name][0].grade["verbs"], texts.claims_in(report, code)
    patterns = (pattern for pattern, levels in language_rules.RESERVED[code].items() if verbs not in levels)
    return sum(len(re.findall(pattern, claimed, re.IGNORECASE)) for pattern in patterns)


def main() -> None:
    own = {name: texts.printed_from(report) for name, (_, report) in texts.reached()["reports"].items()}
    print("| language | reports | numbers | reports with other numbers | slips | reserved words |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    bad = 0
    for code in texts.OTHERS:
        reports = texts.in_language(code, 1)
        other = sum(texts.printed_from(report) != own[name] for name, report in reports.items())
        slips = sum(len(texts.slips(name, report, code)) for name, report in reports.items())
        words = sum(reserved(name, report, code) for name, report in reports.items())
        count = sum(len(report["numbers"]) for report in reports.values())
        print(f"| {code} | {len(reports)} | {count} | {other} | {slips} | {words} |")
        bad += other + slips + words
    print()
    if bad:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
