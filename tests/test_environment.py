"""One environment, written in several places that must agree: lock, its source, conda's file and pyproject."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import analysis

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
LOCKS = {"requirements.in": "requirements.lock", "requirements-uv.in": "requirements-uv.lock"}
COMPILE = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-strip-extras", "--no-header"]
TEST_GROUP = "# tests"

needs_uv = pytest.mark.skipif(not UV.is_file(), reason="uv is not in this environment; `make` puts it there")


def lines(name):
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def requirements(name, *, above=None, below=None):
    """Requirements of a file, without comments; those above or below a comment line."""
    rows = lines(name)
    if above or below:
        place = rows.index(above or below)
        rows = rows[:place] if above else rows[place:]
    return [row for row in rows if row and not row.startswith("#")]


def package(requirement):
    return re.match(r"[A-Za-z0-9._-]+", requirement).group().lower()


def pins(lock):
    """Pinned packages of a lock, each with the number of its hashes."""
    found: dict[str, int] = {}
    current = ""
    for row in lines(lock):
        if match := re.match(r"([a-z0-9._-]+)(\[[a-z0-9,-]+\])?==\S+", row):
            current = match[1]
            found.setdefault(current, 0)
        elif "--hash=sha256:" in row:
            found[current] += 1
    return found


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def conda():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def uv(*arguments, **options):
    return subprocess.run([UV, *arguments], capture_output=True, text=True, check=False, **options)


def test_pyproject_and_condas_file_give_the_same_range_of_python(project, conda):
    python = next(item for item in conda["dependencies"] if str(item).startswith("python"))
    assert python == "python" + project["project"]["requires-python"]


def test_the_lowest_python_is_the_one_that_makefile_and_lock_are_made_for(project):
    lowest = re.match(r">=3\.(\d+)", project["project"]["requires-python"])[1]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"sys.version_info >= (3, {lowest})" in makefile
    assert makefile.count(f"--python-version 3.{lowest} ") == len(LOCKS)
    assert project["tool"]["ruff"]["target-version"] == f"py3{lowest}"


def test_this_python_is_in_the_range(project):
    low, high = re.match(r">=3\.(\d+),<3\.(\d+)$", project["project"]["requires-python"]).groups()
    assert (3, int(low)) <= sys.version_info[:2] < (3, int(high))


def test_pyproject_lists_the_packages_that_the_pipeline_needs(project):
    assert project["project"]["dependencies"] == requirements("requirements.in", above=TEST_GROUP)


def test_packages_of_the_tests_stand_in_a_group_of_their_own(project):
    assert project["dependency-groups"] == {"test": requirements("requirements.in", below=TEST_GROUP)}


def test_the_version_stands_in_two_places_and_is_the_same(project):
    assert project["project"]["version"] == analysis.__version__
    assert "dynamic" not in project["project"]


@pytest.mark.parametrize(("source", "lock"), LOCKS.items())
def test_every_direct_package_is_pinned_with_hashes(source, lock):
    locked = pins(lock)
    assert {package(row) for row in requirements(source)} <= set(locked)
    assert [name for name, hashes in locked.items() if not hashes] == []


@pytest.mark.parametrize("lock", LOCKS.values())
def test_a_lock_names_no_host_no_index_and_no_path(lock):
    pattern = re.compile(r"https?:|file:|@ |(^|\s)(-i|-f|-e|--(extra-)?index.url|--find.links)\b|[\s=]/\w")
    assert [row for row in lines(lock) if pattern.search(row)] == []


def test_no_lock_of_another_kind_is_kept():
    assert [name for name in ("uv.lock", "pylock.toml", "poetry.lock") if (ROOT / name).exists()] == []


def test_condas_file_gives_the_lock_and_nothing_else(conda):
    pip = [item["pip"] for item in conda["dependencies"] if isinstance(item, dict)]
    assert pip == [["-r requirements.lock"]]
    assert "defaults" not in conda["channels"]


@needs_uv
def test_condas_pip_lines_resolve_to_the_environment_that_make_has_made(conda, tmp_path):
    pip = next(item["pip"] for item in conda["dependencies"] if isinstance(item, dict))
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    # Conda writes the lines to a file beside environment.yml and runs pip on it there.
    (tmp_path / "condaenv.txt").write_text("\n".join(pip) + "\n", encoding="utf-8")
    options = ["--dry-run", "--offline", "--require-hashes", "--python", sys.executable]
    said = uv("pip", "install", *options, "-r", "condaenv.txt", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "Would make no changes" in said.stderr


@needs_uv
def test_a_package_that_is_missing_would_be_noticed(tmp_path):
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("numpy==1.0.1 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    said = uv("pip", "install", "--dry-run", "--offline", "--python", sys.executable, "-r", wrong)
    assert "Would make no changes" not in said.stderr


@needs_uv
@pytest.mark.parametrize(("source", "lock"), LOCKS.items())
def test_a_lock_is_a_fixed_point_of_its_source(source, lock, tmp_path):
    for name in (source, lock):
        shutil.copy(ROOT / name, tmp_path)
    said = uv("pip", "compile", "-q", "--offline", *COMPILE, "-o", lock, source, cwd=tmp_path)
    # Only what a cache can lack is passed over; requirements that contradict each other are a failure.
    if "the network was disabled" in said.stderr:
        pytest.skip("uv has no cached metadata of the packages, and the tests use no network")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / lock).read_text(encoding="utf-8") == "\n".join(lines(lock)) + "\n"


def test_the_options_of_the_lock_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makefile.count(" ".join(COMPILE)) == len(LOCKS)
