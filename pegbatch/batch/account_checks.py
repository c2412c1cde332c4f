"""What `pegbatch check` asks of an account on Amazon, and how each answer is judged.

Pure: everything was looked up before. Each check is a function of what is wanted and what was
seen, and gives one finding or several; CHECKS is the order in which they are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pegbatch.batch.account_findings import (
    FAILED,
    NOT_APPLICABLE,
    OK,
    WARNING,
    Check,
    Wanted,
    entity_findings,
    refused,
    unnamed,
)
from pegbatch.batch.container_checks import check_containers
from pegbatch.batch.entity_limits import ENTITIES_MAX
from pegbatch.batch.machine_fit import Largest, misfit
from pegbatch.batch.option_checks import check_share, check_tags
from pegbatch.batch.platform_checks import check_disk, check_on_demand, check_platform
from pegbatch.batch.sub_workflow_checks import check_sub_workflows
from pegbatch.batch.trust import ECS_TASKS, trusts
from pegbatch.model.account import AccountFacts, Refused, SeenBucket, Subnet
from pegbatch.model.checks import Finding, Verdict
from pegbatch.model.images import image_fault

FEW_LEFT = 5
"""Below so many queues or environments left, there is a warning."""


def judge(wanted: Wanted, facts: AccountFacts) -> tuple[Finding, ...]:
    """Return all findings, in the order of CHECKS."""
    return tuple(finding for check in CHECKS for finding in check(wanted, facts))


def check_credentials(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the credentials are somebody's."""
    if isinstance(facts.caller, Refused):
        yield refused("credentials", facts.caller, FAILED)
    else:
        yield Finding("credentials", OK, facts.caller.arn)


