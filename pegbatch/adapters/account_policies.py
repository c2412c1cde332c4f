"""What roles and users may do, as IAM's own simulator says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller, service_code
from pegbatch.batch.entities import BucketUrl
from pegbatch.errors import OutsideError
from pegbatch.model.account import Json

ACTIONS = ["s3:GetObject", "s3:PutObject"]
SUBMITTING = ["batch:SubmitJob"]
FOLLOWING = ["batch:DescribeJobs", "batch:ListJobs", "batch:DescribeJobQueues"]


def look_at_role(iam: AwsCaller, name: str) -> Json | None:
    """Return the trust policy of a role given by name or ARN; None where there is none."""
    try:
        found = iam.call("get_role", RoleName=name.rsplit("/", 1)[-1])
    except OutsideError as error:
        if service_code(error) in ("NoSuchEntity", "NoSuchEntityException"):
            return None
        raise
    policy: Json = found["Role"]["AssumeRolePolicyDocument"]
    return policy


def may_use_bucket(iam: AwsCaller, principal_arn: str, url: BucketUrl) -> bool:
    """Tell whether a user or role may read and put objects below a URL.

    Shapes: bucket policies and service control policies are not part of the simulation.
    """
    if principal_arn.endswith(":root"):
        return True
    partition = principal_arn.split(":")[1]
    folder = f"{url.key_prefix}/" if url.key_prefix else ""
    answer = _simulated(
        iam,
        PolicySourceArn=_policy_source(iam, principal_arn),
        ActionNames=ACTIONS,
        ResourceArns=[f"arn:{partition}:s3:::{url.bucket}/{folder}*"],
    )
    results = answer.get("EvaluationResults", ())
    return bool(results) and all(one["EvalDecision"] == "allowed" for one in results)


def may_submit(iam: AwsCaller, role_arn: str, resources: Sequence[str]) -> bool:
    """Tell whether a role may submit jobs to a queue with a definition, and follow them.

    Shapes: resources are the ARNs of both.
    """
    source = _policy_source(iam, role_arn)
    return all(
        one["EvalDecision"] == "allowed"
        for actions, named in ((SUBMITTING, list(resources)), (FOLLOWING, ["*"]))
        for one in _simulated(
            iam, PolicySourceArn=source, ActionNames=actions, ResourceArns=named
        ).get("EvaluationResults", ())
    )


def _simulated(iam: AwsCaller, **question: Any) -> Json:
    try:
        answer: Json = iam.call("simulate_principal_policy", **question)
    except OutsideError as error:
        if service_code(error) != "NotImplemented":
            raise
        raise OutsideError(
            "the service at AWS_ENDPOINT_URL does not simulate policies",
            hint="Amazon does; the embedded AWS refuses nobody anything",
        ) from error
    return answer


def _policy_source(iam: AwsCaller, arn: str) -> str:
    """Return the role behind a session, for the simulator knows no sessions."""
    if ":assumed-role/" not in arn:
        return arn
    name = arn.split("/")[1]
    return str(iam.call("get_role", RoleName=name)["Role"]["Arn"])
