"""`pegbatch run --dry-run`: what a run would send, word for word, without sending it.

Nothing outside is asked and nothing is written. Two things are not known before a run begins:
the ids of jobs, shown as the names of their arrays, and the name of the run, shown as `RUN`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from pegbatch.adapters.aws_entities import Entities, local_entity_names, named_entities
from pegbatch.adapters.aws_shapes import request_faults
from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.cli.choice import Wishes, choose_service
from pegbatch.cli.results import echo_json
from pegbatch.cli.wiring import HEX_DIGITS, OpenRun
from pegbatch.errors import InputError, PlanError, Problem
from pegbatch.model.layout import WORKER_KEY
from pegbatch.model.names import safe_name
from pegbatch.model.requests import with_job_ids
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


def rehearse(run: OpenRun, wishes: Wishes) -> DryRun:
    """Return what the first submission of a plan sends, checked against AWS's rules.

    Errors: PlanError where a request breaks a limit of SubmitJob, or the plan cannot run;
    InputError where files to be sent are missing.
    """
    if not run.plan.runnable:
        raise PlanError(
            "this plan was made without catalogs and cannot run",
            where=str(run.directory.path),
            hint="plan the workflow again with its catalogs",
        )
    identity = _identity(run, wishes)
    _check_at_full_length(run, identity)
    requests = build_requests(run.plan, identity)
    names = {request.array: request.array for request in requests}
    bodies = tuple(with_job_ids(request, names) for request in requests)
    _check_shapes(bodies)
    return DryRun(bodies, tuple(_uploads(run, identity.run_url)))


def echo_dry_run(found: DryRun, *, as_json: bool) -> None:
    """Print what would be sent."""
    if as_json:
        echo_json({"requests": list(found.requests), "uploads": list(found.uploads)})
        return
    click.echo(f"uploads ({len(found.uploads):,}):")
    for upload in found.uploads:
        size = "" if upload["size_bytes"] is None else f", {size_text(upload['size_bytes'])}"
        click.echo(f"  {upload['source'] or 'the worker'}{size} -> {upload['url']}")
    for body in found.requests:
        click.echo(f"\nSubmitJob {json.dumps(body, indent=2)}")
    click.echo(f"\nnothing was sent: {len(found.requests):,} SubmitJob calls are ready", err=True)


def _identity(run: OpenRun, wishes: Wishes) -> RunIdentity:
    service = choose_service(run.plan, wishes, run.state().service)
    entities = _entities(run.plan.properties, service)
    in_directories = service == "local" and not wishes.wire
    return RunIdentity(
        run_url=f"{run.plan.staging_url}/{RUN_NAME}",
        run_hex=RUN_NAME,
        service=service,
        started=run.clock.now(),
        s3_directory=str(run.local_folder / "s3") if in_directories else None,
        job_queue=entities.job_queue,
        job_definition=entities.job_definition,
    )


def _check_at_full_length(run: OpenRun, identity: RunIdentity) -> None:
    """Hold the requests to the limits as they will be: a run's real name is longer than `RUN`.

    Errors: PlanError.
    """
    digits = "0" * HEX_DIGITS
    name = f"{safe_name(run.plan.workflow)}-{'0' * STAMP_CHARACTERS}-{digits}"
    whole = replace(identity, run_url=f"{run.plan.staging_url}/{name}", run_hex=digits)
    build_requests(run.plan, whole)


def _entities(properties: Mapping[str, str], service: str) -> Entities:
    if service == "aws":
        return named_entities(properties)
    return local_entity_names(properties, Path.cwd())


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


def _uploads(run: OpenRun, run_url: str) -> Iterator[dict[str, Any]]:
    missing = []
    for item in run.directory.uploads(run_url, WORKER_SOURCE):
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
