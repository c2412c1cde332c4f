"""Builds the adapters of a run and puts them behind the engine's ports."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from pegbatch.adapters.aws_batch import AwsBatch
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import AmazonCredentials, amazon_client, local_client
from pegbatch.adapters.aws_entities import Entities, LocalEntities, named_entities
from pegbatch.adapters.clock import SystemClock
from pegbatch.adapters.login_stores import options_of_users
from pegbatch.adapters.s3_logins import home_directory, load_logins
from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.adapters.store import Store
from pegbatch.adapters.store_s3 import S3Options
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.adapters.wire_buckets import wire_options
from pegbatch.adapters.worker_archive import write_worker
from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.cli.choice import Service, Wishes, choose_service, local_vcpus, region
from pegbatch.cli.wire import choose_wire, prepare_buckets
from pegbatch.emulator.background import ensure_running, local_folder
from pegbatch.engine.context import Context, Launch, Pace, Ports
from pegbatch.engine.journal import Journal
from pegbatch.engine.state import RunState, fold, new_state
from pegbatch.engine.uploads import UploadItem
from pegbatch.errors import OutsideError
from pegbatch.model.layout import WORKER_KEY
from pegbatch.model.names import safe_name
from pegbatch.model.plan import Plan

HEX_DIGITS = 8
PACES = {"local": Pace(0.05, 0.5), "aws": Pace(5.0, 30.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A submit directory with its plan and its log, before anything outside is touched."""

    directory: SubmitDirectory
    plan: Plan
    runs: SqliteRuns
    clock: SystemClock

    def state(self) -> RunState:
        """Return the fold of the log as it is now."""
        return fold(new_state(self.plan), self.runs.events())

    @property
    def local_folder(self) -> Path:
        """Return the folder of the embedded AWS of this run."""
        return local_folder(self.directory.base_directory())


def open_run(path: Path) -> OpenRun:
    """Open a submit directory.

    Errors: InputError where it is none.
    """
    directory = SubmitDirectory(path)
    return OpenRun(
        directory=directory,
        plan=directory.plan(),
        runs=SqliteRuns(directory.path),
        clock=SystemClock(),
    )


def open_store(run: OpenRun, service: Service, *, wire: bool | None = None) -> Store:
    """Return the object store of a run; but with --wire the embedded AWS need not be up for it.

    Shapes: wire None is what the run was started with.
    """
    logins = load_logins(home_directory(os.environ), os.environ)
    state = run.state()
    if state.wire if wire is None else wire:
        endpoint = ensure_running(run.local_folder)
        store = Store(s3=wire_options(endpoint.url), of_user=options_of_users(logins, {}))
        prepare_buckets(endpoint.url, run.directory, run.plan.staging_url, state, store)
        return store
    if service == "local":
        # Buckets that the site catalog gives to a user are those of the embedded AWS here.
        return Store(s3_directory=run.local_folder / "s3", of_user=options_of_users(logins, {}))
    of_user = options_of_users(logins, run.plan.s3_users)
    if not run.plan.staging_url.startswith("s3://"):
        return Store(of_user=of_user)
    credentials = AmazonCredentials(region(run.plan, os.environ))
    endpoint_url = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options = S3Options(endpoint_url=endpoint_url or None, credentials=credentials)
    return Store(s3=options, of_user=of_user)


@contextmanager
def held(run: OpenRun) -> Iterator[bool]:
    """Hold the run if nobody else does; tell whether it is held."""
    with ExitStack() as stack:
        try:
            stack.enter_context(run.runs.lock())
        except OutsideError:
            yield False
            return
        yield True


@contextmanager
def watching_context(
    run: OpenRun, *, writes: bool, on_change: Callable[[RunState], None] = lambda state: None
) -> Iterator[Context]:
    """Connect to where a run that has begun is, to look at it or to end it.

    Shapes: without writes nothing is added to the log (another process does that).
    """
    service: Service = "aws" if run.state().service == "aws" else "local"
    with _batch_caller(run, service) as caller:
        store = open_store(run, service)
        yield _context(run, service, caller, store, writes=writes, on_change=on_change)


