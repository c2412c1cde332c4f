"""The policy that `--bootstrap` prints."""

from __future__ import annotations

from pegbatch.batch.user_policy import user_policy

OUTPUTS = {
    "Bucket": "mine-1-eu-west-1",
    "JobQueue": "arn:aws-cn:batch:cn-north-1:1:job-queue/mine-job-queue",
    "GpuJobQueue": "arn:aws-cn:batch:cn-north-1:1:job-queue/mine-gpu-job-queue",
    "JobDefinition": "arn:aws-cn:batch:cn-north-1:1:job-definition/mine-job-definition:3",
    "LogGroup": "/aws/batch/mine",
}


def test_only_reading_is_allowed_on_everything() -> None:
    policy = user_policy(OUTPUTS, account="1", region="cn-north-1")
    for statement in policy["Statement"]:
        if "*" in statement["Resource"]:
            verbs = {action.split(":")[1] for action in statement["Action"]}
            assert all(verb.startswith(("Describe", "List", "Get")) for verb in verbs)


def test_jobs_go_to_the_queues_and_definitions_of_the_stack_in_its_partition() -> None:
    policy = user_policy(OUTPUTS, account="1", region="cn-north-1")
    (submit,) = [one for one in policy["Statement"] if "batch:SubmitJob" in one["Action"]]
    start = "arn:aws-cn:batch:cn-north-1:1:"
    assert submit["Resource"] == [
        f"{start}job-queue/mine-gpu-job-queue",
        f"{start}job-queue/mine-job-queue",
        f"{start}job-definition/mine-job-definition",
        f"{start}job-definition/mine-job-definition:*",
        f"{start}job-definition/mine-????????????",
        f"{start}job-definition/mine-????????????:*",
        f"{start}job/*",
    ]
    (data,) = [one for one in policy["Statement"] if "s3:PutObject" in one["Action"]]
    assert data["Resource"] == ["arn:aws-cn:s3:::mine-1-eu-west-1/*"]


def test_definitions_of_containers_may_be_made_with_the_roles_of_the_stack_alone() -> None:
    policy = user_policy(OUTPUTS, account="1", region="cn-north-1")
    statements = {one["Sid"]: one for one in policy["Statement"]}
    start = "arn:aws-cn:batch:cn-north-1:1:job-definition/mine-????????????"
    assert statements["Containers"]["Resource"] == [start, f"{start}:*"]
    assert statements["RolesOfContainers"]["Action"] == ["iam:PassRole"]
    assert statements["RolesOfContainers"]["Resource"] == [
        "arn:aws-cn:iam::1:role/mine-job-cn-north-1",
        "arn:aws-cn:iam::1:role/mine-execution-cn-north-1",
    ]
