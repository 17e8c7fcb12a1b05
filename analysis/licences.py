"""Licences of the packages that the locks pin, as their own metadata state them, and the page that lists them.

A licence is written as an SPDX expression. ``LicenseRef-BSD`` is BSD without a word of how many clauses.
"""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from analysis.provenance import ROOT

LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-uv.lock")
PAGE = ROOT / "docs" / "licences.md"
# What metadata say that is no SPDX expression: the field License, or the end of a classifier.
WORDS = {
    "2-clause BSD": "BSD-2-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "LicenseRef-BSD",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "LicenseRef-BSD",
    "ISC License (ISCL)": "ISC",
    "ISC license": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# Read by a person in the licence file of the package, because its metadata say nothing, or more than one thing.
READ = {
    "conda-inject": "MIT",
    # The classifiers also name the GPL: of an Emacs file in the source that no wheel holds.
    "docutils": "LicenseRef-Public-Domain AND BSD-2-Clause",
    "packaging": "Apache-2.0 OR BSD-2-Clause",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "snakemake-interface-common": "MIT",
    "snakemake-interface-logger-plugins": "MIT",
    "snakemake-interface-report-plugins": "MIT",
    "snakemake-interface-scheduler-plugins": "MIT",
    "snakemake-interface-storage-plugins": "MIT",
}
# Licences that leave the code that imports a package free. The LGPL binds changes to the library alone (see
# docs/dependencies.md); GPL and AGPL would bind ours and are not here.
FREE = (
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LGPL-3.0-only", "LicenseRef-BSD"),
    *("LicenseRef-Public-Domain", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "NCSA", "PSF-2.0", "Zlib"),
)
OTHERS = "Pinned for other systems or versions of Python, and not installed where this was written"
BEGINNING = """# Licences of the packages

Written by `python -m analysis licences` from the metadata of what is installed, for every package of
`requirements.lock` and `requirements-uv.lock`. Versions stand in the locks. `tests/test_licences.py` holds this page to
them, and fails where a licence is unknown or not among those that leave the code of this project free (so GPL and
AGPL). What the direct packages are for, the programs that some packages carry, and the programs that are started
beside: [dependencies.md](dependencies.md).

`LicenseRef-BSD` is a BSD licence whose metadata do not say how many clauses. «read» marks a licence that a person has
read in the package's own licence file.

| Package | Licence | |
|---|---|---|
"""


def locked(*locks: Path) -> list[str]:
    """Names of the packages that the locks pin."""
    lines = [line for lock in locks or LOCKS for line in lock.read_text(encoding="utf-8").splitlines()]
    return sorted({match[1] for line in lines if (match := re.match(r"([a-z0-9._-]+)(?:\[[^]]*\])?==", line))})


def licences() -> dict[str, str | None]:
    """The licence of every pinned package that is installed here, by name; None where it is unknown."""
    pinned = set(locked())
    found = {re.sub(r"[-_.]+", "-", one.name).lower(): one.metadata for one in metadata.distributions()}
    return {name: READ.get(name) or stated(found[name]) for name in sorted(pinned & set(found))}


def stated(about: metadata.PackageMetadata) -> str | None:
    """The licence that metadata state: the expression, else the field License, else the classifiers if they agree.

    In the field some packages have the whole text; its first line is then the name.
    """
    if expression := about.get("License-Expression"):
        return expression
    name = (about.get("License") or "").strip().partition("\n")[0]
    if name in (*WORDS, *FREE):
        return WORDS.get(name, name)
    ends = {item.rpartition(" :: ")[2] for item in about.get_all("Classifier") or [] if item.startswith("License ::")}
    told = {WORDS.get(end) for end in ends - {"OSI Approved"}}
    return told.pop() if len(told) == 1 else None


def free(licence: str) -> bool:
    """Whether an expression without brackets has a choice in which every licence leaves the importing code free."""
    return any(set(re.split(" AND | WITH ", choice)) <= set(FREE) for choice in licence.split(" OR "))


def page() -> str:
    """The page: a row for every pinned package that is installed, and the names of the others."""
    found = licences()
    others = [name for name in locked() if name not in found]
    end = f"\n{OTHERS}: {', '.join(others)}.\n" if others else ""
    return BEGINNING + "\n".join(_rows(found)) + "\n" + end


def _rows(found: dict[str, str | None]) -> Iterator[str]:
    for name, licence in found.items():
        yield f"| {name} | {licence or 'unknown'} | {'read' if name in READ else ''} |"
