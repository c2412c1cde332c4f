"""Why an array does not start, as a sentence with a next step.

Batch says it where it knows it (statusReason of the job at the front of its queue); else the state
of queue and compute environments tells.
Source: Batch User Guide, "Jobs stuck in a RUNNABLE status".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pegbatch.model.plan import Resources
from pegbatch.model.queue_facts import EnvironmentFacts, QueueFacts
from pegbatch.model.run_look import WaitingFor

SHOWN = 200
"""Characters of what Batch says that are repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """An array of which children are RUNNABLE, while none of the run is on a host."""

    array: str
    resources: Resources
    """Of one child."""
    reason: str
    """statusReason of a child, or of a plain job; empty where Batch says nothing."""
    run_jobs: frozenset[str] = frozenset()
    """Ids of all jobs of the run."""
    embedded_in: str = ""
    """Base directory of the embedded AWS, as a shell takes it; empty on Amazon."""


def why_waiting(stuck: Stuck, queue: QueueFacts | None) -> WaitingFor:
    """Say why an array does not start; queue is None where Batch does not know it any more."""
    if queue is None:
        why = "its job queue is gone"
        return WaitingFor(
            stuck.array, why, "make the queue again, then `pegbatch cancel` and `run`"
        )
    why, what = _said(stuck, queue) or _seen(stuck, queue) or _not_known(stuck, queue)
    if stuck.embedded_in and _TOLD in why:
        what = f"`pegbatch emulator --behave --dir {stuck.embedded_in}` ends that"
    return WaitingFor(stuck.array, why, for_embedded(what, stuck.embedded_in))


def for_embedded(what: str, embedded_in: str) -> str:
    """Return a next step, with how `aws` finds the embedded AWS where it is to be done there."""
    if not embedded_in or "`aws " not in what:
        return what
    start = f"pegbatch emulator --background --dir {embedded_in}"
    return f"{what} (in a shell that has read what `{start}` prints)"


_TOLD = "embedded AWS was told"
"""What a cause says that a user of the embedded AWS has asked for."""

_Said = tuple[str, str]
"""Why, and what to do next."""


def _said(stuck: Stuck, queue: QueueFacts) -> _Said | None:
    """Return what Batch's own reason means; None where it gives none that is known."""
    for code, explain in _REASONS.items():
        if stuck.reason.startswith(code):
            return explain(stuck, queue)
    return None


def _no_capacity(stuck: Stuck, queue: QueueFacts) -> _Said:
    detail = _detail(stuck.reason)
    why = "Amazon has no such machines free at the moment"
    if stuck.embedded_in:
        why = f"the {_TOLD} to have no machines"
    return (
        f"{why}{detail}",
        f"wait, or allow more instance types and zones in {_names(queue)}; "
        "`pegbatch cancel` and `pegbatch run --on-demand` use the queue that is there to fall "
        "back on",
    )


def _too_many_vcpus(stuck: Stuck, queue: QueueFacts) -> _Said:
    vcpus = stuck.resources.vcpus
    most = max(queue.environments, key=lambda one: one.max_vcpus or 0, default=None)
    bound = ""
    if most is not None and most.max_vcpus is not None:
        if stuck.embedded_in and most.max_vcpus >= vcpus:
            return (
                f"a child asks for {vcpus} vCPUs, more than the embedded AWS has",
                f"end it with `pegbatch emulator --stop --dir {stuck.embedded_in}`, and start it "
                f"with --vcpus {vcpus} or without --strict",
            )
        bound = f" (maxvCpus of {most.name} is {most.max_vcpus:g})"
    name = most.name if most is not None else "ENVIRONMENT"
    return (
        f"a child asks for {vcpus} vCPUs, more than any compute environment of queue "
        f"{queue.name} may have{bound}",
        f"raise it: `aws batch update-compute-environment --compute-environment {name} "
        f"--compute-resources maxvCpus={vcpus}`; or ask for fewer (profile `cores`) and plan again",
    )


def _too_large(stuck: Stuck, queue: QueueFacts) -> _Said:
    return (
        f"no instance type of {_names(queue)} holds a child: {_asked(stuck)}",
        "allow larger instance types there, or ask for less (profiles `cores`, `memory`, `gpus`) "
        "and plan again; the machine keeps some of its memory for itself",
    )


def _role(stuck: Stuck, queue: QueueFacts) -> _Said:
    return (
        f"the service role of {_names(queue)} may not do what Batch needs",
        "give it the policy AWSBatchServiceRole, or leave the role out, so that Batch takes its "
        "own; `pegbatch check` looks at the rest",
    )


def _wrong_type(stuck: Stuck, queue: QueueFacts) -> _Said:
    return (
        f"{_names(queue)} names instance types that are not to be had in its subnets, or that do "
        "not go with its launch template",
        "name others, or subnets in other zones (`pegbatch-aws-batch --update`)",
    )


def _all_invalid(stuck: Stuck, queue: QueueFacts) -> _Said:
    return _invalid(queue.environments, queue)


def _undetermined(stuck: Stuck, queue: QueueFacts) -> _Said | None:
    return _seen(stuck, queue) or (
        "Batch says that the queue is blocked, and not why",
        "see whether the machines reach the ECS service (public address, NAT or endpoints), and "
        "whether the role of the instances has AmazonEC2ContainerServiceforEC2Role",
    )


