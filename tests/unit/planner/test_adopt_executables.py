"""What jobs use as executables: staged with them, or a file of the workflow."""

from __future__ import annotations

import json
from array import array
from dataclasses import replace

import pytest

from pegbatch.batch.bag_lines import BagLines
from pegbatch.errors import PlanError
from pegbatch.model.catalogs import Transformation, TransformationCatalog, TransformationSite
from pegbatch.model.facts import Facts, FileFacts
from pegbatch.model.workflow import EXECUTABLE, INPUT, TransformationName, Workflow
from pegbatch.planner.adopt_executables import adopt_executables
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.planner.stages import Given
from pegbatch.planner.survey import files_to_look_up
from tests.workflows import T, make_given, make_workflow

FACTS = Facts(files={"/bin/helper": FileFacts("ab" * 32, 5)})


def with_executable(workflow: Workflow, lfn: str) -> Workflow:
    """Return the workflow with every input of that name used as an executable."""
    tasks, number = workflow.tasks, list(workflow.lfns).index(lfn)
    flags = [
        flags | EXECUTABLE if used == number and flags & INPUT else flags
        for used, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True)
    ]
    return replace(workflow, tasks=replace(tasks, use_flags=array("B", flags)))


def catalog(*names: str) -> TransformationCatalog:
    entries = {}
    for name in names:
        kind = "stageable" if name == "helper" else "installed"
        place = TransformationSite(
            site="local" if name == "helper" else "condorpool",
            pfn=f"/bin/{name}",
            kind=kind,  # type: ignore[arg-type]
        )
        key = TransformationName("", name, "")
        entries[key] = Transformation(name=key, sites=(place,))
    return TransformationCatalog(source="tc", transformations=entries)


def given(tasks: list[T], *names: str, catalogs: bool = True) -> Given:
    return make_given(
        with_executable(make_workflow(tasks), "helper"),
        transformations=catalog(*names),
        facts=FACTS,
        catalogs=catalogs,
    )


def test_an_executable_of_the_catalog_is_staged_with_the_job() -> None:
    start = given([T(id="a", inputs=["helper"])], "t", "helper")
    assert files_to_look_up(start) == ("/bin/helper",)
    planned = plan_workflow(start)
    (staged,) = planned.executables[0].staged
    assert (staged.lfn, staged.executable, staged.sha256) == ("helper", True, "ab" * 32)
    assert planned.inputs == {}
    assert [upload.source for upload in planned.uploads] == ["/bin/helper"]


def test_the_jobs_own_transformation_is_not_required_twice() -> None:
    start = given([T(id="a", name="helper", inputs=["helper"])], "helper")
    assert len(plan_workflow(start).executables[0].staged) == 1


def test_adopting_twice_changes_nothing_more() -> None:
    once = adopt_executables(given([T(id="a", inputs=["helper"])], "t", "helper"))
    assert adopt_executables(once) == once


def test_an_executable_that_nobody_has_is_refused_with_job_and_line() -> None:
    with pytest.raises(PlanError, match=r"workflow\.xml:1: input helper of job a"):
        plan_workflow(given([T(id="a", inputs=["helper"])], "t"))


def test_an_executable_that_a_job_makes_is_a_file_of_the_workflow() -> None:
    tasks = [T(id="make", outputs=["helper"]), T(id="use", name="u", inputs=["helper"])]
    planned = plan_workflow(given(tasks, "t", "u", "helper"))
    assert planned.plan.levels == 2
    assert all(not executable.staged for executable in planned.executables)
    ((line,),) = BagLines(planned).lines(planned.arrays[1])
    assert json.loads(line)["inputs"] == [
        {"lfn": "helper", "url": "data/helper", "executable": True}
    ]


def test_without_catalogs_an_executable_among_the_inputs_stays_an_input() -> None:
    planned = plan_workflow(given([T(id="a", inputs=["helper"])], catalogs=False))
    assert [use.lfn for use in planned.inputs.values()] == ["helper"]
