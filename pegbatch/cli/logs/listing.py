"""What logs a run has: a line an array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from pegbatch.cli.logs.desk import Desk
from pegbatch.cli.results import place
from pegbatch.cli.telling import echo_json, say, show
from pegbatch.engine.logs.places import stored_logs
from pegbatch.engine.looking.status import all_jobs
from pegbatch.engine.parallel import map_parallel
from pegbatch.model.logs import AttemptLog
from pegbatch.model.plan import Job
from pegbatch.report.logs import LogCount, counts_text


def list_logs(desks: Sequence[Desk], *, as_json: bool) -> None:
    """Print how many logs of each array lie in the store.

    Shapes: the first desk is that of the run, others are of runs within it.
    """

    def count(one: tuple[Desk, str, Job]) -> LogCount:
        desk, run_url, job = one
        return _counted(desk, job, stored_logs(desk.store, run_url, job.name))

    state, desk = desks[0].state(), desks[0]
    counts = list(map_parallel(count, chain.from_iterable(map(_arrays, desks))))
    if as_json:
        rows = [
            {
                "name": one.array,
                "kind": one.kind,
                "size": one.children,
                "children": one.heard,
                "logs": one.logs,
                "bytes": one.size_bytes,
            }
            for one in counts
        ]
        echo_json({"run": state.run_url, "arrays": rows})
        return
    show(counts_text(counts))
    heard = [one.array for one in counts if one.logs]
    if heard:
        say(f"next: pegbatch logs {place(desk.run)} {heard[0]}:0, or a task, or --merge FILE")


def _arrays(desk: Desk) -> Iterator[tuple[Desk, str, Job]]:
    """Yield the arrays of a run that may have logs."""
    state = desk.state()
    jobs = all_jobs(desk.run.plan, state)
    return ((desk, state.run_url, job) for job in jobs if job.kind != "barrier")


def _counted(desk: Desk, job: Job, logs: list[AttemptLog]) -> LogCount:
    return LogCount(
        array=desk.run.known_array(job.name),
        kind=job.kind,
        children=job.size,
        heard=len({log.bag for log in logs}),
        logs=len(logs),
        size_bytes=sum(log.size_bytes for log in logs),
    )
