"""The least that a person needs who runs workflows in an account set up by `--bootstrap`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.batch.entities import SUFFIXES
from pegbatch.model.containers import DIGEST_DIGITS
from pegbatch.model.entities import EntityKind

READING = (
    "batch:DescribeJobs",
    "batch:ListJobs",
    "batch:DescribeJobQueues",
    "batch:GetJobQueueSnapshot",
    "batch:DescribeComputeEnvironments",
    "batch:DescribeJobDefinitions",
)
"""Reading of Batch, which IAM does not tie to single resources.
Source: Service Authorization Reference, "Actions defined by AWS Batch"."""

_SUFFIX = SUFFIXES[EntityKind.DEFINITION]


def user_policy(outputs: Mapping[str, str], *, account: str, region: str) -> dict[str, Any]:
    """Return the IAM policy for whoever calls `pegbatch run`, from the outputs of the stack.

    Shapes: what writes names its resource; only reading is allowed on all.
    """
    partition = outputs["JobQueue"].split(":")[1]
    bucket = f"arn:{partition}:s3:::{outputs['Bucket']}"
    here = f"{region}:{account}"
    submit = [value for key, value in sorted(outputs.items()) if key.endswith("JobQueue")]
    for key, value in sorted(outputs.items()):
        if key.endswith("JobDefinition"):
            # Any revision, and the name without one.
            name = value.rpartition(":")[0]
            submit += [name, f"{name}:*"]
    # Definitions of containers have the prefix, and digits in place of the suffix.
    prefix = outputs["JobDefinition"].rpartition(":")[0].removesuffix(_SUFFIX)
    derived = [f"{prefix}-{'?' * DIGEST_DIGITS}", f"{prefix}-{'?' * DIGEST_DIGITS}:*"]
    submit += derived
    name = prefix.rpartition("/")[2]
    role = f"arn:{partition}:iam::{account}:role/{name}"
    roles = [f"{role}-job-{region}", f"{role}-execution-{region}"]
    jobs = f"arn:{partition}:batch:{here}:job/*"
    logs = f"arn:{partition}:logs:{here}:log-group:{outputs['LogGroup']}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("Submit", ["batch:SubmitJob", "batch:TagResource"], [*submit, jobs]),
            _allow("Containers", ["batch:RegisterJobDefinition", "batch:TagResource"], derived),
            _allow("RolesOfContainers", ["iam:PassRole"], roles),
            _allow("EndJobs", ["batch:TerminateJob", "batch:CancelJob"], [jobs]),
            _allow("LookAtJobs", READING, ["*"]),
            _allow("ListBucket", ["s3:ListBucket", "s3:GetBucketLocation"], [bucket]),
            _allow(
                "Data",
                ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
                [f"{bucket}/*"],
            ),
            _allow("ReadLogs", ["logs:GetLogEvents"], [f"{logs}:log-stream:*"]),
        ],
    }


def _allow(name: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Sid": name, "Effect": "Allow", "Action": [*actions], "Resource": [*resources]}
