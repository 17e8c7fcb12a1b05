"""No package that is installed binds the code of this project, and the page lists the licence of each."""

import re
from email.message import Message
from importlib import metadata

import pytest

from analysis.licences import FREE, PAGE, READ, free, licences, locked, page, stated

PERMISSION = "Permission is hereby granted, free of charge"


def about(**fields):
    """Metadata of a package; `classifiers` as a list."""
    made = Message()
    for classifier in fields.pop("classifiers", ()):
        made["Classifier"] = f"License :: {classifier}"
    for name, value in fields.items():
        made[name.replace("_", "-")] = value
    return made


@pytest.fixture(scope="module")
def found():
    return licences()


def test_every_package_that_is_installed_has_a_licence_that_leaves_our_code_free(found):
    assert len(found) > 100
    assert {name: licence for name, licence in found.items() if licence is None or not free(licence)} == {}


def test_the_page_is_what_the_command_would_write_here(found):
    rows = dict(re.findall(r"^\| ([a-z0-9.-]+) \| (.+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name: rows.get(name) for name in found} == found
    # Another system or Python installs others of the same lock.
    assert set(rows) <= set(locked())
    assert PAGE.read_text(encoding="utf-8").partition("\n| ")[0] == page().partition("\n| ")[0]


@pytest.mark.parametrize(
    "told",
    [
        about(License_Expression="GPL-3.0-or-later"),
        about(License_Expression="MIT AND AGPL-3.0-only"),
        about(License_Expression="GPL-2.0-only WITH Classpath-exception-2.0"),
        about(License_Expression="(MIT OR GPL-2.0-only) AND GPL-3.0-only"),
        about(License_Expression="SSPL-1.0"),
    ],
)
def test_a_licence_that_binds_or_that_nobody_has_looked_at_is_found(told):
    assert not free(stated(told))


@pytest.mark.parametrize(
    "told",
    [
        about(),
        about(License="UNKNOWN"),
        about(License="GPL"),
        about(classifiers=["OSI Approved :: GNU General Public License v3 (GPLv3)"]),
        about(classifiers=["OSI Approved :: MIT License", "OSI Approved :: GNU General Public License (GPL)"]),
    ],
)
def test_metadata_that_say_nothing_or_several_things_give_no_licence(told):
    assert stated(told) is None


def test_the_forms_that_metadata_come_in_are_read():
    assert stated(about(License_Expression="MIT", License="GPL")) == "MIT"
    assert stated(about(License="BSD 3-Clause License\n\nCopyright (c) 2020")) == "BSD-3-Clause"
    assert stated(about(License="Copyright (c) 2015", classifiers=["OSI Approved :: BSD License"])) == "LicenseRef-BSD"
    assert stated(about(License="MIT", classifiers=["OSI Approved"])) == "MIT"
    assert free("MIT OR GPL-3.0-only")


@pytest.mark.parametrize("name", READ)
def test_what_a_person_has_read_stands_in_the_licence_file_and_nowhere_else(name):
    assert stated(metadata.metadata(name)) is None
    if READ[name] == "MIT":
        files = [file for file in metadata.files(name) if file.name.startswith("LICENSE")]
        assert any(PERMISSION in file.read_text(encoding="utf-8") for file in files)


def test_the_part_of_docutils_that_is_under_the_gpl_is_not_installed():
    files = [file.name for file in metadata.files("docutils")]
    assert len(files) > 100
    assert [name for name in files if name.endswith(".el")] == []


def test_no_licence_is_let_through_that_no_package_has(found):
    used = {part for licence in found.values() for part in re.split(" AND | OR | WITH ", licence)}
    assert set(FREE) == used
