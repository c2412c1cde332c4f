"""What a run wants of an account, and findings that several checks word alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pegbatch.batch.machine_fit import Largest
from pegbatch.errors import PegbatchError
from pegbatch.model.account import AccountFacts, Refused
from pegbatch.model.checks import Finding, Verdict
from pegbatch.model.containers import TaskContainer

Json = Mapping[str, Any]
OK, WARNING, FAILED, NOT_APPLICABLE = (
    Verdict.OK,
    Verdict.WARNING,
    Verdict.FAILED,
    Verdict.NOT_APPLICABLE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run, or the properties alone, ask of the account."""

    account: str = ""
    """Of the property; empty where it is not set."""
    queue: str = ""
    on_demand_queue: str = ""
    """Empty where the property is not set."""
    platform: str = ""
    """EC2 or FARGATE, as the property says; empty where it is not set."""
    share_identifier: str = ""
    propagated_tags: frozenset[str] = frozenset()
    """Names of the jobs' tags, where these go on to ECS."""
    definition: str = ""
    bucket: str = ""
    """Empty where nothing is staged on S3."""
    largest: tuple[Largest, ...] = ()
    """Of each number of GPUs the largest job; empty without a plan."""
    broken_limits: PegbatchError | None = None
    """What the requests of the plan break."""
    requests: int = 0
    containers: tuple[TaskContainer, ...] = ()
    sub_workflows: int = 0
    """Tasks that plan and run a workflow."""
    write: bool = False


Check = Callable[[Wanted, AccountFacts], Iterator[Finding]]


def entity_findings(
    check: str, name: str, found: Json | Refused | None, key: str
) -> Iterator[Finding]:
    """Judge an environment or queue: is it there, and does it take jobs?

    Shapes: key is the property that names it; empty for what a queue names.
    """
    if not name:
        yield unnamed(check, key)
    elif isinstance(found, Refused):
        yield refused(check, found, FAILED)
    elif found is None:
        hint = "pegbatch-aws-batch --create makes one"
        yield Finding(check, FAILED, f"there is no {check} {name}", hint)
    elif found["status"] == "INVALID":
        why = found.get("statusReason") or "no reason is given"
        hint = "mend what it names, or put a new one in its place: pegbatch-aws-batch --update"
        yield Finding(check, FAILED, f"{name} is INVALID: {why}", hint)
    elif found["state"] != "ENABLED":
        yield Finding(check, FAILED, f"{name} is {found['state']}", "enable it")
    elif found["status"] != "VALID":
        yield Finding(check, WARNING, f"{name} is {found['status']}", "wait, and check again")
    else:
        yield Finding(check, OK, f"{name}, ENABLED and VALID")


def unnamed(check: str, key: str) -> Finding:
    """Say that a property names nothing."""
    hint = f"set {key}; pegbatch-aws-batch --create --save makes one and sets it"
    return Finding(check, FAILED, f"no {check} is named", hint)


def refused(check: str, answer: Refused, verdict: Verdict) -> Finding:
    """Say that a question was not answered."""
    return Finding(check, verdict, f"could not look: {answer.message}", answer.hint)
