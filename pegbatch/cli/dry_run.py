"""`pegbatch run --dry-run`: what a run would send, word for word, without sending it.

Nothing is written, and nothing outside is asked, but for the store of a run that has ended: what is
missing there is what the next try runs. Two things are not known before a run begins: the ids of
jobs, shown as the names of their arrays, and the name of the run, shown as `RUN`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from pegbatch.adapters.aws_entities import Entities, local_entity_names, named_entities
from pegbatch.adapters.aws_shapes import request_faults
from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.cli.choice import Service, Wishes, choose_service
from pegbatch.cli.rehearsed_definitions import bodies_of, names_of, rehearse_definitions
from pegbatch.cli.resuming import absent_items, find_next_try, new_files, say_resume
from pegbatch.cli.running import check_runnable
from pegbatch.cli.submitting import HEX_DIGITS, run_identity
from pegbatch.cli.telling import echo_json, say
from pegbatch.cli.wiring import OpenRun, open_store
from pegbatch.engine.uploads import UploadItem
from pegbatch.errors import InputError, PlanError, Problem
from pegbatch.model.aws_options import PLATFORM
from pegbatch.model.layout import WORKER_KEY
from pegbatch.model.names import safe_name
from pegbatch.model.plan import Plan
from pegbatch.model.requests import SubmitRequest, with_job_ids
from pegbatch.report.status import size_text

RUN_NAME = "RUN"
STAMP_CHARACTERS = len("20260101T000000Z")
"""Of the time in a run's name."""
WORKER_SOURCE = Path(WORKER_KEY)
"""The worker is packed when a run begins; until then it lies nowhere."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """All that a run would send."""

    requests: tuple[dict[str, Any], ...]
    """Bodies of SubmitJob, in the order of the calls."""
    uploads: tuple[dict[str, Any], ...]
    """`source` (null for the worker), `url`, `size_bytes` (the same), and `sha256` of inputs."""
    assumed: tuple[str, ...]
    """What a run would look up and nobody was asked here."""
    definitions: tuple[dict[str, Any], ...] = ()
    """Bodies of RegisterJobDefinition, for containers: sent where there is none of that name."""


def rehearse(run: OpenRun, wishes: Wishes) -> DryRun:
    """Return what the first submission of a plan sends, checked against AWS's rules.

    Shapes: of a run that has ended without succeeding, what its next try sends; then the store is
    asked what is missing. Of one that goes on or has succeeded, its first try, and that is said.
    Errors: PlanError where a request breaks a limit of SubmitJob, or the plan cannot run;
    InputError where files to be sent are missing.
    """
    check_runnable(run)
    state = run.state()
    if state.outcome in ("failed", "cancelled"):
        return _rehearse_next_try(run, wishes)
    if state.started is not None:
        say("pegbatch: the run has begun already; this is what its first try sends")
    service = choose_service(run.plan, wishes, state.service)
    definitions = rehearse_definitions(run.plan, service)
    identity = _identity(run, wishes, service, names_of(definitions))
    _check_at_full_length(run, identity)
    bodies = _bodies(build_requests(run.plan, identity))
    items = run.directory.uploads(identity.run_url, WORKER_SOURCE)
    assumed = tuple(_assumed(run.plan, service))
    return DryRun(bodies, tuple(_uploads(items)), assumed, bodies_of(definitions))


def _rehearse_next_try(run: OpenRun, wishes: Wishes) -> DryRun:
    state = run.state()
    service = choose_service(run.plan, wishes, state.service)
    entities = _entities(run.plan.properties, service, wishes)
    store = open_store(run, service)
    found = find_next_try(run, store, state)
    next_try = found.next_try
    definitions = rehearse_definitions(run.plan, service)
    named = names_of(definitions)
    identity = run_identity(run, state, entities, named, on_fargate=False)
    bodies = _bodies(build_requests(run.plan, identity, next_try))
    say_resume(run.plan, found)
    known = run.directory.uploads(state.run_url, WORKER_SOURCE, again=True)
    uploads = (*new_files(run, state, next_try), *_uploads(absent_items(store, known)))
    return DryRun(bodies, uploads, tuple(_assumed(run.plan, service)), bodies_of(definitions))


def _bodies(requests: tuple[SubmitRequest, ...]) -> tuple[dict[str, Any], ...]:
    """Return the request bodies, job ids shown as the names of arrays.

    Errors: PlanError where botocore would not send one.
    """
    names = {request.array: request.array for request in requests}
    bodies = tuple(with_job_ids(request, names) for request in requests)
    _check_shapes(bodies)
    return bodies


def echo_dry_run(found: DryRun, *, as_json: bool) -> None:
    """Print what would be sent, and on stderr what was assumed."""
    for text in found.assumed:
        click.echo(f"pegbatch: {text}", err=True)
    if as_json:
        more = {"definitions": list(found.definitions)} if found.definitions else {}
        echo_json({**more, "requests": list(found.requests), "uploads": list(found.uploads)})
        return
    click.echo(f"uploads ({len(found.uploads):,}):")
    for upload in found.uploads:
        size = "" if upload["size_bytes"] is None else f", {size_text(upload['size_bytes'])}"
        click.echo(f"  {upload['source'] or 'the worker'}{size} -> {upload['url']}")
    for body in found.definitions:
        click.echo(f"\nRegisterJobDefinition {json.dumps(body, indent=2)}")
    for body in found.requests:
        click.echo(f"\nSubmitJob {json.dumps(body, indent=2)}")
    calls = "call is" if len(found.requests) == 1 else "calls are"
    click.echo(f"\nnothing was sent: {len(found.requests):,} SubmitJob {calls} ready", err=True)


def _assumed(plan: Plan, service: Service) -> Iterator[str]:
    if service != "aws":
        return
    if not plan.properties.get(PLATFORM, "").strip():
        yield (
            "sizes and retry rules are those for a queue on EC2, for nobody was asked: a run "
            f"looks, unless {PLATFORM} says EC2 or FARGATE"
        )
    if plan.containers:
        yield (
            "of the definitions of containers only what the containers say is shown, for nobody "
            "was asked what the base definition says: a run looks, and the digits that end their "
            "names change with it"
        )


def _identity(
    run: OpenRun, wishes: Wishes, service: Service, definitions: Mapping[str, str]
) -> RunIdentity:
    entities = _entities(run.plan.properties, service, wishes)
    in_directories = service == "local" and not wishes.wire
    return RunIdentity(
        run_url=f"{run.plan.staging_url}/{RUN_NAME}",
        run_hex=RUN_NAME,
        service=service,
        started=run.clock.now(),
        s3_directory=str(run.local_folder / "s3") if in_directories else None,
        job_queue=entities.job_queue,
        job_definition=entities.job_definition,
        container_definitions=definitions,
    )


def _check_at_full_length(run: OpenRun, identity: RunIdentity) -> None:
    """Hold the requests to the limits as they will be: a run's real name is longer than `RUN`.

    Errors: PlanError.
    """
    digits = "0" * HEX_DIGITS
    name = f"{safe_name(run.plan.workflow)}-{'0' * STAMP_CHARACTERS}-{digits}"
    whole = replace(identity, run_url=f"{run.plan.staging_url}/{name}", run_hex=digits)
    build_requests(run.plan, whole)


def _entities(properties: Mapping[str, str], service: str, wishes: Wishes) -> Entities:
    if service == "aws":
        return named_entities(properties, on_demand=wishes.on_demand)
    return local_entity_names(properties, Path.cwd(), on_demand=wishes.on_demand)


def _check_shapes(bodies: tuple[dict[str, Any], ...]) -> None:
    """Refuse what botocore would not send.

    Errors: PlanError with every wrong key and type, by request.
    """
    problems = [
        Problem(f"{body['jobName']}: {path}: {message}", hint=hint)
        for body in bodies
        for path, message, hint in request_faults("SubmitJob", body)
    ]
    if problems:
        raise PlanError(problems=problems)


def _uploads(items: Iterable[UploadItem]) -> Iterator[dict[str, Any]]:
    missing = []
    for item in items:
        is_worker = item.source == WORKER_SOURCE
        try:
            size = None if is_worker else item.source.stat().st_size
        except OSError as error:
            missing.append(Problem(f"cannot be sent: {error.strerror}", str(item.source)))
            continue
        source = None if is_worker else str(item.source)
        row = {"source": source, "url": item.url, "size_bytes": size}
        yield row if item.sha256 is None else {**row, "sha256": item.sha256}
    if missing:
        raise InputError(problems=missing)
