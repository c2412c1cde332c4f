"""What `logs` works with: a run, its store, and Batch and CloudWatch where they are asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache

from pegbatch.adapters.aws_batch import AwsBatch
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import amazon_client, local_client
from pegbatch.adapters.aws_logs import AwsLogs
from pegbatch.cli.choice import Service, region, service_of
from pegbatch.cli.nested.door import find_nested, opened
from pegbatch.cli.running import begun
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, batch_caller, open_store
from pegbatch.emulator.background import ensure_running
from pegbatch.engine.history.past_tries import past_tries
from pegbatch.engine.logs.book import LogBook
from pegbatch.engine.logs.places import SubmittedArray, submissions
from pegbatch.engine.logs.reading import LogReader
from pegbatch.engine.state import RunState
from pegbatch.ports import JobService, LogService, ObjectStore

_RATES = {"local": 2_000.0, "aws": 10.0}
"""Calls a second. Amazon: well below the 25 GetLogEvents that an account has in a region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A run that has begun; connections are opened when they are first used."""

    run: OpenRun
    service: Service
    store: ObjectStore
    jobs: Callable[[], JobService]
    streams: Callable[[], LogService]

    def state(self) -> RunState:
        """Return where the run stands, as its log has it now."""
        return self.run.state()

    def submissions(self) -> Mapping[str, Sequence[SubmittedArray]]:
        """Return, by array, what each try has submitted of it so far, oldest first."""
        events = self.run.runs.events()
        tries = self.run.directory.tries()
        return submissions(past_tries(self.run.plan, self.state(), tries, events), events)

    def book(self) -> LogBook:
        """Return where the logs of the run are, as its log says it now."""
        return LogBook(
            store=self.store,
            jobs=self.jobs,
            run_url=self.state().run_url,
            submissions=self.submissions(),
            on_note=lambda text: say(f"pegbatch: {text}"),
        )

    @property
    def reader(self) -> LogReader:
        """Return what reads them."""
        return LogReader(self.store, self.streams)


@contextmanager
def open_desk(run: OpenRun) -> Iterator[Desk]:
    """Open the desk of a run.

    Errors: InputError where it has not begun.
    """
    state = begun(run)
    service = service_of(state.service)
    with ExitStack() as stack:

        @cache
        def jobs() -> JobService:
            return AwsBatch(stack.enter_context(batch_caller(run, service)))

        @cache
        def streams() -> LogService:
            return AwsLogs(stack.enter_context(_logs_caller(run, service)))

        yield Desk(
            run=run,
            service=service,
            store=open_store(run, service),
            jobs=jobs,
            streams=streams,
        )


@contextmanager
def open_desks(run: OpenRun) -> Iterator[tuple[Desk, ...]]:
    """Open the desk of a run, and those of runs of sub-workflows within it.

    Errors: InputError where it has not begun; those of the store.
    """
    with ExitStack() as stack:
        desk = stack.enter_context(open_desk(run))
        nested = find_nested(run, desk.store, desk.state())
        within = [stack.enter_context(open_desk(inner)) for _, inner in opened(nested)]
        yield (desk, *within)


@contextmanager
def _logs_caller(run: OpenRun, service: Service) -> Iterator[AwsCaller]:
    with ExitStack() as stack:
        if service == "local":
            url = ensure_running(run.local_folder).url
            client = stack.enter_context(local_client("logs", url))
        else:
            client = stack.enter_context(amazon_client("logs", region(run.plan, os.environ)))
        budget = CallBudget(run.clock, _RATES[service])
        yield AwsCaller(client, budget, run.clock, service="logs")
