"""CloudFormation stacks: make or change one, wait for it, delete it; and the default network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller, service_code
from pegbatch.errors import OutsideError, Problem, SubmitUnclear
from pegbatch.ports import Clock

PAUSE_SECONDS = (1.0, 10.0)
"""First and longest pause between two looks at a stack."""
CAPABILITIES = ("CAPABILITY_NAMED_IAM",)
"""Stacks that make roles have to be allowed to."""
UNMENDABLE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
"""What CloudFormation only deletes. Source: CloudFormation User Guide, "Stack status codes"."""
UNCHANGED = "No updates are to be performed"

logger = logging.getLogger(__name__)

Json = Mapping[str, Any]


class Stacks:
    """Stacks of one account and region."""

    def __init__(self, caller: AwsCaller, clock: Clock, *, wait_seconds: float) -> None:
        """Take the caller of CloudFormation, and how long one stack is waited for."""
        self._caller = caller
        self._clock = clock
        self._wait_seconds = wait_seconds

    def find(self, name: str) -> Json | None:
        """Return a stack by name or id; None where there is none."""
        try:
            found: Json = self._caller.call("describe_stacks", StackName=name)["Stacks"][0]
        except OutsideError as error:
            if service_code(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def put(
        self, name: str, template: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> str:
        """Make a stack, or bring one that is there to a template, and wait; say what was done.

        Shapes: one that is being made or changed, by a command that was broken off, is waited
        for first.
        Errors: OutsideError with what CloudFormation says of each resource that failed.
        """
        before = self._at_rest(name)
        body: dict[str, Any] = {
            "StackName": name,
            "TemplateBody": template,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            "Capabilities": list(CAPABILITIES),
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        if before is None:
            self._create(name, body)
            self._wait(name, "CREATE_COMPLETE")
            return "created"
        try:
            self._caller.call("update_stack", **body)
        except OutsideError as error:
            if UNCHANGED in str(error):
                return "unchanged"
            raise
        self._wait(name, "UPDATE_COMPLETE")
        return "updated"

    def delete(self, name: str) -> None:
        """Delete a stack and wait until it is gone.

        Errors: OutsideError with what CloudFormation says of each resource that stays.
        """
        found = self.find(name)
        if found is None:
            return
        self._caller.call("delete_stack", StackName=name)
        # By id: a stack that is gone is no longer found by name.
        self._wait(str(found["StackId"]), "DELETE_COMPLETE")

    def resources(self, name: str) -> Sequence[Json]:
        """Return what a stack is made of."""
        answer = self._caller.call("describe_stack_resources", StackName=name)
        return tuple(answer["StackResources"])

    def _create(self, name: str, body: Mapping[str, Any]) -> None:
        try:
            self._caller.call("create_stack", repeatable=False, **body)
        except SubmitUnclear:
            # The answer was lost; what matters is whether the stack is there.
            if self.find(name) is None:
                raise

    def _at_rest(self, name: str) -> Json | None:
        """Return a stack once nothing is done to it.

        Errors: OutsideError where it can only be deleted.
        """
        status = self._await(name, lambda status: not status.endswith("_IN_PROGRESS"))
        if status in UNMENDABLE:
            raise self._failed(name, status)
        return self.find(name)

    def _wait(self, name: str, wanted: str) -> None:
        good = (wanted, f"{wanted}_CLEANUP_IN_PROGRESS")
        status = self._await(
            name,
            lambda status: (
                status in good or not status.endswith("_IN_PROGRESS") or "ROLLBACK" in status
            ),
        )
        if status not in good:
            raise self._failed(name, status)

    def _await(self, name: str, done: Callable[[str], bool]) -> str:
        """Return the status of a stack once it is as wanted.

        Errors: OutsideError where that takes too long.
        """
        deadline = self._clock.now() + self._wait_seconds
        pause, longest = PAUSE_SECONDS
        while True:
            found = self.find(name)
            status = "DELETE_COMPLETE" if found is None else str(found["StackStatus"])
            if done(status):
                return status
            if self._clock.now() >= deadline:
                raise OutsideError(
                    f"is still {status} after {self._wait_seconds:.0f} s",
                    where=f"stack {name}",
                    hint="wait longer with --wait, or look at it in CloudFormation's console",
                )
            logger.info("stack %s is %s", name, status)
            self._clock.sleep(pause)
            pause = min(2 * pause, longest)

    def _failed(self, name: str, status: str) -> OutsideError:
        events = self._caller.call("describe_stack_events", StackName=name)["StackEvents"]
        reasons = [
            Problem(
                str(event.get("ResourceStatusReason", event["ResourceStatus"])),
                f"stack {name}, {event['LogicalResourceId']}",
            )
            for event in events
            if str(event["ResourceStatus"]).endswith("_FAILED")
            and "cancelled" not in str(event.get("ResourceStatusReason", ""))
        ]
        whole = Problem(
            f"is {status}",
            f"stack {name}",
            "mend what is named, `--teardown`, and `--bootstrap` again",
        )
        return OutsideError(problems=[*reversed(reasons), whole])


def default_network(ec2: AwsCaller) -> tuple[str, tuple[str, ...]]:
    """Return the default VPC of a region and its subnets, sorted.

    Errors: OutsideError where there is none.
    """
    only = [{"Name": "is-default", "Values": ["true"]}]
    vpcs = ec2.call("describe_vpcs", Filters=only)["Vpcs"]
    hint = "name a network with --set VpcId=vpc-… --set Subnets=subnet-…,subnet-…"
    if not vpcs:
        raise OutsideError("this region has no default VPC", hint=hint)
    vpc = str(vpcs[0]["VpcId"])
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    subnets = ec2.call("describe_subnets", Filters=inside)["Subnets"]
    if not subnets:
        raise OutsideError(f"the default VPC {vpc} has no subnets", hint=hint)
    return vpc, tuple(sorted(str(subnet["SubnetId"]) for subnet in subnets))
