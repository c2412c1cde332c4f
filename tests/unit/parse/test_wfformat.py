"""WfFormat traces as workflows."""

from __future__ import annotations

import json

import pytest

from pegbatch.errors import InputError
from pegbatch.model.profiles import Profile
from pegbatch.parse.wfformat import parse_wfformat


def parsed(document):
    return parse_wfformat(json.dumps(document).encode(), "trace.json")


NEW = {
    "name": "two",
    "schemaVersion": "1.5",
    "workflow": {
        "specification": {
            "tasks": [
                {
                    "name": "first_ID01",
                    "id": "first_ID01",
                    "parents": [],
                    "children": ["second_ID02"],
                    "inputFiles": ["in"],
                    "outputFiles": ["mid", "in"],
                },
                {
                    "name": "second_ID02",
                    "id": "second_ID02",
                    "parents": ["first_ID01"],
                    "children": [],
                    "inputFiles": ["mid"],
                    "outputFiles": ["out"],
                },
            ],
            "files": [{"id": "in", "sizeInBytes": 3}],
        },
        "execution": {
            "tasks": [
                {"id": "first_ID01", "runtimeInSeconds": 1.5, "command": {"program": "/bin/one"}},
                {
                    "id": "second_ID02",
                    "runtimeInSeconds": 2,
                    "coreCount": 4,
                    "memoryInBytes": 3 << 20,
                },
            ]
        },
    },
}


def test_a_trace_of_today_tells_tasks_files_edges_and_what_they_took() -> None:
    workflow = parsed(NEW)
    assert (workflow.name, workflow.kind, workflow.version) == ("two", "wfformat-json", "1.5")
    assert list(workflow.tasks.ids) == ["first_ID01", "second_ID02"]
    assert [str(name) for name in workflow.transformations] == ["one", "second"]
    sets = [set(workflow.profile_sets[number]) for number in workflow.tasks.profiles]
    assert sets == [
        {Profile("pegasus", "runtime", "1.5")},
        {
            Profile("pegasus", "runtime", "2.0"),
            Profile("pegasus", "cores", "4"),
            Profile("pegasus", "memory", "3"),
        },
    ]
    assert {*zip(workflow.edges.parents, workflow.edges.children, strict=True)} == {(0, 1)}
    assert set(workflow.lfns) == {"in", "mid", "out"}
    assert not workflow.defects


def test_an_old_trace_names_its_parents() -> None:
    workflow = parsed(
        {
            "name": "old",
            "schemaVersion": "1.2",
            "workflow": {
                "tasks": [
                    {"name": "a", "id": "1", "runtime": 3, "cores": 2, "parents": []},
                    {
                        "name": "b",
                        "id": "2",
                        "runtime": -1,
                        "parents": ["a"],
                        "files": [{"link": "input", "name": "f"}, {"link": "output", "name": "g"}],
                    },
                ]
            },
        }
    )
    assert {*zip(workflow.edges.parents, workflow.edges.children, strict=True)} == {(0, 1)}
    assert workflow.profile_sets[workflow.tasks.profiles[1]] == (
        Profile("pegasus", "runtime", "0.0"),
    )
    assert set(workflow.lfns) == {"f", "g"}


def test_a_parent_that_is_not_there_is_a_defect() -> None:
    workflow = parsed({"workflow": {"tasks": [{"name": "b", "id": "b", "parents": ["x"]}]}})
    assert ["'x'" in str(defect) for defect in workflow.defects] == [True]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"workflow": {}}, "without a list of tasks"),
        ({"workflow": {"tasks": [{"parents": []}]}}, "task 1 has no id"),
    ],
)
def test_what_is_no_trace_is_refused(document, said) -> None:
    with pytest.raises(InputError, match=said):
        parsed(document)


@pytest.mark.parametrize("odd", [None, 3, "text", ["x"], {"y": 1}])
def test_values_of_odd_types_break_nothing(odd) -> None:
    task = {"id": "t", "parents": odd, "children": odd, "inputFiles": odd, "files": odd}
    execution = {"tasks": [{"id": "t", "runtimeInSeconds": odd, "command": odd, "coreCount": odd}]}
    document = {
        "name": "odd",
        "workflow": {"specification": {"tasks": [task]}, "execution": execution},
    }
    assert len(parsed(document).tasks) == 1


def test_tasks_that_ran_but_are_not_specified_are_passed_over_with_a_warning() -> None:
    ran = [*NEW["workflow"]["execution"]["tasks"], {"id": "more", "runtimeInSeconds": 9}]
    workflow = parsed({**NEW, "workflow": {**NEW["workflow"], "execution": {"tasks": ran}}})
    assert len(workflow.tasks) == 2
    (warning,) = workflow.warnings
    assert "1 of the tasks that ran are not in the specification, such as 'more'" in str(warning)
    assert warning.where == "trace.json"


def test_the_number_nought_is_an_id_too() -> None:
    tasks = [{"id": 0, "runtime": 3}, {"id": 1, "parents": [0], "runtime": 4}]
    assert list(parsed({"workflow": {"tasks": tasks}}).tasks.ids) == ["0", "1"]
