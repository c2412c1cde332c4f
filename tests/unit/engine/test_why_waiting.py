"""Why an array does not start: a sentence with a next step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pegbatch.engine.looking.why_unsubmitted import why_unsubmitted
from pegbatch.engine.looking.why_waiting import Stuck, why_waiting
from pegbatch.model.plan import Resources
from pegbatch.model.queue_facts import EnvironmentFacts, QueueFacts

ENVIRONMENT = EnvironmentFacts(
    name="ce", state="ENABLED", status="VALID", kind="EC2", max_vcpus=64, desired_vcpus=8
)
QUEUE = QueueFacts(
    name="q", state="ENABLED", status="VALID", environments=(ENVIRONMENT,), front=("job:0",)
)
STUCK = Stuck(array="L0", resources=Resources(4, 30_000, 1), reason="", run_jobs=frozenset({"job"}))


def said(reason: str = "", queue: QueueFacts | None = QUEUE, **changes: object) -> str:
    """Return why and what next, as one text."""
    found = why_waiting(replace(STUCK, reason=reason, **changes), queue)
    assert found.array == "L0" and found.why and found.next
    return f"{found.why} -> {found.next}"


def with_environments(*environments: EnvironmentFacts) -> QueueFacts:
    return replace(QUEUE, environments=environments)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity "
            "requested for instance type [p4d.24xlarge]",
            ("no such machines free", "[p4d.24xlarge]", "compute environment ce", "--on-demand"),
        ),
        (
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job "
            "queue cannot meet the CPU requirement of the job.",
            ("asks for 4 vCPUs", "maxvCpus of ce is 64", "maxvCpus=4", "profile `cores`"),
        ),
        (
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement "
            "(vCPU/memory/GPU) is higher than that can be met by the CE(s).",
            ("no instance type", "4 vCPUs, 30000 MiB, 1 GPUs", "larger instance types"),
        ),
        (
            "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS – Batch service role has a permission",
            ("service role", "AWSBatchServiceRole"),
        ),
        (
            "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - Your compute environment",
            ("launch template", "zones"),
        ),
        (
            "ACTION_REQUIRED - CE(s) associated with the job queue are invalid.",
            ("invalid", "pegbatch check"),
        ),
        ("UNDETERMINED - Batch job is blocked, root cause is undetermined.", ("not why", "ECS")),
    ],
)
def test_what_batch_says_becomes_a_sentence_with_a_next_step(reason, words) -> None:
    text = said(reason)
    assert all(word in text for word in words), text


def test_an_invalid_environment_is_told_with_what_it_names() -> None:
    bad = replace(ENVIRONMENT, status="INVALID", reason="CLIENT_ERROR - role r is gone")
    for reason in ("", "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."):
        text = said(reason, with_environments(bad))
        assert "compute environment ce of queue q is INVALID: CLIENT_ERROR - role r" in text


def test_a_disabled_environment_is_to_be_enabled() -> None:
    off = replace(ENVIRONMENT, state="DISABLED")
    text = said("", with_environments(off, replace(off, name="ce2")))
    assert "compute environments ce and ce2 of queue q are DISABLED ->" in text
    assert "--compute-environment ce --state ENABLED" in text
    text = said("", with_environments(off, replace(ENVIRONMENT, name="x", status="INVALID")))
    assert "is DISABLED, and no other takes jobs" in text
    assert "DISABLED" not in said("", with_environments(off, ENVIRONMENT))


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        (None, "its job queue is gone"),
        (replace(QUEUE, status="INVALID", reason="no such policy"), "q is INVALID: no such policy"),
        (replace(QUEUE, environments=()), "the compute environments of queue q are gone"),
        (replace(QUEUE, environments=(replace(ENVIRONMENT, max_vcpus=2),)), "maxvCpus of ce is 2"),
        (replace(QUEUE, front=("other:7", "job:0")), "other jobs stand before it in queue q"),
        (replace(QUEUE, front=("other",), is_shared=True), "by its fair-share policy"),
        (
            replace(QUEUE, environments=(replace(ENVIRONMENT, desired_vcpus=0),)),
            "has not started a machine yet (desiredvCpus 0)",
        ),
        (
            replace(QUEUE, environments=(replace(ENVIRONMENT, desired_vcpus=64),)),
            "is at its bound of 64 vCPUs",
        ),
        (QUEUE, "machines are asked for (8 vCPUs), and none takes a child yet"),
        (
            replace(
                QUEUE,
                front=None,
                environments=(replace(ENVIRONMENT, kind="FARGATE", desired_vcpus=None),),
            ),
            "queue q has not started it yet",
        ),
    ],
)
def test_where_batch_says_nothing_queue_and_environments_tell(queue, words) -> None:
    assert words in said("", queue)


def test_a_reason_that_is_not_known_is_repeated_but_not_for_ever() -> None:
    fargate = with_environments(replace(ENVIRONMENT, kind="FARGATE", desired_vcpus=None))
    text = said("NEW:REASON - " + "x" * 5_000, fargate)
    assert "NEW:REASON" in text and len(text) < 1_000


def test_what_the_embedded_aws_was_told_ends_with_the_command_that_untells_it() -> None:
    told = "CLIENT_ERROR - The embedded AWS was told that the service role cannot be assumed"
    bad = with_environments(replace(ENVIRONMENT, status="INVALID", reason=told))
    text = said("", bad, embedded_in="/w")
    assert "ce of queue q is INVALID: CLIENT_ERROR" in text
    assert text.endswith("`pegbatch emulator --behave --dir /w` ends that")
    assert "--behave" not in said("", bad), "a word of Amazon's is none of ours"


def test_on_the_embedded_aws_the_next_step_is_one_that_can_be_taken_there() -> None:
    off = with_environments(replace(ENVIRONMENT, state="DISABLED"))
    text = said("", off, embedded_in="/w")
    assert text.endswith("`pegbatch emulator --background --dir /w` prints)")
    code = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    assert "pegbatch emulator --behave --dir /w" in said(code, embedded_in="/w")
    assert "all vCPUs of the embedded AWS are in use" in said("", embedded_in="/w")
    code = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
    assert "more than the embedded AWS has" in said(code, embedded_in="/w")


@pytest.mark.parametrize(
    ("queue", "left", "words"),
    [
        (None, 1, ("it alone is not submitted, and nobody is at it", "`pegbatch run d`")),
        (QUEUE, 3, ("it and 2 more are not submitted", "`pegbatch run d`")),
        (replace(QUEUE, state="DISABLED"), 3, ("q is DISABLED and takes no new jobs", "ENABLED")),
        (
            replace(QUEUE, status="DELETING", reason="by you"),
            3,
            ("q is DELETING (by you)", "make it anew"),
        ),
    ],
)
def test_what_is_not_submitted_is_told_with_the_command_that_goes_on(queue, left, words) -> None:
    found = why_unsubmitted("L0", left, queue, "pegbatch run d")
    assert all(word in f"{found.why} {found.next}" for word in words)
