"""The pages that are made from the code, and the code that they are made from."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest

from pegbatch import errors
from pegbatch.model.settings import Property, Settings
from pegbatch.parse.known_properties import KNOWN, OURS, is_known, pattern_of
from pegbatch.parse.obeyed_properties import DEFAULTS, NONE
from pegbatch.planner.tuning import Tuning, read_tuning
from pegbatch.report.explained_errors import EXPLANATIONS
from tests.functional.commands import EXAMPLES, called, planned

ROOT = Path(__file__).resolve().parents[1]
NO_ERRORS = {"bug", "interrupted"}
"""Codes that the door gives to what is no error of the tree."""


@pytest.mark.parametrize("name", ["errors", "properties"])
def test_the_page_is_what_the_generator_prints(name: str) -> None:
    code, printed, said = called("help", "--page", name)
    assert (code, said) == (0, "")
    page = ROOT / "docs" / f"{name}.md"
    assert page.read_text() == printed, f"pegbatch help --page {name} > docs/{name}.md"


def test_every_code_of_the_tree_is_explained_and_no_other() -> None:
    code_line = re.compile(r'^    code = "([\w-]+)"$', re.MULTILINE)
    sources = (path.read_text() for path in (ROOT / "pegbatch").rglob("*.py"))
    codes = {code for source in sources for code in code_line.findall(source)}
    assert codes - {errors.PegbatchError.code} == set(EXPLANATIONS) - NO_ERRORS


def tree(root: type[errors.PegbatchError]) -> list[type[errors.PegbatchError]]:
    return [root, *(below for one in root.__subclasses__() for below in tree(one))]


@pytest.mark.parametrize("kind", tree(errors.PegbatchError)[1:], ids=lambda kind: kind.__name__)
def test_the_page_tells_the_exit_code_of_each_error(kind: type[errors.PegbatchError]) -> None:
    assert EXPLANATIONS[kind.code].exit_code == kind.exit_code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as the examples of the page have it."""
    here = tmp_path_factory.mktemp("errors")
    diamond = EXAMPLES / "black-diamond"
    (here / "diamond.dax").write_bytes((diamond / "diamond.dax").read_bytes())
    (here / "empty.properties").touch()
    options = ("--conf", str(diamond / "pegasus.properties"), "--relative-submit-dir", "run0001")
    planned(here / "diamond.dax", here, *options)
    return here


# What is said without Pillow is tried where Pillow is hidden: functional/test_graph.py.
TRIED = [code for code, one in EXPLANATIONS.items() if one.command and code != "not-installed"]


@pytest.mark.parametrize("code", TRIED)
def test_the_example_of_an_error_ends_as_the_page_says(
    code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    one = EXPLANATIONS[code]
    ended, _, said = called(*one.command.split()[1:])
    assert ended == one.exit_code
    ending = f"\n  (error {code}: `pegbatch help {code}`)\n"
    assert re.fullmatch(re.escape(one.printed + ending).replace("…", ".*"), said, re.DOTALL), said


def test_no_default_is_told_of_a_property_that_is_not_known() -> None:
    assert set(DEFAULTS) <= set(KNOWN)
    assert all(is_known(name.replace("*", "x")) for name in DEFAULTS)


def test_every_property_of_our_own_is_obeyed() -> None:
    assert set(OURS) <= set(DEFAULTS)


def test_every_property_of_the_sample_is_obeyed() -> None:
    sample = (ROOT / "conf" / "pegasus.properties").read_text()
    names = re.findall(r"^#?([\w.]+) = ", sample, re.MULTILINE)
    assert len(names) > 20
    assert [name for name in names if pattern_of(name) not in DEFAULTS] == []


@pytest.mark.parametrize("name", [name for name in DEFAULTS if "*" not in name])
def test_setting_a_property_to_its_default_changes_nothing(name: str) -> None:
    default = DEFAULTS[name]
    if default != NONE and " " not in default:
        tuned = read_tuning(Settings(properties={name: Property(value=default, where="-D")}))
        # A bag of one task and no size at all are the same.
        assert dataclasses.replace(tuned, pack_size=None) == Tuning()
        assert tuned.pack_size in (None, 1)


def test_the_page_of_errors_is_found_from_the_terminal() -> None:
    for code in EXPLANATIONS:
        ended, printed, _ = called("help", code)
        assert ended == 0 and printed.startswith(f"{code} (exit code ")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("run", "Usage: pegbatch run"),
        ("pegbatch.pack.max_children", "most bags in one array job (default: 10000)"),
        ("env.PATH", "environment variables of tasks"),
        ("pegasus.transfer.threads", "it has no effect here"),
        ("pegasus.aws.batch.prefix", "prefix of the names of AWS entities"),
    ],
)
def test_help_says_what_a_word_means(word: str, expected: str) -> None:
    ended, printed, said = called("help", word)
    assert (ended, said) == (0, "")
    assert expected in printed


def test_help_without_a_word_lists_the_commands() -> None:
    assert "Examples:" in called("help")[1]


@pytest.mark.parametrize(
    ("word", "expected"),
    [("bad-inptu", "did you mean bad-input"), ("\x1b[31m" + "x" * 5000, "lists the commands")],
)
def test_help_on_an_unknown_word_says_what_looks_like_it(word: str, expected: str) -> None:
    ended, printed, said = called("help", word)
    assert (ended, printed) == (2, "")
    assert expected in said and "\x1b" not in said and len(said) < 500


def test_an_error_is_one_object_where_json_was_asked_for() -> None:
    missing = os.devnull + "/no-such-folder"
    for words in (["status", "--json"], ["status", "-j"], ["plan", "-J"]):
        ended, printed, said = called(*words, missing)
        assert ended in (3, 5)
        assert json.loads(printed)["error"]["exit_code"] == ended and said
    ended, printed, said = called("run", "--json", "--no-such-option")
    assert json.loads(printed)["error"]["code"] == "usage" and "No such option" in said
    assert called("status", missing)[1] == ""
