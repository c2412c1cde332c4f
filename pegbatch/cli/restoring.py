"""`pegbatch run URL`: brings back the submit directory of a run from what lies in the store."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.adapters.login_stores import options_of_users
from pegbatch.adapters.plan_writer import VOGROUP, publish_directory
from pegbatch.adapters.restored_runs import (
    bring_plan,
    has_foreign_commands,
    has_try,
    read_known_run,
    read_plan,
    restored_user,
)
from pegbatch.adapters.s3_logins import home_directory, load_logins
from pegbatch.adapters.sqlite_runs import DATABASE, SqliteRuns
from pegbatch.adapters.store import Store
from pegbatch.adapters.wire_buckets import wire_options
from pegbatch.cli.choice import Service, Wishes, service_of
from pegbatch.cli.current_user import current_user
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import (
    OpenRun,
    amazon_options,
    batch_caller,
    engine_context,
    open_run,
    open_store,
)
from pegbatch.emulator.background import local_folder, running
from pegbatch.engine.context import Context
from pegbatch.engine.forgotten import settle_forgotten
from pegbatch.errors import InputError, ObjectMissing, UsageError
from pegbatch.model.events import EventKind, RunEvent
from pegbatch.model.known_run import KnownRun
from pegbatch.model.layout import RUN_FILE, join_url, plan_key
from pegbatch.model.names import job_name, safe_name
from pegbatch.model.plan import Plan
from pegbatch.report.status import SERVICES

WF_OUTPUT = "wf-output"
DEEPEST = 6
"""Folders below the base directory in which submit directories are looked for."""


def restore(word: str, wishes: Wishes, *, base_dir: Path | None, output_dir: Path | None) -> Path:
    """Bring a run's submit directory back, whole or not at all; return it.

    Jobs of the run that Batch still knows are attached; those it has forgotten are in the state
    that their records tell.
    Errors: InputError where there is no such run, or its directory is still there; UsageError
    where the options contradict the run; those of store and Batch.
    """
    run_url, base = word.rstrip("/"), (base_dir or Path()).resolve()
    _refuse_known(base, run_url)
    service, store = _find_store(run_url, base, wishes)
    known, plan = read_known_run(store, run_url), read_plan(store, run_url)
    _check_place(known, run_url, service, base)
    folder = (
        base / restored_user(store, run_url, current_user()) / VOGROUP / safe_name(plan.workflow)
    )
    if has_foreign_commands(store, run_url):
        say("pegbatch: the hooks of the workflow are not run: what a store says is no command here")

    def fill(draft: Path) -> None:
        chosen = base / WF_OUTPUT if output_dir is None else output_dir.resolve()
        moved = bring_plan(store, run_url, draft, base=base, places=(base, chosen))
        if moved:
            say(f"pegbatch: {moved:,} outputs go to {chosen}; --output-dir names another place")
        write_log(draft, known, with_try=has_try(store, run_url, known.number))
        take_up(open_run(draft), known)

    path = publish_directory(folder, fill)
    say(f"pegbatch: the run is restored to {path}")
    return path


def known_directory(base: Path, run_url: str) -> Path | None:
    """Return the submit directory of a run where it is still there, below a base directory."""
    for path in _submit_directories(base):
        urls = (e.body.get("run_url") for e in SqliteRuns(path).events() if e.kind == "run-started")
        if run_url in urls:
            return path
    return None


def _refuse_known(base: Path, run_url: str) -> None:
    """Refuse to have two directories drive one run.

    Errors: InputError naming the one that is there.
    """
    path = known_directory(base, run_url)
    if path is not None:
        raise InputError(
            "the submit directory of this run is still there",
            where=str(path),
            hint=f"go on with `pegbatch run {shlex.quote(str(path))}`",
        )


def _submit_directories(base: Path) -> Iterator[Path]:
    """Yield the directories with a log of a run, not too deep below the base."""
    for place, folders, files in os.walk(base):
        here = Path(place)
        deep = len(here.relative_to(base).parts) >= DEEPEST
        if DATABASE in files:
            yield here
        keep = [] if deep or DATABASE in files or "batch.db" in files else folders
        folders[:] = [name for name in keep if not name.startswith(".")]


def _find_store(run_url: str, base: Path, wishes: Wishes) -> tuple[Service, Store]:
    """Return where a run lies: in the embedded AWS of the base directory, or on Amazon.

    Errors: InputError where it is in neither.
    """
    if wishes.aws and wishes.local:
        raise UsageError("--aws and --local exclude each other")
    for service, store in _stores(base, wishes):
        try:
            store.head(join_url(run_url, plan_key(RUN_FILE)))
        except ObjectMissing:
            continue
        return service, store
    raise InputError(
        "there is no run",
        where=run_url,
        hint="give the URL that `pegbatch status` showed; of a run on the embedded AWS, with --dir "
        "the directory that holds its `local-aws` (and --wire where it was run so); of one on "
        "Amazon, with AWS_REGION set",
    )


def _stores(base: Path, wishes: Wishes) -> Iterator[tuple[Service, Store]]:
    of_user = options_of_users(load_logins(home_directory(os.environ), os.environ), {})
    if not wishes.aws:
        folder = local_folder(base)
        yield "local", Store(s3_directory=folder / "s3", of_user=of_user)
        endpoint = running(folder) if wishes.wire else None
        if endpoint is not None:
            yield "local", Store(s3=wire_options(endpoint.url), of_user=of_user)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not wishes.local and region:
        yield "aws", Store(s3=amazon_options(region), of_user=of_user)


def _check_place(known: KnownRun, run_url: str, service: Service, base: Path) -> None:
    """Refuse a run that is not where it says it is: its tasks must not come to run elsewhere.

    Errors: InputError.
    """
    if known.service != service and not run_url.startswith("file://"):
        raise InputError(
            f"this run says it is on {SERVICES.get(known.service)}, and its objects are on "
            f"{SERVICES[service]}",
            where=run_url,
            hint="only where it was begun can it go on",
        )
    here = local_folder(base)
    there = Path(known.local_folder) if known.local_folder else here
    if known.service == "local" and there != here and (there / "batch.db").is_file():
        raise InputError(
            f"this run is on the embedded AWS in {there}",
            where=run_url,
            hint=f"restore it there: --dir {there.parent}",
        )


def write_log(draft: Path, known: KnownRun, *, with_try: bool) -> None:
    """Begin the log as it was when the newest try that was sent had begun."""
    runs = SqliteRuns(draft)
    number = known.number if with_try else known.number - 1
    body = {
        "run_url": known.run_url,
        "service": known.service,
        "job_prefix": known.job_prefix,
        **({"wire": True} if known.wire else {}),
    }
    kinds: list[tuple[EventKind, dict[str, object]]] = [("run-started", {**body, "try": 1})]
    if number > 1:
        kinds.append(("run-started", {**body, "try": number}))
    kinds.append(("uploaded", {"try": max(1, number), "files": 0, "bytes": 0}))
    for kind, told in kinds:
        runs.append(RunEvent(known.started, kind, told))


def take_up(run: OpenRun, known: KnownRun, *, forgets: bool = True) -> int:
    """Note the jobs of the newest try that Batch knows, and what became of the others.

    Shapes: where Batch cannot have forgotten any yet, the others were never submitted; returns how
    many it knows.
    """
    service = service_of(known.service)
    with batch_caller(run, service) as caller:
        store = open_store(run, service, wire=known.wire)
        context = engine_context(
            run, service, caller, store, writes=True, on_change=lambda context: None
        )
        queues = _existing_queues(caller, known.queues)
        names = _job_names(run.plan, context, known)
        lost = [array for array, name in names.items() if not _attach(context, array, name, queues)]
        say(
            f"pegbatch: AWS Batch knows {len(names) - len(lost):,} of {len(names):,} jobs of "
            f"try {context.state.number}"
        )
        if forgets:
            settle_forgotten(context, lost)
        return len(names) - len(lost)


def _job_names(plan: Plan, context: Context, known: KnownRun) -> dict[str, str]:
    """Return the names of the try's jobs on Batch, by array."""
    current, run_hex = context.state.current, known.job_prefix.rpartition("-")[2]
    workflow = plan.label or plan.workflow
    return {job.name: job_name(workflow, run_hex, current.array(job)) for job in current.jobs}


def _existing_queues(caller: AwsCaller, queues: tuple[str, ...]) -> list[str]:
    """Return the queues that are still there: no job is in another."""
    return [
        queue
        for queue in queues
        if caller.call("describe_job_queues", jobQueues=[queue]).get("jobQueues")
    ]


def _attach(context: Context, array: str, name: str, queues: list[str]) -> bool:
    """Look a job up by its name; say whether it is there."""
    for queue in queues:
        found = context.ports.jobs.find(queue, name)
        if found:
            context.journal.put("intent", array=array, job_name=name, job_queue=queue)
            context.journal.put("submitted", array=array, job_name=name, job_id=found[0].job_id)
            return True
    return False
