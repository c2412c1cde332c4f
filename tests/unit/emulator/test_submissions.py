"""SubmitJob: reference 4.2, and Fargate's sizes: 4.10."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.emulator.bench import Bench, Refused, override


@pytest.mark.parametrize("name", ["a", "9", "Job_1-x", "j" * 128])
def test_a_job_name_may_be_letters_digits_hyphens_and_underscores(bench: Bench, name: str) -> None:
    assert bench.describe(bench.submit(name))["jobName"] == name


@pytest.mark.parametrize("name", ["-a", "_a", "a b", "a.b", "é", "", "j" * 129, "a\n"])
def test_any_other_job_name_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(Refused, match="Job name"):
        bench.submit(name)


def test_a_plain_job_has_no_array_properties(bench: Bench) -> None:
    assert "arrayProperties" not in bench.describe(bench.submit())


def test_resource_requirements_of_the_override_replace_those_of_the_definition(
    bench: Bench,
) -> None:
    asked = [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "4"}]
    job = bench.submit(**override(resourceRequirements=asked))
    assert bench.describe(job)["container"]["resourceRequirements"] == asked


def test_vcpus_and_memory_of_the_override_do_not_replace_resource_requirements(
    bench: Bench,
) -> None:
    job = bench.submit(**override(vcpus=4, memory=2048))
    asked = bench.describe(job)["container"]["resourceRequirements"]
    assert {entry["type"]: entry["value"] for entry in asked} == {"VCPU": "1", "MEMORY": "128"}


def test_vcpus_and_memory_of_the_override_replace_those_of_the_definition(bench: Bench) -> None:
    bench.define("old", container={"resourceRequirements": [], "vcpus": 1, "memory": 64})
    job = bench.submit(jobDefinition="old", **override(vcpus=4, memory=2048))
    asked = bench.describe(job)["container"]["resourceRequirements"]
    assert {entry["type"]: entry["value"] for entry in asked} == {"VCPU": "4", "MEMORY": "2048"}


@pytest.mark.parametrize("value", ["3", "0", "-1", "x", "4.5"])
def test_memory_is_a_whole_number_of_at_least_4_mib(bench: Bench, value: str) -> None:
    with pytest.raises(Refused, match="MEMORY"):
        bench.submit(**override(resourceRequirements=[{"type": "MEMORY", "value": value}]))


def test_half_a_vcpu_is_for_fargate_only(bench: Bench) -> None:
    with pytest.raises(Refused, match="only Fargate"):
        bench.submit(**override(resourceRequirements=[{"type": "VCPU", "value": "0.5"}]))


def test_a_job_without_memory_is_refused(bench: Bench) -> None:
    bench.define("bare", container={"resourceRequirements": [{"type": "VCPU", "value": "1"}]})
    with pytest.raises(Refused, match="say MEMORY"):
        bench.submit(jobDefinition="bare")


@pytest.mark.parametrize("name", ["AWS_BATCH", "AWS_BATCH_JOB_ID", "AWS_BATCHX"])
def test_environment_names_that_start_with_aws_batch_are_refused(bench: Bench, name: str) -> None:
    entry = [{"name": name, "value": "x"}]
    with pytest.raises(Refused, match="reserved"):
        bench.submit(**override(environment=entry))
    with pytest.raises(Refused, match="reserved"):
        bench.define("x", container={"environment": entry})


def test_environment_of_the_override_is_put_on_top_of_the_definitions(bench: Bench) -> None:
    environment = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    bench.define("env", container={"environment": environment})
    changes = [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]
    job = bench.submit(jobDefinition="env", **override(environment=changes))
    assert bench.describe(job)["container"]["environment"] == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "3"},
        {"name": "C", "value": "4"},
    ]


def test_an_empty_string_in_the_command_is_refused(bench: Bench) -> None:
    with pytest.raises(Refused, match="empty string"):
        bench.submit(**override(command=["echo", ""]))


def test_retry_strategy_of_the_request_overrides_the_definitions(bench: Bench) -> None:
    bench.define("r", retryStrategy={"attempts": 5})
    job = bench.submit(jobDefinition="r")
    assert bench.describe(job)["retryStrategy"] == {"attempts": 5}
    job = bench.submit(jobDefinition="r", retryStrategy={"attempts": 2})
    assert bench.describe(job)["retryStrategy"] == {"attempts": 2}


def test_timeout_of_the_request_overrides_the_definitions(bench: Bench) -> None:
    bench.define("t", timeout={"attemptDurationSeconds": 100})
    job = bench.submit(jobDefinition="t", timeout={"attemptDurationSeconds": 200})
    assert bench.describe(job)["timeout"] == {"attemptDurationSeconds": 200}


def test_propagate_tags_of_the_request_overrides_the_definitions(bench: Bench) -> None:
    bench.define("p", propagateTags=True)
    assert bench.describe(bench.submit(jobDefinition="p"))["propagateTags"] is True
    job = bench.submit(jobDefinition="p", propagateTags=False)
    assert bench.describe(job)["propagateTags"] is False


@pytest.fixture
def fair(bench: Bench) -> Bench:
    """Return an embedded AWS whose queue `fair` has a fair-share policy."""
    policy = bench.call(
        "CreateSchedulingPolicy",
        name="policy",
        fairsharePolicy={
            "shareDistribution": [
                {"shareIdentifier": "heavy", "weightFactor": 0.25},
                {"shareIdentifier": "light", "weightFactor": 1.0},
            ]
        },
    )["arn"]
    bench.queue("fair", "ce", schedulingPolicyArn=policy)
    return bench


def test_a_fair_share_queue_needs_a_share_identifier(fair: Bench) -> None:
    with pytest.raises(Refused, match="must be specified"):
        fair.submit(jobQueue="fair")
    job = fair.submit(jobQueue="fair", shareIdentifier="heavy")
    assert fair.describe(job)["shareIdentifier"] == "heavy"


def test_a_plain_queue_takes_no_share_identifier(bench: Bench) -> None:
    with pytest.raises(Refused, match="can't be specified"):
        bench.submit(shareIdentifier="heavy")


@pytest.mark.parametrize("share", ["a-b", "x" * 256, "a*b"])
def test_a_share_identifier_is_up_to_255_letters_and_digits(fair: Bench, share: str) -> None:
    with pytest.raises(Refused, match="shareIdentifier"):
        fair.submit(jobQueue="fair", shareIdentifier=share)


@pytest.mark.parametrize("priority", [-1, 10_000])
def test_a_scheduling_priority_is_0_to_9999(bench: Bench, priority: int) -> None:
    with pytest.raises(Refused, match="between 0 and 9999"):
        bench.submit(schedulingPriorityOverride=priority)
    with pytest.raises(Refused, match="between 0 and 9999"):
        bench.define("x", schedulingPriority=priority)


def test_within_a_share_the_higher_scheduling_priority_starts_first(fair: Bench) -> None:
    full = fair.submit(jobQueue="fair", shareIdentifier="heavy", size=8)
    fair.submit("low", jobQueue="fair", shareIdentifier="heavy", schedulingPriorityOverride=1)
    high = fair.submit(
        "high", jobQueue="fair", shareIdentifier="heavy", schedulingPriorityOverride=2
    )
    fair.finish(f"{full}:0")
    assert fair.status(high) == "RUNNING"


def test_the_share_that_uses_least_for_its_weight_starts_first(fair: Bench) -> None:
    """A weightFactor of 0.25 entitles to four times the resources of 1."""
    for share in ("light", "heavy"):
        fair.submit(share, jobQueue="fair", shareIdentifier=share, size=100)
    for _ in range(50):
        fair.finish(next(iter(fair.running)))
    names = [unit.job.spec.share for unit in fair.running.values()]
    assert (names.count("heavy"), names.count("light")) in {(6, 2), (7, 1)}


def test_two_equal_submissions_make_two_jobs(bench: Bench) -> None:
    """There is no client token."""
    assert bench.submit("same") != bench.submit("same")


@pytest.mark.parametrize("key", ["nodeOverrides", "eksPropertiesOverride", "ecsPropertiesOverride"])
def test_overrides_that_cannot_run_here_are_refused_by_name(bench: Bench, key: str) -> None:
    with pytest.raises(Refused, match=key):
        bench.submit(**{key: {}})


def test_parameters_of_the_request_replace_those_of_the_definition_in_the_command(
    bench: Bench,
) -> None:
    bench.define(
        "p",
        container={"command": ["cp", "Ref::from", "x-Ref::from-Ref::to", "Ref::unknown"]},
        parameters={"from": "a", "to": "b"},
    )
    job = bench.submit(jobDefinition="p", parameters={"to": "c"})
    spec = bench.world.jobs()[job].spec
    assert spec.command == ("cp", "a", "x-a-c", "Ref::unknown")
    assert bench.describe(job)["parameters"] == {"from": "a", "to": "c"}


def test_a_parameter_is_not_taken_for_one_whose_name_it_begins_with(bench: Bench) -> None:
    bench.define("p", parameters={"in": "1", "input": "2"})
    job = bench.submit(jobDefinition="p", **override(command=["Ref::input", "Ref::in"]))
    assert bench.world.jobs()[job].spec.command == ("2", "1")


def test_a_definition_without_revision_means_its_latest_active_one(bench: Bench) -> None:
    for _ in range(2):
        bench.define("d")
    bench.call("DeregisterJobDefinition", jobDefinition="d:3")
    assert bench.describe(bench.submit())["jobDefinition"].endswith("job-definition/d:2")


@pytest.mark.parametrize(
    "definition",
    [
        "d",
        "d:1",
        "arn:aws:batch:us-east-1:123456789012:job-definition/d",
        "arn:aws:batch:us-east-1:123456789012:job-definition/d:1",
    ],
)
def test_a_definition_is_named_by_name_or_arn_with_or_without_revision(
    bench: Bench, definition: str
) -> None:
    assert bench.submit(jobDefinition=definition)


def test_an_inactive_definition_takes_no_jobs(bench: Bench) -> None:
    bench.call("DeregisterJobDefinition", jobDefinition="d:1")
    for definition in ("d", "d:1"):
        with pytest.raises(Refused, match=r"INACTIVE|no ACTIVE revision"):
            bench.submit(jobDefinition=definition)


def test_a_definition_that_became_inactive_keeps_its_jobs(bench: Bench) -> None:
    job = bench.submit()
    bench.call("DeregisterJobDefinition", jobDefinition="d:1")
    bench.finish(job)
    assert bench.status(job) == "SUCCEEDED"


@pytest.mark.parametrize(("key", "value"), [("jobQueue", "none"), ("jobDefinition", "none")])
def test_unknown_queues_and_definitions_are_refused(bench: Bench, key: str, value: str) -> None:
    with pytest.raises(Refused, match="none does not exist"):
        bench.submit(**{key: value})


def test_a_disabled_queue_accepts_no_jobs_and_finishes_those_it_has(bench: Bench) -> None:
    first = bench.submit(size=9)
    bench.call("UpdateJobQueue", jobQueue="q", state="DISABLED")
    with pytest.raises(Refused, match="DISABLED"):
        bench.submit()
    bench.finish_all()
    assert bench.status(first) == "SUCCEEDED"


def test_a_queue_that_is_not_valid_yet_accepts_no_jobs(bench: Bench) -> None:
    order = [{"order": 1, "computeEnvironment": "ce"}]
    bench.call("CreateJobQueue", jobQueueName="new", priority=1, computeEnvironmentOrder=order)
    with pytest.raises(Refused, match="CREATING"):
        bench.submit(jobQueue="new")
    bench.wait(1)
    assert bench.submit(jobQueue="new")


def _fargate(vcpus: str, memory: str) -> dict[str, Any]:
    return {
        "executionRoleArn": "arn:aws:iam::123456789012:role/x",
        "resourceRequirements": [
            {"type": "VCPU", "value": vcpus},
            {"type": "MEMORY", "value": memory},
        ],
    }


@pytest.mark.parametrize(
    ("vcpus", "memory", "there"),
    [
        ("0.25", "512", True),
        ("0.25", "4096", False),
        ("1", "2048", True),
        ("1", "1024", False),
        ("2", "5120", True),
        ("3", "8192", False),
        ("8", "20480", True),
        ("8", "17408", False),
        ("16", "122880", True),
    ],
)
def test_fargate_has_certain_pairs_of_vcpus_and_memory(
    bench: Bench, vcpus: str, memory: str, there: bool
) -> None:
    def define() -> Any:
        return bench.define(
            "f", container=_fargate(vcpus, memory), platformCapabilities=["FARGATE"]
        )

    if there:
        assert define()["revision"] == 1
    else:
        with pytest.raises(Refused, match="Fargate has no"):
            define()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"executionRoleArn": ""}, "executionRoleArn"),
        ({"privileged": True}, "privileged"),
        ({"resourceRequirements": [{"type": "GPU", "value": "1"}]}, "GPU"),
    ],
)
def test_fargate_needs_an_execution_role_and_has_no_gpu_or_privileges(
    bench: Bench, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        bench.define(
            "f", container=_fargate("1", "2048") | change, platformCapabilities=["FARGATE"]
        )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"type": "multinode"}, "multi-node"),
        ({"ecsProperties": {"taskProperties": []}}, "ecsProperties"),
        ({"eksProperties": {}}, "eksProperties"),
        ({"platformCapabilities": ["EC2", "FARGATE"]}, "either"),
    ],
)
def test_definitions_that_cannot_run_here_are_refused_by_name(
    bench: Bench, body: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        bench.define("x", **body)


@pytest.mark.parametrize("name", ["a b", "a.b", "x" * 129, ""])
def test_definition_names_are_letters_digits_hyphens_and_underscores(
    bench: Bench, name: str
) -> None:
    with pytest.raises(Refused, match="Job definition name"):
        bench.define(name)


def test_registering_again_makes_a_new_revision(bench: Bench) -> None:
    assert [bench.define("n")["revision"] for _ in range(3)] == [1, 2, 3]


def test_definitions_are_described_by_name_status_and_id(bench: Bench) -> None:
    bench.define("d")
    bench.call("DeregisterJobDefinition", jobDefinition="d:1")

    def found(**body: Any) -> list[int]:
        answer = bench.call("DescribeJobDefinitions", **body)
        return [entry["revision"] for entry in answer["jobDefinitions"]]

    assert found(jobDefinitionName="d") == [1, 2]
    assert found(jobDefinitionName="d", status="ACTIVE") == [2]
    assert found(jobDefinitions=["d:1"]) == [1]
    assert found(jobDefinitionName="other") == []
