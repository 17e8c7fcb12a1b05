"""No key, password, path of a machine or identity number stands in a file of the project or in its history."""

import re
import subprocess
from collections.abc import Iterator

import gates
import pytest

from analysis.nationalid import SYNTHETIC, find
from analysis.provenance import ROOT

# Forms of secrets that can be told from other text, by what they open; docs/dependencies.md says why these are our own.
SECRETS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY",
    "private key as JSON": r'"d"\s*:\s*"[\w-]{40,}"',
    "GitHub": r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,}",
    "GitLab": r"glpat-[\w-]{20}",
    "package index": r"pypi-AgE\w{40,}|npm_[A-Za-z0-9]{36}",
    "cloud": r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}\b|AIza[\w-]{35}|AccountKey=[\w+/]{40,})",
    "chat or model": r"\b(?:xox[abprs]-[\w-]{10,}|sk-[\w-]{20,})",
    "signed token": r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "password in an address": r"://[^\s/:@\"'`<>{]+:[^\s/@\"'`<>{]+@",
    "password in a setting": r"\b(?i:passw(?:or)?d|passord|secret|api_?key|token)[\"']?\s*[:=]\s*"
    r"[\"'][^\s\"'{}<>$]{8,}[\"']",
    "path of a machine": r"(?<![\w.])(?:/(?:root|work|Users)/\w|/home/\w|[A-Z]:\\\\?Users\\)",
}
# One by one: a form that begins with letters of its own is looked for many times as fast alone.
PATTERNS = {kind: re.compile(form) for kind, form in SECRETS.items()}


def git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout


def secrets_in(text: str) -> Iterator[str]:
    """What each secret in a text opens, never the secret."""
    for kind, pattern in PATTERNS.items():
        yield from (kind for _ in pattern.finditer(text))


def found_in(text: str) -> list[str]:
    persons = [hit.kind for hit in find(text) if hit.kind not in SYNTHETIC]
    return [*secrets_in(text), *persons]


@pytest.fixture(scope="module")
def names():
    """Every file that git keeps."""
    gates.stop_without([] if (ROOT / ".git").exists() else [".git"], "git clone the project: its history is read too")
    return [name for name in git("ls-files", "-z").decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_of_the_project_holds_a_secret_or_a_person(names):
    assert len(names) > 500
    found = {name: found_in((ROOT / name).read_bytes().decode("utf-8", errors="replace")) for name in names}
    assert {name: kinds for name, kinds in found.items() if kinds} == {}


def test_no_line_that_was_ever_committed_held_a_secret(names):
    """With what each commit says and who wrote it. Numbers of persons are looked for in today's files alone."""
    history = git("log", "-p", "--no-color", "--unified=0", "--format=%an %ae%n%B").decode("utf-8", errors="replace")
    added = "\n".join(line for line in history.splitlines() if not line.startswith("-"))
    assert sorted(set(secrets_in(added))) == []


# Written in parts, so that this file holds none.
SEEDED = [
    ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
    ("private key as JSON", '{"kty": "RSA", "d": "' + "a1_-" * 12 + '"}'),
    ("GitHub", "ghp_" + "a1B2" * 9),
    ("GitLab", "glpat-" + "a1B2-" * 4),
    ("package index", "pypi-AgE" + "a1B2" * 12),
    ("cloud", "AKIA" + "ABCD1234" * 2),
    ("chat or model", "xoxb-" + "1234567890ab"),
    ("signed token", ".".join(["eyJ" + "hbGciOiJub", "eyJ" + "zdWIiOiIxM", "c2lnbmF0dXJl"])),
    ("password in an address", "postgresql://leser:" + "hemmelig@server/uttrekk"),
    ("password in a setting", "pass" + "word = 'hunter2hunter2'"),
    ("path of a machine", "/ho" + "me/kari/uttrekk.csv"),
    ("path of a machine", "C:" + "\\Users\\kari"),
]


@pytest.mark.parametrize(("kind", "text"), SEEDED)
def test_each_form_is_found(kind, text):
    assert found_in(f"før {text}\netter") == [kind]


def test_every_form_is_tried():
    assert {kind for kind, _ in SEEDED} == set(SECRETS)


def test_a_person_is_found_and_a_made_up_person_is_not():
    # 1 January 1970 with fitting check digits, and the same day in the tax authority's test population.
    assert found_in("f" + "nr 0101" + "7000027") == ["fnr"]
    assert found_in("nr " + tenor()) == []


def tenor() -> str:
    """A number of a test person: month + 80."""
    candidates = (f"01817{place:06d}" for place in range(100_000))
    return next(number for number in candidates if any(hit.kind == "fnr-tenor" for hit in find(number)))


@pytest.mark.parametrize(
    "text", ["https://example.org:8080/a@b", "token: str", "sha256: " + "ab" * 32, "results/work/x", "password: {x}"]
)
def test_ordinary_text_is_let_through(text):
    assert found_in(text) == []