_REASONS: Mapping[str, Callable[[Stuck, QueueFacts], _Said | None]] = {
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY": _no_capacity,
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE": _too_many_vcpus,
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT": _too_large,
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS": _role,
    "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED": _wrong_type,
    "ACTION_REQUIRED": _all_invalid,
    "UNDETERMINED": _undetermined,
}
"""What statusReason begins with."""


def _seen(stuck: Stuck, queue: QueueFacts) -> _Said | None:
    """Return what queue and environments tell by themselves; None where they look well."""
    if queue.status == "INVALID":
        return (
            f"queue {queue.name} is INVALID{_because(queue.reason)}",
            "mend what it names, or make it anew (`pegbatch-aws-batch --update`)",
        )
    if not queue.environments:
        return (
            f"the compute environments of queue {queue.name} are gone",
            "make them anew (`pegbatch-aws-batch --create`), or give the queue others",
        )
    usable = [one for one in queue.environments if one.is_open]
    if not usable:
        return _closed(queue)
    vcpus = stuck.resources.vcpus
    if all(one.max_vcpus is not None and one.max_vcpus < vcpus for one in usable):
        return _too_many_vcpus(stuck, queue)
    return None


def _closed(queue: QueueFacts) -> _Said:
    """Say why no environment of a queue takes jobs."""
    disabled = [one for one in queue.environments if one.state != "ENABLED"]
    if not disabled:
        return _invalid(queue.environments, queue)
    rest = "" if len(disabled) == len(queue.environments) else ", and no other takes jobs"
    return (
        f"{_listed(disabled)} of queue {queue.name} {_are(disabled)} DISABLED{rest}",
        "enable it: `aws batch update-compute-environment --compute-environment "
        f"{disabled[0].name} --state ENABLED`",
    )


def _invalid(environments: tuple[EnvironmentFacts, ...], queue: QueueFacts) -> _Said:
    bad = [one for one in environments if one.status not in ("VALID", "UPDATING")]
    if not bad:
        return (
            f"Batch calls the compute environments of queue {queue.name} invalid",
            "look at their roles, subnets and security groups (`pegbatch check`)",
        )
    return (
        f"{_listed(bad)} of queue {queue.name} {_are(bad)} {bad[0].status}"
        + _because(bad[0].reason),
        "mend what it names (often a role, a subnet or a security group); then `pegbatch-aws-batch "
        "--update` puts a new one in its place",
    )


def _not_known(stuck: Stuck, queue: QueueFacts) -> _Said:
    """Say what is likely where nothing is wrong that can be seen."""
    if queue.front and queue.front[0].partition(":")[0] not in stuck.run_jobs:
        shared = ", by its fair-share policy" if queue.is_shared else ""
        return (
            f"other jobs stand before it in queue {queue.name}{shared}",
            f"wait for them, or look: `aws batch get-job-queue-snapshot --job-queue {queue.name}`",
        )
    if stuck.embedded_in:
        return (
            "all vCPUs of the embedded AWS are in use, or it has just been started",
            "wait for what runs there; `pegbatch run --vcpus N` gives it others",
        )
    usable = [one for one in queue.environments if one.is_open]
    machines = [one for one in usable if one.desired_vcpus is not None and one.kind in _MACHINES]
    if machines and not any(one.desired_vcpus for one in machines):
        return (
            f"{_names(queue)} has not started a machine yet (desiredvCpus 0)",
            "the first takes some minutes; if none comes: look at the account's limit of vCPUs in "
            "EC2, and at the events of its Auto Scaling group",
        )
    if any(one.desired_vcpus == one.max_vcpus for one in machines):
        return (
            f"{_names(queue)} is at its bound of {machines[0].max_vcpus:g} vCPUs",
            "wait for what runs there, or raise maxvCpus",
        )
    if machines:
        return (
            f"machines are asked for ({_desired(machines):g} vCPUs), and none takes a child yet",
            "they take some minutes to come up; if they don't: see that they reach the ECS "
            "service, and that a child leaves the machine some memory",
        )
    return (
        f"queue {queue.name} has not started it yet" + _because(stuck.reason),
        "wait; if it stays so: look at the account's limit of vCPUs, subnets and security groups "
        "(`pegbatch check`)",
    )


_MACHINES = ("EC2", "SPOT")


def _desired(machines: list[EnvironmentFacts]) -> float:
    return sum(one.desired_vcpus or 0 for one in machines)


def _asked(stuck: Stuck) -> str:
    size = stuck.resources
    gpus = f", {size.gpus} GPUs" if size.gpus else ""
    return f"{size.vcpus} vCPUs, {size.memory_mib} MiB{gpus}"


def _names(queue: QueueFacts) -> str:
    return _listed(list(queue.environments)) if queue.environments else f"queue {queue.name}"


def _listed(environments: list[EnvironmentFacts]) -> str:
    names = " and ".join(one.name for one in environments)
    return f"compute environment{'s' if len(environments) > 1 else ''} {names}"


def _are(environments: list[EnvironmentFacts]) -> str:
    return "are" if len(environments) > 1 else "is"


def _because(reason: str) -> str:
    return f": {reason[:SHOWN]}" if reason else ""


def _detail(reason: str) -> str:
    """Return what stands behind the code of a reason."""
    detail = reason.partition(" - ")[2].strip()
    return f" ({detail[:SHOWN]})" if detail else ""
