"""A run as an instance of WfFormat 1.5."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.model.plan import Resources
from pegbatch.model.trace import Trace, TracedTask
from pegbatch.parse.wfformat import parse_wfformat
from pegbatch.report.wfformat import wfformat_pieces
from tests.sketched_histories import STARTED, attempt, history, job, ran, task
from tests.wfformat_schema import SCHEMA


def traced(name: str, inputs: Any = (), outputs: Any = (), argv: Any = ("/bin/x", "1")) -> Any:
    return TracedTask(
        id=name,
        transformation="work",
        argv=tuple(argv),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
    )


def instance_of(trace: Trace) -> dict[str, Any]:
    made: dict[str, Any] = json.loads("".join(wfformat_pieces(trace)))
    jsonschema.validate(made, SCHEMA, format_checker=jsonschema.FormatChecker())
    return made


def pair(first: str = "a", second: str = "b", file: str = "f", **changes: Any) -> Trace:
    """Return a run in which the second task reads what the first one has made."""
    seen = history(
        [job("L0", resources=Resources(2, 2048)), job("L1", level=1)],
        [task(first), task(second, "L1", cores=1)],
        [
            ran(first, seconds=4, cpu_seconds=6.0, max_rss_mib=10.5, bytes_in=3, bytes_out=7),
            ran(second, "L1", after=10, state=changes.pop("ending", "succeeded")),
        ],
        [attempt(host="h1"), attempt("L1", after=9, host="h2")],
    )
    tasks = (traced(first, ["in"], [file]), traced(second, [file], ["out"]))
    known: dict[str, Any] = {
        "history": seen,
        "tasks": lambda: iter(tasks),
        "parents": lambda number: [0] if number else [],
        "children": lambda number: [] if number else [1],
        "sizes": {"in": 3, file: 7},
        "makespan_seconds": 20.0,
        "created": STARTED + 60,
        "version": "1.2.3",
        **changes,
    }
    return Trace(**known)


def test_tasks_files_and_edges_stand_in_the_specification() -> None:
    made = instance_of(pair())
    specification = made["workflow"]["specification"]
    first, second = specification["tasks"]
    assert first == {
        "name": "work_a",
        "id": "a",
        "parents": [],
        "children": ["b"],
        "inputFiles": ["in"],
        "outputFiles": ["f"],
    }
    assert (second["parents"], second["children"]) == (["a"], [])
    assert specification["files"] == [
        {"id": "in", "sizeInBytes": 3},
        {"id": "f", "sizeInBytes": 7},
        {"id": "out", "sizeInBytes": 0},
    ]
    assert (made["name"], made["schemaVersion"]) == ("invented", "1.5")
    assert made["runtimeSystem"] == {"name": "pegbatch", "version": "1.2.3"}


def test_what_was_measured_stands_in_the_execution() -> None:
    execution = instance_of(pair())["workflow"]["execution"]
    assert execution["makespanInSeconds"] == 20.0
    assert execution["executedAt"] == "2027-01-15T08:00:00.000000Z"
    assert execution["machines"] == [{"nodeName": "h1"}, {"nodeName": "h2"}]
    first, second = execution["tasks"]
    assert first == {
        "id": "a",
        "runtimeInSeconds": 4.0,
        "executedAt": "2027-01-15T08:00:00.000000Z",
        "command": {"program": "work", "arguments": ["1"]},
        "coreCount": 2,
        "avgCPU": 150.0,
        "readBytes": 3,
        "writtenBytes": 7,
        "memoryInBytes": 11010048,
        "machines": ["h1"],
    }
    assert second["coreCount"] == 1
    assert not {"avgCPU", "readBytes", "memoryInBytes"} & second.keys()


def test_a_task_that_has_not_succeeded_is_specified_and_not_executed() -> None:
    made = instance_of(pair(ending="failed"))
    assert [row["id"] for row in made["workflow"]["execution"]["tasks"]] == ["a"]
    assert len(made["workflow"]["specification"]["tasks"]) == 2


def test_a_run_without_any_success_has_no_execution() -> None:
    bare = history([job("L0")], [task("a")])
    made = instance_of(pair(history=bare, tasks=lambda: iter([traced("a")]), children=lambda _: []))
    assert "execution" not in made["workflow"]


def test_ids_that_the_schema_does_not_allow_are_spelt_otherwise_and_stay_apart() -> None:
    made = instance_of(pair("a/b", "a_b", "sub/dir/f ä"))
    first, second = made["workflow"]["specification"]["tasks"]
    assert (first["id"], second["id"]) == ("a_b-2", "a_b")
    assert second["parents"] == ["a_b-2"]
    assert first["outputFiles"] == second["inputFiles"] == ["sub_dir_f__"]


def test_what_is_empty_is_left_out() -> None:
    tasks = [traced("a", argv=("x", "", "y"), outputs=["f", "f"]), traced("b", argv=())]
    made = instance_of(pair(tasks=lambda: iter(tasks)))
    first, second = made["workflow"]["execution"]["tasks"]
    assert first["command"]["arguments"] == ["y"]
    assert "command" not in second
    assert made["workflow"]["specification"]["tasks"][0]["outputFiles"] == ["f"]


def test_our_own_reader_takes_the_instance_back() -> None:
    text = "".join(wfformat_pieces(pair()))
    workflow = parse_wfformat(text.encode(), "run.json")
    assert workflow.name == "invented"
    assert len(workflow.tasks) == 2


_NAMES = st.lists(st.text("ab/_- .ä", min_size=1, max_size=4), min_size=2, max_size=8, unique=True)


@given(_NAMES, _NAMES)
def test_any_names_make_a_sound_instance(names: list[str], lfns: list[str]) -> None:
    seen = history(
        [job("L0", len(names))],
        [task(name, bag=bag) for bag, name in enumerate(names)],
        [ran(name, bag=bag) for bag, name in enumerate(names)],
    )
    tasks = [traced(name, outputs=lfns) for name in names]
    made = instance_of(
        pair(history=seen, tasks=lambda: iter(tasks), parents=lambda _: [], children=lambda _: [])
    )
    specification = made["workflow"]["specification"]
    assert len({row["id"] for row in specification["tasks"]}) == len(names)
    assert len({row["id"] for row in specification["files"]}) == len(lfns)