def check_region(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the region is one that AWS Batch is known to be in."""
    if facts.known_region:
        yield Finding("region", OK, facts.region)
    else:
        text = f"{facts.region} is no region that this version of boto3 knows AWS Batch in"
        yield Finding("region", WARNING, text, "look at the spelling of pegasus.aws.region")


def check_account(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the credentials belong to the account of the properties."""
    if isinstance(facts.caller, Refused):
        return
    seen = facts.caller.account
    if not wanted.account:
        yield Finding("account", OK, f"{seen}; pegasus.aws.account is not set")
    elif wanted.account == seen:
        yield Finding("account", OK, seen)
    else:
        text = f"the credentials belong to {seen}, pegasus.aws.account is {wanted.account}"
        yield Finding("account", FAILED, text, "use another AWS_PROFILE, or mend the property")


def check_endpoints(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the services that a run calls answer from here."""
    silent = {name: why for name, why in facts.endpoints.items() if why}
    for name, why in silent.items():
        hint = "look at the network, at proxies (HTTPS_PROXY) and at AWS_ENDPOINT_URL"
        yield Finding("network", FAILED, f"{name} does not answer: {why}", hint)
    answering = [name for name in facts.endpoints if name not in silent]
    if answering:
        yield Finding("network", OK, f"answer from here: {', '.join(answering)}")


def check_bucket(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the staging bucket is there, in the region of the jobs, and can be written."""
    bucket = facts.bucket
    if not wanted.bucket:
        hint = "give the site a sharedScratch directory on S3, or pegasus.aws.batch.s3_bucket"
        yield Finding("bucket", FAILED, "no staging bucket is named", hint)
    elif isinstance(bucket, Refused):
        yield refused("bucket", bucket, FAILED)
    elif bucket is None:
        hint = "the first run makes it, or pegbatch-aws-batch --create, where you may"
        yield Finding("bucket", WARNING, f"there is no bucket {wanted.bucket}", hint)
    elif bucket.region != facts.region:
        text = f"{bucket.name} is in {bucket.region}, the jobs run in {facts.region}"
        yield Finding("bucket", WARNING, text, "traffic between regions is slow and is paid for")
    else:
        yield Finding("bucket", OK, f"{bucket.name} in {bucket.region}")
    if isinstance(bucket, SeenBucket):
        refusal = FAILED if wanted.write else WARNING
        yield from _writing("bucket write", "these credentials", facts.writable, refusal)
        yield from _writing("job role write", "the job role", facts.role_writable, WARNING)


def _writing(
    check: str, who: str, answer: bool | Refused | None, refusal: Verdict
) -> Iterator[Finding]:
    if answer is True:
        yield Finding(check, OK, f"{who} may put objects there")
    elif answer is False:
        text = f"the policies of {who} do not allow s3:GetObject and s3:PutObject there"
        yield Finding(check, FAILED, text, "allow both, or take another bucket")
    elif isinstance(answer, Refused):
        yield refused(check, answer, refusal)


def check_queue(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the queue is there and takes jobs."""
    yield from entity_findings(
        "job queue", wanted.queue, facts.queue, "pegasus.aws.batch.job_queue"
    )


def check_environments(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the queue's environments take jobs."""
    if isinstance(facts.environments, Refused):
        yield refused("compute environment", facts.environments, FAILED)
        return
    for body in facts.environments:
        name = str(body["computeEnvironmentName"])
        yield from entity_findings("compute environment", name, body, "")


def check_definition(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the definition is ACTIVE, and its image a reference that can be pulled."""
    found = facts.definition
    key = "pegasus.aws.batch.job_definition"
    if not wanted.definition:
        yield unnamed("job definition", key)
    elif isinstance(found, Refused):
        yield refused("job definition", found, FAILED)
    elif found is None:
        text = f"there is no ACTIVE {wanted.definition}"
        yield Finding("job definition", FAILED, text, "pegbatch-aws-batch --create makes one")
    else:
        name = f"{found['jobDefinitionName']}:{found['revision']}"
        yield Finding("job definition", OK, f"{name}, ACTIVE")
        image = str((found.get("containerProperties") or {}).get("image", ""))
        fault = image_fault(image)
        hint = "push the image, and register the definition with its whole name"
        yield Finding("image", FAILED if fault else OK, fault or image, hint if fault else "")


def check_roles(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the container's roles are there and may be taken by ECS."""
    found = facts.definition
    if found is None or isinstance(found, Refused):
        return
    container = found.get("containerProperties") or {}
    fargate = "FARGATE" in (found.get("platformCapabilities") or ())
    for check, key in (("job role", "jobRoleArn"), ("execution role", "executionRoleArn")):
        name = container.get(key)
        if name:
            yield _role(check, str(name), facts)
        elif key == "jobRoleArn":
            text = "the definition has no jobRoleArn: jobs use what the instance may do"
            hint = "give a role that may read and write the staging bucket"
            yield Finding(check, FAILED if fargate else WARNING, text, hint)
        elif fargate:
            hint = "Fargate needs one to pull the image and to write logs"
            yield Finding(check, FAILED, "the definition has no executionRoleArn", hint)


def _role(check: str, name: str, facts: AccountFacts) -> Finding:
    seen = facts.roles.get(name)
    if isinstance(seen, Refused):
        return refused(check, seen, WARNING if seen.denied else FAILED)
    if seen is None:
        return Finding(check, FAILED, f"there is no role {name}", "make it, or name another")
    if not trusts(seen, ECS_TASKS):
        hint = f"let {ECS_TASKS} do sts:AssumeRole in the role's trust policy"
        return Finding(check, FAILED, f"{name} does not trust {ECS_TASKS}", hint)
    return Finding(check, OK, name)


def check_size(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the largest job fits a machine of an environment."""
    if not wanted.largest:
        yield Finding("largest job", NOT_APPLICABLE, "without a plan, sizes are not known")
        return
    if isinstance(facts.environments, Refused) or not facts.environments:
        return
    for job in wanted.largest:
        reasons = {
            str(body["computeEnvironmentName"]): misfit(job, body, facts.instance_types)
            for body in facts.environments
        }
        yield _size(job, reasons)


def _size(job: Largest, reasons: Mapping[str, str | Refused | None]) -> Finding:
    fitting = [name for name, why in reasons.items() if why is None]
    unknown = [why for why in reasons.values() if isinstance(why, Refused)]
    if fitting:
        return Finding("largest job", OK, f"{job} fits {fitting[0]}")
    if unknown:
        return refused("largest job", unknown[0], WARNING)
    text = "; ".join(f"{name}: {why}" for name, why in reasons.items())
    hint = "ask for less (pegasus.cores, pegasus.memory), or allow larger machines"
    return Finding("largest job", FAILED, f"{job} fits nowhere: {text}", hint)


def check_limits(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the plan's requests keep the limits, and what is left of the quotas."""
    if wanted.broken_limits is not None:
        for problem in wanted.broken_limits.problems:
            yield Finding("limits", FAILED, problem.message, problem.hint or "")
    elif wanted.requests:
        text = f"{wanted.requests} SubmitJob requests keep every limit"
        yield Finding("limits", OK, text)
    if isinstance(facts.counts, Refused):
        yield refused("quotas", facts.counts, WARNING)
        return
    queues, environments = facts.counts
    text = f"{queues} of {ENTITIES_MAX} queues, {environments} of {ENTITIES_MAX} environments"
    few = max(queues, environments) > ENTITIES_MAX - FEW_LEFT
    hint = "delete some (pegbatch-aws-batch --delete), or ask AWS for more" if few else ""
    yield Finding("quotas", WARNING if few else OK, text, hint)


def check_subnets(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether machines in the environments' subnets can reach S3, ECR and ECS."""
    for name, subnets in facts.subnets.items():
        if isinstance(subnets, Refused):
            yield refused("subnets", subnets, WARNING)
            continue
        closed = [subnet.name for subnet in subnets if not _leads_out(subnet)]
        if closed:
            text = f"{name}: no way out of {', '.join(closed)}"
            hint = (
                "jobs stay RUNNABLE or fail to pull their image: give the subnet a NAT gateway, "
                "public addresses, or endpoints for S3, ECR, ECS and CloudWatch Logs"
            )
            yield Finding("subnets", WARNING, text, hint)
        elif subnets:
            yield Finding("subnets", OK, f"{name}: {len(subnets)} with a way out")


def _leads_out(subnet: Subnet) -> bool:
    if subnet.way_out.startswith("igw-"):
        return subnet.gives_public_addresses
    return bool(subnet.way_out)


CHECKS: tuple[Check, ...] = (
    check_credentials,
    check_region,
    check_account,
    check_endpoints,
    check_bucket,
    check_queue,
    check_environments,
    check_on_demand,
    check_subnets,
    check_definition,
    check_containers,
    check_platform,
    check_share,
    check_tags,
    check_roles,
    check_sub_workflows,
    check_size,
    check_disk,
    check_limits,
)
