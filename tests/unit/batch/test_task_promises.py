"""What a bag line tells the worker besides files: checkpoints, messages, hooks, integrity."""

from __future__ import annotations

import json

import pytest

from pegbatch.batch.bag_lines import BagLines
from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.errors import InputError
from pegbatch.model.hooks import Hook
from pegbatch.planner.pipeline import plan_workflow
from tests.workflows import T, make_given, make_workflow

IDENTITY = RunIdentity(
    run_url="s3://b/r",
    run_hex="0" * 8,
    service="local",
    started=0.0,
    job_queue="q",
    job_definition="d",
)


def plan(tasks, properties=None, **options):
    return plan_workflow(make_given(make_workflow(tasks), properties, **options))


def lines_of(planned):
    writer = BagLines(planned)
    return {
        line["id"]: line
        for tasks in planned.arrays
        for bag in writer.lines(tasks)
        for line in map(json.loads, bag)
    }


def lines(tasks, properties=None, **options):
    return lines_of(plan(tasks, properties, **options))


def test_a_plain_line_has_none_of_these_keys() -> None:
    line = lines([T(id="a", outputs=["o"])])["a"]
    keys = {"checkpoints", "checkpoint_seconds", "failure_message", "success_message", "hooks"}
    assert not keys & line.keys()


def test_a_checkpoint_is_no_edge_and_an_output_only_where_it_is_delivered_or_read() -> None:
    tasks = [
        T(id="a", checkpoints={"sent": True, "own": False, "shared": False}),
        T(id="b", inputs=["shared"]),
    ]
    planned = plan(tasks)
    line = lines_of(planned)["a"]
    assert [use["lfn"] for use in line["checkpoints"]] == ["sent", "own", "shared"]
    assert {use["url"] for use in line["checkpoints"]} == {"data/sent", "data/own", "data/shared"}
    assert [(use["lfn"], use["optional"]) for use in line["outputs"]] == [
        ("sent", True),
        ("shared", True),
    ]
    assert line["inputs"] == []
    assert list(planned.graph.parents_of(0)) == []
    assert list(planned.graph.parents_of(1)) == [0]
    assert planned.plan.outputs == 1


def test_limits_and_messages_come_from_profiles_or_properties() -> None:
    profiles = {"pegasus.checkpoint.time": "1.5", "pegasus.exitcode.successmsg": 'all "done"'}
    properties = {"pegasus.exitcode.failuremsg": "E[0-9]+", "pegasus.checkpoint.time": "9"}
    line = lines([T(id="a", profiles=profiles)], properties)["a"]
    assert line["checkpoint_seconds"] == 90
    assert (line["failure_message"], line["success_message"]) == ("E[0-9]+", 'all "done"')


def test_a_message_that_is_no_regular_expression_is_refused() -> None:
    with pytest.raises(InputError, match="is not a regular expression"):
        plan([T(id="a", profiles={"pegasus.exitcode.failuremsg": "("})])


def test_hooks_of_task_and_transformation_come_together() -> None:
    tasks = [T(id="a", hooks=(Hook("start", "one"),)), T(id="b")]
    assert lines(tasks)["a"]["hooks"] == [{"on": "start", "cmd": "one"}]
    assert "hooks" not in lines(tasks)["b"]


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({}, None),
        ({"pegasus.integrity.checking": "full"}, None),
        ({"pegasus.integrity.checking": "nosymlink"}, None),
        ({"pegasus.integrity.checking": "None"}, "none"),
        ({"pegasus.mode": "debug"}, "none"),
        ({"pegasus.mode": "debug", "pegasus.integrity.checking": "full"}, None),
        ({"pegasus.mode": "production"}, None),
    ],
)
def test_children_are_told_not_to_compare_checksums_only_where_asked(
    properties: dict[str, str], value: str | None
) -> None:
    requests = build_requests(plan([T(id="a")], properties).plan, IDENTITY)
    for request in requests:
        found = {
            pair["name"]: pair["value"]
            for pair in request.body["containerOverrides"]["environment"]
        }
        assert found.get("PEGBATCH_INTEGRITY") == value
