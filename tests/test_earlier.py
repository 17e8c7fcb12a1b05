"""The numbers of the release before the last change are kept, whole or not at all."""

import pytest

from analysis import earlier
from analysis.earlier import keep_and_tell, keep_first, keep_release, kept_files


@pytest.fixture
def folders(tmp_path):
    release = tmp_path / "release"
    write(release, "1")
    return release, tmp_path / "earlier"


def write(release, number):
    for name in ("a/estimates.csv", "a/cohort.json", "reports/a/a.nb.json", "reports/a/a.nb.html", "manifest.json"):
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).write_text(f"{name} {number}", encoding="utf-8")


def content(folder):
    return {path.read_text(encoding="utf-8").split()[-1] for path in folder.rglob("*") if path.is_file()}


def test_numbers_and_models_are_kept_and_finished_reports_are_not(folders):
    release, kept = folders
    assert keep_release(*folders)
    assert list(kept_files(kept / "now")) == [
        "a/cohort.json",
        "a/estimates.csv",
        "manifest.json",
        "reports/a/a.nb.json",
    ]
    assert not list(kept.rglob("*.html"))
    assert list(kept_files(release)) == list(kept_files(kept / "now"))


def test_what_stood_before_the_last_change_is_kept_and_a_run_that_changes_nothing_keeps_it(folders):
    release, kept = folders
    keep_release(*folders)
    write(release, "2")
    assert keep_release(*folders)
    assert (content(kept / "before"), content(kept / "now")) == ({"1"}, {"2"})
    write(release, "2")
    assert not keep_release(*folders)
    assert content(kept / "before") == {"1"}
    write(release, "3")
    keep_release(*folders)
    assert (content(kept / "before"), content(kept / "now")) == ({"2"}, {"3"})


def test_the_copies_are_files_of_their_own(folders):
    release, kept = folders
    keep_release(*folders)
    for name in kept_files(release):
        (release / name).write_text("other", encoding="utf-8")
    assert content(kept / "now") == {"1"}


@pytest.mark.parametrize("dies_at", ["copy2", "rmtree"])
def test_a_copy_that_is_broken_off_leaves_the_last_ones_as_they_were(folders, monkeypatch, dies_at):
    release, kept = folders
    keep_release(*folders)
    write(release, "2")
    with monkeypatch.context() as patched:
        patched.setattr(earlier.shutil, dies_at, lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full disk")))
        with pytest.raises(OSError, match="full disk"):
            keep_release(*folders)
    assert content(kept / "now") == {"1"}
    assert keep_release(*folders)
    assert (content(kept / "before"), content(kept / "now")) == ({"1"}, {"2"})


def test_before_a_run_only_what_was_never_kept_is_copied(folders):
    release, kept = folders
    keep_first(*folders)
    write(release, "2")
    keep_first(*folders)
    assert content(kept / "now") == {"1"}


def test_a_run_ends_well_where_nothing_can_be_kept_and_says_so(folders, monkeypatch, capsys):
    monkeypatch.setattr(earlier.shutil, "copy2", lambda *_: (_ for _ in ()).throw(OSError(28, "full disk")))
    keep_and_tell(*folders)
    assert "make diff kan derfor ikke vise hva kjøringen flyttet." in capsys.readouterr().err


def test_a_project_that_has_released_nothing_keeps_nothing(tmp_path):
    assert not keep_release(tmp_path / "release", tmp_path / "earlier")
    (tmp_path / "release").mkdir()
    assert not keep_release(tmp_path / "release", tmp_path / "earlier")
    assert not (tmp_path / "earlier").exists()
