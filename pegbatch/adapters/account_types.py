"""The instance types that a compute environment may start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.model.account import InstanceType, Json

_FAMILIES = {
    "optimal": ("c4", "m4", "r4", "c5", "m5", "r5", "c6i", "m6i", "r6i"),
    "default_x86_64": ("c6i", "m6i", "r6i", "c7i", "m7i", "r7i"),
    "default_arm64": ("c6g", "m6g", "r6g", "c7g", "m7g", "r7g"),
}
"""Words that stand for families; what is behind them changes from region to region."""


def look_at_types(ec2: AwsCaller, environment: Json) -> tuple[InstanceType, ...]:
    """Return the types of an EC2 environment with their sizes; nothing for Fargate."""
    names = (environment.get("computeResources") or {}).get("instanceTypes") or ()
    patterns = sorted({pattern for name in names for pattern in _patterns(name)})
    if not patterns:
        return ()
    return tuple(_types(ec2, Filters=[{"Name": "instance-type", "Values": patterns}]))


def _patterns(name: str) -> Iterator[str]:
    for family in _FAMILIES.get(name, (name,)):
        yield family if "." in family else f"{family}.*"


def _types(ec2: AwsCaller, **arguments: Any) -> Iterator[InstanceType]:
    while True:
        answer = ec2.call("describe_instance_types", **arguments)
        for found in answer.get("InstanceTypes", ()):
            gpus = (found.get("GpuInfo") or {}).get("Gpus", ())
            yield InstanceType(
                name=found["InstanceType"],
                vcpus=found["VCpuInfo"]["DefaultVCpus"],
                memory_mib=found["MemoryInfo"]["SizeInMiB"],
                gpus=sum(int(gpu.get("Count", 0)) for gpu in gpus),
            )
        if not answer.get("NextToken"):
            return
        arguments["NextToken"] = answer["NextToken"]
