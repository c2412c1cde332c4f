"""A sub-workflow that is planned in the run may read whatever the jobs before it have made."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.model.workflow import INPUT, OPTIONAL
from pegbatch.planner.offer_files import FILES_MAX, offer_files
from pegbatch.planner.stages import Given
from tests.sub_workflow_plans import with_sub_workflows
from tests.workflows import T, make_given, uses_of

FIRST = T(id="first", name="first", kept=["far", "seen"])
LEAD = T(id="lead", name="lead", inputs=["seen"], kept=["f.yml", "near"])
ASIDE = T(id="aside", name="aside", kept=["elsewhere"])
SUB = T(id="s", name="sub", inputs=["f.yml", "near"], kept=["out"])
LATER = T(id="later", name="later", inputs=["out"], kept=["late"])
TASKS = [FIRST, LEAD, ASIDE, SUB, LATER]


def offered(tasks: list[T], **options: Any) -> Given:
    workflow = with_sub_workflows(tasks, {"s": "f.yml"}, edges=())
    return offer_files(make_given(workflow, catalogs=True, **options))


def test_files_of_ancestors_are_inputs_that_need_not_be_there() -> None:
    uses = uses_of(offered(TASKS).workflow, 3)
    assert {lfn: flags for lfn, flags in uses.items() if lfn in ("far", "seen")} == {
        "far": INPUT | OPTIONAL,
        "seen": INPUT | OPTIONAL,
    }
    assert uses["near"] == INPUT
    assert uses.keys() == {"f.yml", "near", "out", "far", "seen"}


def test_a_file_that_several_ways_lead_to_is_offered_once() -> None:
    both = T(id="both", name="both", inputs=["seen"], kept=["x"])
    lead = T(id="lead", name="lead", inputs=["seen", "x"], kept=["f.yml", "near"])
    uses = uses_of(offered([FIRST, both, lead, SUB]).workflow, 3)
    assert uses.keys() == {"f.yml", "near", "out", "x", "far", "seen"}


def test_no_other_task_uses_more_than_before() -> None:
    workflow = offered(TASKS).workflow
    assert uses_of(workflow, 1).keys() == {"seen", "f.yml", "near"}
    assert uses_of(workflow, 4).keys() == {"out", "late"}


def test_too_many_files_are_told_of_and_none_is_offered() -> None:
    many = T(id="first", name="first", kept=[f"far{n}" for n in range(FILES_MAX)] + ["seen"])
    found = offered([many, LEAD, SUB])
    assert uses_of(found.workflow, 2).keys() == {"f.yml", "near", "out"}
    assert "the jobs before it make too many files" in found.warnings[0].message


@pytest.mark.parametrize("options", [{"catalogs": False}, {}])
def test_a_plan_without_such_a_task_or_without_catalogs_stays_as_it_is(
    options: dict[str, Any],
) -> None:
    files = {"s": "f.yml"} if options else {}
    given = make_given(with_sub_workflows(TASKS, files), **{"catalogs": True, **options})
    assert offer_files(given) is given
