"""Connects a run to where it is to be submitted: the first try of a plan, or the next of a run."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pegbatch.adapters.aws_batch_entities import BatchEntities
from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.adapters.aws_entities import Entities, LocalEntities, named_entities
from pegbatch.adapters.aws_platform import queue_on_fargate
from pegbatch.adapters.container_definitions import ensure_container_definitions
from pegbatch.adapters.worker_archive import write_worker
from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.cli.choice import Service, Wishes, choose_service, local_runtime, local_vcpus
from pegbatch.cli.resuming import begin_next_try
from pegbatch.cli.staging_bucket import put_first
from pegbatch.cli.telling import say
from pegbatch.cli.wire import choose_wire
from pegbatch.cli.wiring import OpenRun, batch_caller, engine_context, open_store
from pegbatch.emulator.background import runtime_of
from pegbatch.engine.context import Context, Launch
from pegbatch.engine.journal import Journal
from pegbatch.engine.state import RunState
from pegbatch.engine.uploads import UploadItem
from pegbatch.model.known_run import KnownRun, known_run_to_json
from pegbatch.model.layout import RUN_FILE, WORKER_KEY, join_url, plan_key
from pegbatch.model.names import safe_name

HEX_DIGITS = 8


@contextmanager
def submitting_context(
    run: OpenRun, wishes: Wishes, *, on_change: Callable[[Context], None] = lambda context: None
) -> Iterator[Context]:
    """Connect, make what is missing, begin the run or its next try, and prepare its requests.

    The caller holds the run's lock.
    """
    state = run.state()
    service = choose_service(run.plan, wishes, state.service)
    wire = choose_wire(wishes, service, state)
    vcpus, runtime = local_vcpus(run.plan, wishes), local_runtime(run.plan, wishes)
    with (
        batch_caller(run, service, runtime=runtime, tell=True) as caller,
        _worker_file(run) as worker,
    ):
        entities = _entities(run, service, caller, vcpus, on_demand=wishes.on_demand)
        definitions = _container_definitions(run, service, caller, entities)
        fargate = queue_on_fargate(caller, entities.job_queue, run.plan.properties, _say)
        store = open_store(run, service, wire=wire)
        context = engine_context(run, service, caller, store, writes=True, on_change=on_change)
        _begin(run, context, service, wire=wire)
        identity = run_identity(run, context.state, entities, definitions, on_fargate=fargate)
        launch = _launch(run, context.state, identity, worker)
        if not context.state.submitted:
            _leave_identity(run, context, entities.job_queue)
        yield replace(context, launch=launch)


@contextmanager
def _worker_file(run: OpenRun) -> Iterator[Path]:
    """Lend a place for the worker: what a killed client leaves there, the next one overwrites."""
    path = run.directory.path / WORKER_KEY
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def run_identity(
    run: OpenRun,
    state: RunState,
    entities: Entities,
    container_definitions: Mapping[str, str],
    *,
    on_fargate: bool,
) -> RunIdentity:
    """Return what a run that has begun adds to its plan."""
    in_directories = state.service == "local" and not state.wire
    return RunIdentity(
        run_url=state.run_url,
        run_hex=state.job_prefix[-HEX_DIGITS:],
        service=state.service,
        started=run.clock.now() if state.started is None else state.started,
        s3_directory=str(run.local_folder / "s3") if in_directories else None,
        job_queue=entities.job_queue,
        job_definition=entities.job_definition,
        container_definitions=container_definitions,
        on_fargate=on_fargate,
        nesting=1 if run.host is None else run.host.nesting + 1,
    )


def _say(text: str) -> None:
    say(f"pegbatch: {text}")


def _entities(
    run: OpenRun, service: Service, caller: AwsCaller, vcpus: int | None, *, on_demand: bool
) -> Entities:
    if run.host is not None:
        return Entities(run.host.job_queue, run.host.job_definition)
    if service == "aws":
        return named_entities(run.plan.properties, on_demand=on_demand)
    return LocalEntities(
        caller=caller,
        clock=run.clock,
        properties=run.plan.properties,
        folder=Path.cwd(),
        vcpus=vcpus or os.cpu_count() or 1,
        set_vcpus=vcpus is not None,
    ).ensure(on_demand=on_demand)


def _container_definitions(
    run: OpenRun, service: Service, caller: AwsCaller, entities: Entities
) -> Mapping[str, str]:
    """Return the definition of each container of the plan, made where it is missing."""
    containers = run.plan.containers
    if not containers:
        return {}
    if service == "local" and runtime_of(run.local_folder) == "process":
        names = ", ".join(container.name for container in containers)
        _say(
            f"children are processes of this machine: the images of containers ({names}) are not "
            "used, and programs must be installed here (--runtime docker, podman or buildah runs "
            "images)"
        )
    batch = BatchEntities(caller, run.clock)
    return ensure_container_definitions(batch, entities.job_definition, containers)


def _begin(run: OpenRun, context: Context, service: Service, *, wire: bool) -> None:
    """Begin the first try of a plan, or the next of a run that has ended."""
    state = context.state
    if state.started is None:
        _begin_run(run, context.journal, service, wire=wire)
    elif state.outcome is not None:
        begin_next_try(run, context)


def _begin_run(run: OpenRun, journal: Journal, service: Service, *, wire: bool) -> None:
    """Give a run its URL and its name on Batch."""
    name = safe_name(run.plan.label or run.plan.workflow)
    if run.host is None:
        run_hex = secrets.token_hex(HEX_DIGITS // 2)
        run_url = _new_url(run, f"{name}-", run_hex)
    else:
        run_hex, run_url = run.host.run_hex, run.host.run_url
    body = {
        "try": 1,
        "run_url": run_url,
        "service": service,
        "job_prefix": f"{name}-{run_hex}",
        **({"wire": True} if wire else {}),
    }
    journal.put("run-started", **body)


def _new_url(run: OpenRun, start: str, run_hex: str) -> str:
    folder = "/".join(part for part in (run.plan.staging_url, run.plan.run_folder) if part)
    stamp = datetime.fromtimestamp(run.clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{folder}/{start}{stamp}-{run_hex}"


def _leave_identity(run: OpenRun, context: Context, queue: str) -> None:
    """Put what brings a lost submit directory back, before anything is submitted to a queue."""
    state = context.state
    queues = {array.job_queue for array in state.arrays.values() if array.job_queue} | {queue}
    known = KnownRun(
        run_url=state.run_url,
        service=state.service,
        wire=state.wire,
        job_prefix=state.job_prefix,
        started=state.started or 0.0,
        number=state.number,
        queues=tuple(sorted(queues)),
        local_folder=str(run.local_folder) if state.service == "local" else "",
    )
    url = join_url(state.run_url, plan_key(RUN_FILE))
    put_first(run, context, url, json.dumps(known_run_to_json(known)).encode())


def _launch(run: OpenRun, state: RunState, identity: RunIdentity, worker: Path) -> Launch:
    requests = build_requests(run.plan, identity, state.current)

    def uploads() -> Iterator[UploadItem]:
        write_worker(worker)
        return run.directory.uploads(state.run_url, worker, again=state.number > 1)

    return Launch(requests={request.array: request for request in requests}, uploads=uploads)
