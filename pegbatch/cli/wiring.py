"""Builds the adapters of a run and puts them behind the engine's ports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pegbatch.adapters.aws_batch import AwsBatch
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import AmazonCredentials, amazon_client, local_client
from pegbatch.adapters.clock import SystemClock
from pegbatch.adapters.login_stores import options_of_users
from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.s3_logins import home_directory, load_logins
from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.adapters.store import Store, s3_endpoint
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.adapters.wire_buckets import wire_options
from pegbatch.cli.choice import Service, region, service_of
from pegbatch.cli.nesting.host import Host
from pegbatch.cli.telling import say
from pegbatch.cli.wire import prepare_buckets
from pegbatch.emulator.background import ensure_running, local_folder, running
from pegbatch.emulator.settings import Runtime
from pegbatch.engine.context import Context, Pace, Ports
from pegbatch.engine.folding import fold
from pegbatch.engine.journal import Journal
from pegbatch.engine.state import RunState, new_state
from pegbatch.errors import InputError, JobServiceError, JobServiceUnreachable, OutsideError
from pegbatch.model.layout import NESTED_FILE
from pegbatch.model.plan import Plan
from pegbatch.model.tries import Try
from pegbatch.ports import RunStore

PACES = {
    "local": Pace(0.05, 0.5, fresh_seconds=60.0, forgotten_seconds=5.0, sample_seconds=10.0),
    "aws": Pace(5.0, 30.0),
}


@dataclass(frozen=True, slots=True)
class SeenFrom:
    """Where a nested run is looked at from: the run that its user knows."""

    submit_dir: Path
    prefix: str
    """What ids of its tasks begin with there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A submit directory with its plan and its log, before anything outside is touched."""

    directory: SubmitDirectory
    plan: Plan
    runs: RunStore
    clock: SystemClock
    host: Host | None = None
    """The job of another run that drives this one; None: a client does."""
    seen_from: SeenFrom | None = None
    """Of a nested run; None: it is the user's own."""

    def state(self) -> RunState:
        """Return the fold of the log as it is now."""
        return fold(self._new_state(), self.runs.events())

    def journal(self, *, writes: bool = True) -> Journal:
        """Return the log and its fold, to go on from there."""
        return Journal(self.runs, self.clock, self._new_state(), writes=writes)

    def _new_state(self) -> RunState:
        return new_state(self.plan, KnownTries(self.directory))

    @property
    def known_path(self) -> Path:
        """Return the submit directory that the user knows."""
        return self.directory.path if self.seen_from is None else self.seen_from.submit_dir

    def known_id(self, task_id: str) -> str:
        """Return the id by which the user knows a task of the plan."""
        return task_id if self.seen_from is None else f"{self.seen_from.prefix}{task_id}"

    def known_array(self, name: str) -> str:
        """Return the name by which the user knows an array job of the plan."""
        return name if self.seen_from is None else f"{self.seen_from.prefix[:-1]}/{name}"

    @property
    def local_folder(self) -> Path:
        """Return the folder of the embedded AWS of this run."""
        if self.host is not None and self.host.local_folder is not None:
            return self.host.local_folder
        return local_folder(self.directory.base_directory())


class KnownTries(Mapping[int, Try]):
    """The later tries of a submit directory, read when the log speaks of one."""

    def __init__(self, directory: SubmitDirectory) -> None:
        """Take the directory; it may get more tries while this is held."""
        self._directory = directory

    def __getitem__(self, number: int) -> Try:
        return self._directory.tries()[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._directory.tries())

    def __len__(self) -> int:
        return len(self._directory.tries())


def open_run(path: Path, host: Host | None = None) -> OpenRun:
    """Open a submit directory.

    Errors: InputError where it is none, or one that was brought for looking at a nested run.
    """
    directory = SubmitDirectory(path)
    if (directory.path / NESTED_FILE).exists():
        raise InputError(
            "this is what was brought of the run of a sub-workflow, to be looked at",
            where=str(directory.path),
            hint="give the submit directory around it; its tasks are sub.t1, its arrays sub/L0-a",
        )
    return OpenRun(
        directory=directory,
        plan=directory.plan(),
        runs=SqliteRuns(directory.path),
        clock=SystemClock(),
        host=host,
    )


