"""The command `audit`: which pinned packages have known vulnerabilities. Advice that never stops anything."""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCKS = ("requirements.lock", "requirements-uv.lock")
# In an environment of its own, which uv makes: nothing that the pipeline runs on depends on it. OSV and not the package
# index: an index without the answers (a mirror) would say «none found» of packages that it never looked up.
AUDIT = ("tool", "run", "pip-audit==2.10.1", "--vulnerability-service", "osv", "--format", "json")
AS_PINNED = ("--disable-pip", "--require-hashes", "--progress-spinner", "off")
UNREACHED = "Pakkene er ikke slått opp ({reason}). Oppslaget trenger nett til pakkeindeksen og til api.osv.dev."
ADVICE = "Dette er et råd. Det stopper verken kjøringer eller tester; `make requirements` henter nyere utgaver."


def add_audit(commands: Any) -> None:
    """The command `audit`."""
    audit = commands.add_parser("audit", help="slå opp kjente sårbarheter i pakkene (råd, stopper ingenting)")
    audit.set_defaults(command=_audit)


def _audit(_options: argparse.Namespace, _extra: list[str]) -> int:
    print("\n".join([*audit_words(audited()), "", ADVICE]))
    return 0


def audited() -> subprocess.CompletedProcess:
    """What pip-audit says of the locks."""
    # Beside this Python, where `make` puts it.
    uv = Path(sys.executable).with_name("uv")
    files = [word for lock in LOCKS for word in ("--requirement", lock)]
    return subprocess.run([uv, *AUDIT, *AS_PINNED, *files], capture_output=True, text=True, check=False)


def audit_words(done: subprocess.CompletedProcess) -> list[str]:
    """How many packages were looked up, each that has a known vulnerability, and those that got no answer.

    pip-audit ends with 1 both when it finds something and when it fails; only the first leaves JSON behind.
    """
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except json.JSONDecodeError:
        last = (done.stderr.strip().splitlines() or ["pip-audit svarte ikke"])[-1]
        return [UNREACHED.format(reason=re.split(r"[:(]", last)[0].strip())]
    known = [one for one in packages if one.get("vulns")]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    lines = [f"{len(packages) - len(skipped)} pakker er slått opp, og {len(known)} har kjente sårbarheter."]
    lines += [f"  {one['name']} {one['version']}: {_found(item)}" for one in known for item in one["vulns"]]
    return lines + ([f"Ikke slått opp ({len(skipped)}): {', '.join(skipped)}."] if skipped else [])


def _found(item: dict[str, Any]) -> str:
    fixed = ", ".join(item["fix_versions"])
    return f"{item['id']}, {f'rettet i {fixed}' if fixed else 'ingen rettet utgave'}"
