"""What logs a run has: a line an array."""

from __future__ import annotations

from pegbatch.cli.logs.desk import Desk
from pegbatch.cli.results import place
from pegbatch.cli.telling import echo_json, say, show
from pegbatch.engine.logs.places import stored_logs
from pegbatch.engine.looking.status import all_jobs
from pegbatch.engine.parallel import map_parallel
from pegbatch.model.logs import AttemptLog
from pegbatch.model.plan import Job
from pegbatch.report.logs import LogCount, counts_text


def list_logs(desk: Desk, *, as_json: bool) -> None:
    """Print how many logs of each array lie in the store."""
    state = desk.state()
    jobs = [job for job in all_jobs(desk.run.plan, state) if job.kind != "barrier"]

    def count(job: Job) -> LogCount:
        return _counted(job, stored_logs(desk.store, state.run_url, job.name))

    counts = list(map_parallel(count, jobs))
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


def _counted(job: Job, logs: list[AttemptLog]) -> LogCount:
    return LogCount(
        array=job.name,
        kind=job.kind,
        children=job.size,
        heard=len({log.bag for log in logs}),
        logs=len(logs),
        size_bytes=sum(log.size_bytes for log in logs),
    )