def open_store(run: OpenRun, service: Service, *, wire: bool | None = None) -> Store:
    """Return the object store of a run; but with --wire the embedded AWS need not be up for it.

    Shapes: wire None is what the run was started with.
    """
    logins = load_logins(home_directory(os.environ), os.environ)
    state = run.state()
    if state.wire if wire is None else wire:
        if run.host is not None:
            return Store(s3=wire_options(run.host.batch_url), of_user=options_of_users(logins, {}))
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
    return Store(s3=amazon_options(region(run.plan, os.environ)), of_user=of_user)


def amazon_options(region_name: str) -> S3Options:
    """Return how S3 of Amazon is reached, or the service that stands in for it."""
    return S3Options(
        endpoint_url=s3_endpoint(os.environ), credentials=AmazonCredentials(region_name)
    )


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
    run: OpenRun, *, writes: bool, on_change: Callable[[Context], None] = lambda context: None
) -> Iterator[Context]:
    """Connect to where a run that has begun is, to look at it or to end it.

    Shapes: without writes nothing is added to the log (another process does that).
    """
    service = service_of(run.state().service)
    with batch_caller(run, service) as caller:
        store = open_store(run, service)
        yield engine_context(run, service, caller, store, writes=writes, on_change=on_change)


@contextmanager
def batch_caller(
    run: OpenRun, service: Service, *, runtime: Runtime | None = None, tell: bool = False
) -> Iterator[AwsCaller]:
    """Connect to AWS Batch, the embedded one or Amazon's; with tell, say which."""
    revive: Callable[[], None] = _let_be
    with ExitStack() as stack:
        if service == "local" and run.host is not None:
            # The embedded AWS that runs this job: where it ends, so does the job.
            revive = _end_with_it
            where = f"the embedded AWS in {run.local_folder}"
            client = stack.enter_context(local_client("batch", run.host.batch_url))
        elif service == "local":
            endpoint = ensure_running(run.local_folder, runtime=runtime)
            where = f"the embedded AWS in {run.local_folder}"
            client = stack.enter_context(local_client("batch", endpoint.url))
            revive = partial(_revive, run.local_folder, endpoint.url)
        else:
            named = region(run.plan, os.environ)
            where = f"Amazon, {named}"
            client = stack.enter_context(amazon_client("batch", named))
        if tell:
            say(f"pegbatch: running on {where}")
        budget = CallBudget(run.clock, _RATES[service], late=LATE_CALLS)
        yield AwsCaller(client, budget, run.clock, revive=revive)


def _revive(folder: Path, url: str) -> None:
    """Start the embedded AWS again where it was ended, or killed, under a run that goes on.

    Errors: JobServiceError where it is not the one that was there (its folder was deleted).
    """
    if running(folder) is None:
        say(f"pegbatch: the embedded AWS in {folder} has ended; starting it again")
    if ensure_running(folder).url != url:
        raise JobServiceError(
            "the embedded AWS was begun anew, at another address",
            where=str(folder),
            hint="if its folder was deleted, its jobs are gone; run the same command again",
        )


def _end_with_it() -> None:
    raise JobServiceUnreachable("the embedded AWS that ran this job has ended")


def _let_be() -> None:
    """Do nothing: Amazon is not ours to start."""


_RATES = {"local": 2_000.0, "aws": 45.0}
LATE_CALLS = 4
"""Calls a second, and how many are made up for after a pause. Amazon: in no second more than the 50
SubmitJob calls that an account has in a region."""


def engine_context(
    run: OpenRun,
    service: Service,
    caller: AwsCaller,
    store: Store,
    *,
    writes: bool,
    on_change: Callable[[Context], None],
) -> Context:
    """Return what the engine needs to look at a run; not yet to submit."""
    return Context(
        ports=Ports(
            jobs=AwsBatch(caller),
            store=store,
            runs=run.runs,
            clock=run.clock,
        ),
        plan=run.plan,
        journal=run.journal(writes=writes),
        pace=PACES[service],
        read_bags=run.directory.bag_ids,
        on_change=on_change,
        on_note=lambda text: say(f"pegbatch: {text}"),
    )
