"""Why a task is planned as it is."""

from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.model.profiles import Profile
from pegbatch.planner.explain import explain
from pegbatch.planner.pipeline import refine
from pegbatch.report.explain_text import explain_json, explain_text
from tests.unit.planner.test_places import given, place, replicas, transformation
from tests.workflows import T, make_given, make_workflow


def test_a_task_is_told_with_its_bag_files_and_profiles() -> None:
    entry = transformation(
        "t", place("local", "/prog", "stageable", profiles=(Profile("pegasus", "memory", "99"),))
    )
    tasks = [
        T(id="a", outputs=["mid"]),
        T(id="b", inputs=["mid", "in"], optional_inputs=["none"], outputs=["out"],
          arguments="-x 'y z'", profiles={"pegasus.memory": "50", "env.K": "v"}),
    ]  # fmt: skip
    linked = refine(
        given(
            tasks,
            entries=[entry],
            rc=replicas(**{"in": [("local", "/in")]}),
            files={"/prog": "aa", "/in": "bb"},
            properties={"pegasus.memory": "10"},
        )
    )
    found = explain(linked, "b")
    assert (found.level, found.array, found.bag, found.memory_mib) == (1, "L1-t", 0, 99)
    assert found.parents == ("a (L0-t, bag 0)",)
    origins = {file.lfn: file.origin for file in found.inputs}
    assert origins == {
        "t": "the program, sent along",
        "mid": "made by a (L0-t, bag 0)",
        "in": "/in at site local (data/rc.txt:7)",
        "none": "optional, and lies nowhere",
    }
    assert found.outputs[0].origin == "delivered to file:///base/wf-output/out"
    memory = next(profile for profile in found.profiles if profile.name == "pegasus.memory")
    assert memory.value == "99"
    assert memory.source == "transformation catalog, site, tc.yml:4"
    assert memory.hidden == ("50 (job, workflow.xml:2)", "10 (properties)")
    text = explain_text(found)
    assert "runs      './t' '-x' 'y z'" in text
    assert "instead of 50 (job, workflow.xml:2)" in text
    assert explain_json(found)["array"] == "L1-t"


def test_what_a_later_job_writes_again_is_said_to_be_dropped() -> None:
    tasks = [T(id="a", outputs=["x"], kept=["y"]), T(id="b", outputs=["x"])]
    found = explain(refine(make_given(make_workflow(tasks))), "a")
    assert [file.origin for file in found.outputs] == [
        "dropped: b (L0-t, bag 1) writes it too, and later",
        "kept in the run",
    ]
    assert "profiles  -" in explain_text(found)


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(InputError, match="no task 'zz'"):
        explain(refine(make_given(make_workflow([T(id="a")]))), "zz")
