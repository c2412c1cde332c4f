from __future__ import annotations

from pegbatch.errors import Problem
from pegbatch.model.inspection import Inspection
from pegbatch.report.inspection import inspection_json, inspection_text


def test_a_workflow_is_told_in_jobs_edges_and_files() -> None:
    workflow = Inspection(kind="dax-xml", version="3.6", jobs=1234, edges=5, files=6)
    assert inspection_text(workflow, "a.dax") == (
        "a.dax: workflow, DAX XML 3.6 (dax-xml)\n  1,234 jobs · 5 edges · 6 files"
    )


def test_warnings_are_told_by_line_with_their_advice() -> None:
    catalog = Inspection(
        kind="rc-file",
        version="",
        entries=2,
        warnings=(
            Problem("odd", "rc.txt:7", "mend it"),
            Problem("whole", "rc.txt"),
            Problem("else", "other:1"),
        ),
    )
    assert inspection_text(catalog, "rc.txt").splitlines()[1:] == [
        "  2 replica entries",
        "  warning: line 7: odd",
        "    mend it",
        "  warning: whole",
        "  warning: other:1: else",
    ]


def test_a_human_sees_the_first_warnings_and_how_many_more_there_are() -> None:
    many = tuple(Problem(str(number), "f:1") for number in range(50))
    text = inspection_text(Inspection(kind="properties", version="", entries=1, warnings=many), "f")
    assert text.endswith("and 30 more warnings; --json lists all")


def test_json_has_every_key_and_null_for_what_has_no_meaning() -> None:
    catalog = Inspection(kind="tc-text", version="", entries=3, warnings=(Problem("odd", "tc:7"),))
    assert inspection_json(catalog) == {
        "kind": "tc-text",
        "version": None,
        "jobs": None,
        "edges": None,
        "files": None,
        "entries": 3,
        "warnings": ["tc:7: odd"],
    }
