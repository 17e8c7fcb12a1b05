"""Pages that several commands write sections of: what one of them does not make anew stays."""

from benchmarks import __main__ as pages

SCRIPT = "print('ferdig')\n"


def test_sections_of_other_commands_stay_and_those_of_scripts_that_are_gone_do_not(tmp_path, monkeypatch):
    for name in ("soak_a.py", "disturb_b.py"):
        (tmp_path / name).write_text(SCRIPT, encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text("# Old\n\n## a\n\n```\nsoaked\n```\n\n## gone\n\n```\nx\n```\n", encoding="utf-8")
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    studies = {kind: pages.Study(f"{kind}_*.py", page, "# New\n") for kind in ("soak", "disturb")}
    monkeypatch.setattr(pages, "STUDIES", studies)
    pages.main("disturb")
    assert page.read_text(encoding="utf-8") == "# New\n\n## a\n\n```\nsoaked\n```\n\n## b\n\n```\nferdig\n```\n"
