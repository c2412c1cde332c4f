"""`--bootstrap` and `--teardown`: everything that runs need, as one CloudFormation stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import click

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.adapters.aws_stacks import Stacks, default_network
from pegbatch.adapters.properties_files import save_properties
from pegbatch.batch.container_definitions import is_derived
from pegbatch.batch.entity_bodies import STACK_TAG
from pegbatch.batch.user_policy import user_policy
from pegbatch.cli.aws_batch.account import Account, open_account, open_callers
from pegbatch.cli.aws_batch.options import AwsBatchOptions
from pegbatch.cli.aws_batch.stack_settings import TEMPLATE, stack_parameters
from pegbatch.cli.choice import ACCOUNT, REGION
from pegbatch.cli.telling import echo_json
from pegbatch.errors import UsageError
from pegbatch.model.aws_options import EC2, FARGATE, ON_DEMAND_QUEUE, PLATFORM
from pegbatch.model.entities import PROPERTY_OF, EntityKind

_SAVED = {
    PROPERTY_OF[EntityKind.QUEUE]: "JobQueue",
    PROPERTY_OF[EntityKind.DEFINITION]: "JobDefinition",
    PROPERTY_OF[EntityKind.ENVIRONMENT]: "ComputeEnvironment",
    PROPERTY_OF[EntityKind.BUCKET]: "StagingUrl",
    ON_DEMAND_QUEUE: "OnDemandJobQueue",
}
"""Property to output; a stack without Spot has no queue beside its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """An account with its stacks."""

    account: Account
    stacks: Stacks
    ec2: AwsCaller


def bootstrap(options: AwsBatchOptions, settings: Sequence[str]) -> int:
    """Make the stack of a prefix, or bring it to this template and these settings.

    Shapes: settings are `NAME=VALUE`, parameters of the template.
    Errors: UsageError for a prefix or a setting that the template does not take; OutsideError.
    """
    parameters = stack_parameters(options.prefix, settings)
    with _open(options) as desk:
        if "VpcId" not in parameters:
            parameters["VpcId"], subnets = default_network(desk.ec2)
            parameters["Subnets"] = ",".join(subnets)
        name = stack_name(options.prefix)
        tags = {STACK_TAG: options.prefix}
        done = desk.stacks.put(name, TEMPLATE.read_text("utf-8"), parameters, tags)
        outputs = _outputs(desk.stacks.find(name) or {})
    policy = user_policy(outputs, account=desk.account.number, region=options.region)
    if options.words.save is not None:
        found = {key: outputs[output] for key, output in _SAVED.items() if output in outputs}
        whose = {REGION: options.region, ACCOUNT: desk.account.number}
        save_properties(options.words.save, {**whose, **found}, where_set={PLATFORM: EC2})
    _echo(name, done, outputs, policy, as_json=options.words.as_json)
    return 0


def teardown(options: AwsBatchOptions) -> int:
    """Delete the stack of a prefix with everything in it, once the user agrees.

    Errors: UsageError where nobody can be asked; OutsideError with all that stays, and why.
    """
    if not options.words.yes and not sys.stdin.isatty():
        raise UsageError("--teardown asks first, and there is no terminal", hint="give --yes")
    name = stack_name(options.prefix)
    with _open(options) as desk:
        found = desk.stacks.find(name)
        if found is None:
            _echo_gone(name, 0, options, f"there is no stack {name}")
            return 0
        bucket = _bucket_of(desk.stacks.resources(name))
        buckets = desk.account.buckets
        keys = tuple(buckets.keys(bucket)) if bucket and buckets.find(bucket) else ()
        if not options.words.yes:
            click.echo(f"stack {name}, with {len(keys):,} objects in s3://{bucket}", err=True)
            click.confirm("Delete them?", abort=True, err=True)
        if bucket:
            buckets.delete_objects(bucket, keys)
        desk.stacks.delete(name)
        _deregister_derived(desk.account, options.prefix)
    _echo_gone(name, len(keys), options, f"deleted stack {name} and {len(keys):,} objects")
    return 0


def _deregister_derived(account: Account, prefix: str) -> None:
    """Take away what runs have made beside the stack: definitions of containers."""
    for found in account.batch.all(EntityKind.DEFINITION):
        if is_derived(found, prefix):
            account.batch.deregister(str(found["jobDefinitionArn"]))


def stack_name(prefix: str) -> str:
    """Return the name of the stack of a prefix."""
    return f"{prefix}-pegbatch"


@contextmanager
def _open(options: AwsBatchOptions) -> Iterator[_Desk]:
    wait = options.words.wait_seconds
    with ExitStack() as stack:
        account = stack.enter_context(open_account(options.region, options.account, wait))
        caller = stack.enter_context(open_callers(options.region, account.clock))
        stacks = Stacks(caller("cloudformation"), account.clock, wait_seconds=wait)
        yield _Desk(account=account, stacks=stacks, ec2=caller("ec2"))


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}


def _bucket_of(resources: Sequence[Mapping[str, Any]]) -> str:
    for resource in resources:
        if resource["LogicalResourceId"] == "Bucket":
            return str(resource.get("PhysicalResourceId", ""))
    return ""


def _echo(
    name: str,
    done: str,
    outputs: Mapping[str, str],
    policy: Mapping[str, Any],
    *,
    as_json: bool,
) -> None:
    if as_json:
        echo_json({"stack": name, "action": done, "outputs": dict(outputs), "policy": policy})
        return
    click.echo(f"stack {name}: {done}\n")
    for key, value in sorted(outputs.items()):
        click.echo(f"  {key:<22}  {value}")
    click.echo("\nThe least that a person needs who runs workflows here, as an IAM policy:\n")
    click.echo(json.dumps(policy, indent=2))
    if "FargateJobQueue" in outputs:
        click.echo("\nTo run on Fargate, say in the properties:\n")
        click.echo(f"  {PROPERTY_OF[EntityKind.QUEUE]} = {outputs['FargateJobQueue']}")
        click.echo(f"  {PROPERTY_OF[EntityKind.DEFINITION]} = {outputs['FargateJobDefinition']}")
        click.echo(f"  {PLATFORM} = {FARGATE}")
    click.echo(
        f"\nnext: push the image of containers/fetch-and-run to {outputs['Repository']},\n"
        f"and give the site catalog's sharedScratch directory {outputs['StagingUrl']}",
        err=True,
    )


def _echo_gone(name: str, objects: int, options: AwsBatchOptions, text: str) -> None:
    if options.words.as_json:
        echo_json({"stack": name, "action": "deleted", "objects": objects})
    else:
        click.echo(text)
