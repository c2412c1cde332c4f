"""What the parts of the engine share: ports, plan, journal, and what a submission needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pegbatch.engine.journal import Journal
from pegbatch.engine.looking.sampling import Sample
from pegbatch.engine.missing import BagReader
from pegbatch.engine.state import RunState
from pegbatch.engine.uploads import UploadItem
from pegbatch.model.plan import Plan
from pegbatch.model.requests import SubmitRequest
from pegbatch.ports import Clock, JobService, ObjectStore, RunStore

CANCEL_REASON = "cancelled by pegbatch cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The doors that the engine uses."""

    jobs: JobService
    store: ObjectStore
    runs: RunStore
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a submission needs besides the ports."""

    requests: Mapping[str, SubmitRequest]
    """By array of the plan."""
    uploads: Callable[[], Iterable[UploadItem]]
    """Called once, where the uploads are not done yet."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to ask: soon after a change, ever less often while nothing happens."""

    first_seconds: float
    longest_seconds: float
    factor: float = 1.5
    fresh_seconds: float = 600.0
    """How long after its submission a job may not be shown yet."""
    forgotten_seconds: float = 300.0
    """How long a job that was shown, or is no fresh one, may stay away before it is forgotten."""
    sample_seconds: float = 60.0
    """At least so long between two samples of children."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One process working on, or watching, one run."""

    ports: Ports
    plan: Plan
    journal: Journal
    pace: Pace
    read_bags: BagReader
    """Reads the ids of tasks in bags of the plan."""
    sample: Sample = field(default_factory=Sample)
    """Children that were asked for beside the arrays; the watcher fills it."""
    launch: Launch | None = None
    """Where this process may submit; without it, it waits for who does."""
    on_change: Callable[[Context], None] = lambda context: None
    """Told at every turn of the loop; it may look things up, and must come back soon."""
    on_note: Callable[[str], None] = lambda text: None
    """Told what takes a while, and why."""

    @property
    def state(self) -> RunState:
        """Return the fold as this process knows it."""
        return self.journal.state
