"""Small plans by hand, and what the engine needs to run them on fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pegbatch.engine.context import Context, Launch, Pace, Ports
from pegbatch.engine.journal import Journal
from pegbatch.engine.state import new_state
from pegbatch.engine.uploads import UploadItem
from pegbatch.model.events import EventKind, RunEvent
from pegbatch.model.plan import Job, JobKind, JobLink, LinkType, Plan, Resources
from pegbatch.model.requests import SubmitRequest
from pegbatch.model.tries import Try
from tests.fakes import FakeClock, FakeJobs, FakeRunStore
from tests.fakes_store import MemoryStore

RUN_URL = "s3://bucket/runs/sketch-1"
QUEUE = "queue"


def job(
    name: str,
    *parents: str,
    size: int = 1,
    tasks: int | None = None,
    kind: JobKind = "compute",
) -> Job:
    count = size if tasks is None else tasks
    return Job(
        name=name,
        kind=kind,
        level=0 if kind == "compute" else None,
        size=size,
        tasks=count if kind == "compute" else 0,
        transformations=("t",),
        resources=Resources(1, 1024),
        attempts=3,
        timeout_seconds=None,
        depends_on=tuple(JobLink(parent, LinkType.ALL) for parent in parents),
    )


def plan(*jobs: Job, properties: Mapping[str, str] | None = None, outputs: int = 0) -> Plan:
    return Plan(
        workflow="sketch",
        tasks=sum(one.tasks for one in jobs),
        files=0,
        levels=1,
        jobs=jobs,
        staging_url="s3://bucket/runs",
        uploads=0,
        outputs=outputs,
        properties=properties or {},
    )


def diamond(**properties: str) -> Plan:
    """Return a plain job, an array of two, a plain job and the verdict."""
    named = {key.replace("__", "."): value for key, value in properties.items()}
    return plan(
        job("first"),
        job("middle", "first", size=2),
        job("last", "middle"),
        job("verdict", "last", kind="verdict"),
        properties=named,
        outputs=1,
    )


def request(one: Job) -> SubmitRequest:
    return SubmitRequest(
        array=one.name,
        body={"jobName": f"sketch-{one.name}", "jobQueue": QUEUE, "jobDefinition": "d"},
        links=one.depends_on,
    )


@dataclass(slots=True)
class Bench:
    """One plan on fakes."""

    plan: Plan
    jobs: FakeJobs = field(default_factory=FakeJobs)
    store: MemoryStore = field(default_factory=MemoryStore)
    runs: FakeRunStore = field(default_factory=FakeRunStore)
    clock: FakeClock = field(default_factory=FakeClock)
    uploads: list[UploadItem] = field(default_factory=list)
    tries: dict[int, Try] = field(default_factory=dict)

    def start(self) -> None:
        body = {"try": 1, "run_url": RUN_URL, "service": "local", "job_prefix": "sketch-0"}
        self.event("run-started", **body)

    def event(self, kind: EventKind, **body: object) -> None:
        self.runs.log.append(RunEvent(self.clock.now(), kind, {"try": 1, **body}))

    def context(
        self,
        *,
        may_submit: bool = True,
        writes: bool = True,
        on_change: Callable[[Context], None] = lambda context: None,
    ) -> Context:
        state = new_state(self.plan, self.tries)
        journal = Journal(self.runs, self.clock, state, writes=writes)
        launch = Launch(
            requests={one.name: request(one) for one in journal.state.current.jobs},
            uploads=lambda: iter(self.uploads),
        )
        return Context(
            ports=Ports(jobs=self.jobs, store=self.store, runs=self.runs, clock=self.clock),
            plan=self.plan,
            journal=journal,
            pace=Pace(1.0, 8.0, 2.0),
            read_bags=lambda array, bags: ((bag, (f"{array}-{bag}",)) for bag in bags),
            launch=launch if may_submit else None,
            on_change=on_change,
        )

    def add_upload(self, path: Path, url: str, sha256: str | None = None) -> None:
        self.uploads.append(UploadItem(source=path, url=url, sha256=sha256))

    def end_all(self, status: str = "SUCCEEDED") -> None:
        """End every job that exists and has not ended."""
        for job_id, state in self.jobs.jobs.items():
            if state.status not in ("SUCCEEDED", "FAILED"):
                self.jobs.set_state(job_id, status)
