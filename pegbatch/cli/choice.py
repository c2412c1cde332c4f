"""Where a run goes: to Amazon, or to the embedded AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pegbatch.emulator.settings import RUNTIMES, Runtime
from pegbatch.errors import PlanError, UsageError
from pegbatch.model.plan import Plan
from pegbatch.planner.staging import EMBEDDED_BUCKET_URL

REGION = "pegasus.aws.region"
ACCOUNT = "pegasus.aws.account"
VCPUS = "pegbatch.local.vcpus"
RUNTIME = "pegbatch.local.runtime"

Service = Literal["local", "aws"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line says of where to run."""

    aws: bool = False
    local: bool = False
    vcpus: int | None = None
    runtime: Runtime | None = None
    """What children of the embedded AWS run in."""
    wire: bool = False
    """Data over the S3 protocol, not in directories; on the embedded AWS."""
    on_demand: bool = False
    """What is submitted now goes to the queue that is there to fall back on."""


def choose_service(plan: Plan, wishes: Wishes, recorded: str) -> Service:
    """Return where a run goes; one that has begun stays where it is.

    Shapes: recorded is the service of the first submission, empty before it.
    Errors: UsageError where the options contradict each other or the run; PlanError where a plan
    for the embedded AWS is sent to Amazon.
    """
    if wishes.aws and wishes.local:
        raise UsageError("--aws and --local exclude each other")
    if recorded:
        return _recorded(wishes, service_of(recorded))
    named = plan.properties.get(REGION) and plan.properties.get(ACCOUNT)
    service: Service = "aws" if wishes.aws or (named and not wishes.local) else "local"
    if service == "aws" and plan.staging_url == EMBEDDED_BUCKET_URL:
        raise PlanError(
            "this plan stages its data in the embedded AWS",
            hint="give the site a sharedScratch directory on S3, set pegasus.aws.region and "
            "pegasus.aws.account, and plan again; or run with --local",
        )
    return service


def service_of(recorded: str) -> Service:
    """Return where a run that has begun is, from what was recorded of it then."""
    return "aws" if recorded == "aws" else "local"


def region(plan: Plan, environment: Mapping[str, str]) -> str:
    """Return the region of a run on Amazon.

    Errors: PlanError where neither the properties nor the environment name one.
    """
    found = (
        plan.properties.get(REGION)
        or environment.get("AWS_REGION")
        or environment.get("AWS_DEFAULT_REGION")
    )
    if not found:
        raise PlanError("no AWS region is named", hint=f"set {REGION}, or AWS_REGION")
    return found


def local_vcpus(plan: Plan, wishes: Wishes) -> int | None:
    """Return the vCPUs that the user gives the embedded AWS; None: those of this machine.

    Errors: PlanError where the property is no positive number.
    """
    if wishes.vcpus is not None:
        return wishes.vcpus
    text = plan.properties.get(VCPUS, "").strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise PlanError(f"{VCPUS} = {text} is not a number of vCPUs", hint="give 1 or more")
    return int(text)


def local_runtime(plan: Plan, wishes: Wishes) -> Runtime | None:
    """Return what children of the embedded AWS are to run in; None where nobody says it.

    Errors: PlanError where the property names none.
    """
    text = plan.properties.get(RUNTIME, "").strip()
    if wishes.runtime is not None or not text:
        return wishes.runtime
    for known in RUNTIMES:
        if text.lower() == known:
            return known
    raise PlanError(f"{RUNTIME} = {text} is no runtime", hint="give " + ", ".join(RUNTIMES))


def _recorded(wishes: Wishes, service: Service) -> Service:
    if (wishes.aws and service == "local") or (wishes.local and service == "aws"):
        place = "Amazon" if service == "aws" else "the embedded AWS"
        raise UsageError(f"this run is on {place} already; plan again to run it elsewhere")
    return service