@contextmanager
def submitting_context(
    run: OpenRun, wishes: Wishes, *, on_change: Callable[[RunState], None] = lambda state: None
) -> Iterator[Context]:
    """Connect, make what is missing, give the run its URL, and prepare its requests.

    The caller holds the run's lock.
    """
    state = run.state()
    service = choose_service(run.plan, wishes, state.service)
    wire = choose_wire(wishes, service, state)
    vcpus = local_vcpus(run.plan, wishes)
    with (
        _batch_caller(run, service, tell=True) as caller,
        tempfile.TemporaryDirectory() as folder,
    ):
        entities = _entities(run, service, caller, vcpus)
        store = open_store(run, service, wire=wire)
        context = _context(run, service, caller, store, writes=True, on_change=on_change)
        _begin(run, context.journal, service, wire=wire)
        launch = _launch(run, context.state, entities, Path(folder))
        yield Context(
            ports=context.ports,
            plan=run.plan,
            journal=context.journal,
            pace=context.pace,
            launch=launch,
            on_change=on_change,
            on_note=lambda text: click.echo(f"pegbatch: {text}", err=True),
        )


@contextmanager
def _batch_caller(run: OpenRun, service: Service, *, tell: bool = False) -> Iterator[AwsCaller]:
    with ExitStack() as stack:
        if service == "local":
            endpoint = ensure_running(run.local_folder)
            where = f"the embedded AWS in {run.local_folder}"
            client = stack.enter_context(local_client("batch", endpoint.url))
        else:
            named = region(run.plan, os.environ)
            where = f"Amazon, {named}"
            client = stack.enter_context(amazon_client("batch", named))
        if tell:
            click.echo(f"pegbatch: running on {where}", err=True)
        yield AwsCaller(client, CallBudget(run.clock, _RATES[service]), run.clock)


_RATES = {"local": 2_000.0, "aws": 40.0}
"""Calls a second. Amazon: below the 50 SubmitJob calls that an account has in a region."""


def _entities(run: OpenRun, service: Service, caller: AwsCaller, vcpus: int | None) -> Entities:
    if service == "aws":
        return named_entities(run.plan.properties)
    return LocalEntities(
        caller=caller,
        clock=run.clock,
        properties=run.plan.properties,
        folder=Path.cwd(),
        vcpus=vcpus or os.cpu_count() or 1,
        set_vcpus=vcpus is not None,
    ).ensure()


def _context(
    run: OpenRun,
    service: Service,
    caller: AwsCaller,
    store: Store,
    *,
    writes: bool,
    on_change: Callable[[RunState], None],
) -> Context:
    return Context(
        ports=Ports(
            jobs=AwsBatch(caller),
            store=store,
            runs=run.runs,
            clock=run.clock,
        ),
        plan=run.plan,
        journal=Journal(run.runs, run.clock, new_state(run.plan), writes=writes),
        pace=PACES[service],
        on_change=on_change,
    )


def _begin(run: OpenRun, journal: Journal, service: Service, *, wire: bool) -> None:
    """Give a run that has not begun its URL and its name on Batch."""
    if journal.state.started is not None:
        return
    run_hex = secrets.token_hex(HEX_DIGITS // 2)
    name = safe_name(run.plan.label or run.plan.workflow)
    folder = "/".join(part for part in (run.plan.staging_url, run.plan.run_folder) if part)
    stamp = datetime.fromtimestamp(run.clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    body = {
        "try": 1,
        "run_url": f"{folder}/{name}-{stamp}-{run_hex}",
        "service": service,
        "job_prefix": f"{name}-{run_hex}",
        **({"wire": True} if wire else {}),
    }
    journal.put("run-started", **body)


def _launch(run: OpenRun, state: RunState, entities: Entities, folder: Path) -> Launch:
    in_directories = state.service == "local" and not state.wire
    identity = RunIdentity(
        run_url=state.run_url,
        run_hex=state.job_prefix[-HEX_DIGITS:],
        service=state.service,
        started=run.clock.now() if state.started is None else state.started,
        s3_directory=str(run.local_folder / "s3") if in_directories else None,
        job_queue=entities.job_queue,
        job_definition=entities.job_definition,
    )
    requests = build_requests(run.plan, identity)
    worker = folder / WORKER_KEY

    def uploads() -> Iterator[UploadItem]:
        write_worker(worker)
        return run.directory.uploads(state.run_url, worker)

    return Launch(requests={request.array: request for request in requests}, uploads=uploads)
