"""Going on with the run of a sub-workflow that an earlier attempt of its job has begun."""

from __future__ import annotations

from pathlib import Path

from pegbatch.adapters.plan_writer import VOGROUP, publish_directory
from pegbatch.adapters.restored_runs import bring_plan, has_try, read_known_run, read_plan
from pegbatch.cli.current_user import current_user
from pegbatch.cli.nesting.host import Host
from pegbatch.cli.restoring import take_up, write_log
from pegbatch.cli.wiring import open_run
from pegbatch.errors import InputError, ObjectMissing
from pegbatch.model.known_run import KnownRun
from pegbatch.model.names import safe_name
from pegbatch.ports import ObjectStore

REMEMBERED_SECONDS = 5 * 24 * 3600.0
"""For so long Batch shows every job that it was sent.

Source: Batch User Guide, "Job states": seven days after its end.
"""
ANYWHERE = (Path("/"),)
"""Nothing is brought here that goes to the client's machine: who fetches it looks at the place."""


def attach(store: ObjectStore, host: Host, folder: Path, *, now: float) -> Path | None:
    """Bring back the submit directory of a run of which jobs were submitted; None where none was.

    Errors: those of store and Batch.
    """
    try:
        known = read_known_run(store, host.run_url)
        plan = read_plan(store, host.run_url)
    except (ObjectMissing, InputError):
        return None  # it ended while it sent the plan, which comes before all jobs
    place = folder / safe_name(current_user()) / VOGROUP / safe_name(plan.workflow)
    try:
        return publish_directory(place, lambda draft: _fill(draft, store, host, known, now))
    except (_NothingSubmitted, InputError):
        return None


class _NothingSubmitted(Exception):
    """A run was prepared, and that is all: what it sent may not be whole."""


def _fill(draft: Path, store: ObjectStore, host: Host, known: KnownRun, now: float) -> None:
    bring_plan(store, host.run_url, draft, base=draft.parents[3], places=ANYWHERE)
    write_log(draft, known, with_try=has_try(store, host.run_url, known.number))
    forgets = now - known.started > REMEMBERED_SECONDS
    attached = take_up(open_run(draft, host), known, forgets=forgets)
    if not attached and known.number == 1 and not forgets:
        raise _NothingSubmitted
