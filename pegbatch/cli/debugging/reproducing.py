"""The use case of `debug`: one task of a run in a folder of its own, with its real inputs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pegbatch.adapters.found_tasks import FoundTask, find_task, similar_tasks
from pegbatch.adapters.local_child import ARRAY, LOG, lay_run, run_child
from pegbatch.adapters.store import Store
from pegbatch.batch.requests import compares_checksums
from pegbatch.cli.choice import service_of
from pegbatch.cli.debugging.folder import folder_for, new_folder
from pegbatch.cli.debugging.inputs import Source, fetch_inputs
from pegbatch.cli.running import begun
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, open_store
from pegbatch.emulator.inheritance import FOR_CHILDREN, of_children
from pegbatch.engine.history.past_records import newest_records
from pegbatch.errors import InputError, OutsideError, Problem
from pegbatch.model.manifest import FileUse, TaskLine, task_from_json
from pegbatch.model.plan import Plan
from pegbatch.model.records import TaskRecord
from pegbatch.model.reproduction import Reproduction
from pegbatch.planner.legal_names import why_illegal
from pegbatch.report import debug_files

WORKER = "worker"
"""Folder of what `--run` needs and leaves: worker, log, record."""
_LEFT_OUT = ("hooks", "cores", "bag_cores", "strict", "tries")
"""Keys of a bag line that have no meaning for a task alone, or reach beyond this folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A task that is to be done again."""

    task: TaskLine
    found: FoundTask
    record: TaskRecord | None


def reproduce(run: OpenRun, task_id: str, into: Path | None, *, run_it: bool) -> Reproduction:
    """Lay a task down in a new folder, and with run_it run it there as its worker would.

    Nothing is written to the run.
    Errors: InputError where there is no such task, the plan is damaged or the folder is not empty;
    OutsideError where inputs cannot be had.
    """
    state = begun(run)
    service = service_of(state.service)
    found = _find(run, task_id)
    task = _read(found, run)
    store = open_store(run, service)
    source = Source(
        run=run,
        store=store,
        run_url=state.run_url,
        verify=compares_checksums(run.plan.properties),
    )
    records = newest_records(store, state.run_url, found.array, task.bag)
    case = _Case(task=task, found=found, record=records.get(task_id))
    known = run.known_id(task_id)
    with new_folder(folder_for(known, into)) as folder:
        sizes = fetch_inputs(source, _inputs(task), _made(folder / debug_files.INPUTS))
        _write_files(folder, case, run.plan)
        result = Reproduction(
            id=known,
            transformation=task.transformation,
            array=run.known_array(found.array),
            bag=task.bag,
            folder=str(folder),
            files=len(sizes),
            size_bytes=sum(sizes.values()),
            record=case.record,
        )
    if not run_it:
        return result
    say(f"pegbatch: running {known} on this machine, in {folder}")
    return replace(result, ran=_run(folder, case, verify=source.verify))


def _find(run: OpenRun, task_id: str) -> FoundTask:
    folder = run.directory.path
    arrays = [job.name for job in run.plan.jobs if job.kind == "compute"]
    found = find_task(folder, arrays, task_id)
    if found is None:
        near = similar_tasks(folder, arrays, task_id)
        look = f"`pegbatch analyze {shlex.quote(str(run.known_path))}` names those that failed"
        raise InputError(
            f"no task is called {run.known_id(task_id)!r}",
            where=str(run.known_path),
            hint=f"did you mean {', '.join(map(run.known_id, near))}?" if near else look,
        )
    return found


def _read(found: FoundTask, run: OpenRun) -> TaskLine:
    """Read a task, whose names must not lead out of its folder.

    Errors: InputError.
    """
    where = str(run.directory.path)
    try:
        task = task_from_json(found.row)
    except (KeyError, TypeError) as error:
        raise InputError(f"this task of the plan is not whole: {error!r}", where=where) from error
    names = [use.lfn for use in (*task.inputs, *task.outputs, *task.checkpoints)]
    names += filter(None, (task.stdin, task.stdout, task.stderr))
    wrong = {name: reason for name in names if (reason := why_illegal(name))}
    problems = [Problem(f"file name {name!r} {wrong[name]}", where) for name in wrong]
    if task.sub_workflow is not None:
        raise _no_task_to_debug(run, task.id)
    if not task.argv:
        problems.append(Problem(f"task {task.id!r} runs no program", where))
    if problems:
        raise InputError(problems=problems)
    return task


def _no_task_to_debug(run: OpenRun, task_id: str) -> InputError:
    """Say that a planner is not done again here: it would submit jobs."""
    known = run.known_id(task_id)
    return InputError(
        f"task {known!r} plans and runs a workflow, and is not done again here",
        where=str(run.known_path),
        hint=f"debug a task of that workflow ({known}.…): `pegbatch analyze` names those that "
        "failed; `pegbatch logs` of this one tells why it could not be planned",
    )


def _inputs(task: TaskLine) -> tuple[FileUse, ...]:
    """Return what lies in a task's directory when it starts; a checkpoint hides an input."""
    saved = {use.lfn: use._replace(optional=True) for use in task.checkpoints}
    inputs = [use for use in task.inputs if use.lfn not in saved]
    hidden = {use.lfn: use for use in task.inputs if use.lfn in saved}
    checkpoints = (
        use._replace(others=(hidden[lfn].url, *hidden[lfn].others)) if lfn in hidden else use
        for lfn, use in saved.items()
    )
    return (*inputs, *checkpoints)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _write_files(folder: Path, case: _Case, plan: Plan) -> None:
    task, job = case.task, plan.job(case.found.array)
    command = folder / debug_files.COMMAND
    command.write_text(debug_files.command_text(task, FOR_CHILDREN))
    command.chmod(0o755)
    (folder / debug_files.ENVIRONMENT).write_text(debug_files.environment_text(task))
    readme = debug_files.readme_text(task, job, _told(case))
    (folder / debug_files.README).write_text(readme)


def _told(case: _Case) -> Iterator[str]:
    """Yield what is on record of a task."""
    record = case.record
    if record is None:
        yield "The run has no record of it."
        return
    took = f"after {max(0.0, record.end - record.start):.1f} s"
    yield f"In the run: {record.state} {took} (try {record.try_}, attempt {record.attempt})."
    yield from record.reason.splitlines()


def _run(folder: Path, case: _Case, *, verify: bool) -> TaskRecord:
    """Run a task by its worker, in a run of its own below the folder; return the record.

    Errors: OutsideError where the worker has left none.
    """
    place = _made(folder / WORKER)
    lay_run(place, _row(folder, case))
    unverified = {} if verify else {"PEGBATCH_INTEGRITY": "none"}
    code = run_child(place, {**of_children(os.environ), **unverified})
    record = newest_records(Store(), f"file://{place}", ARRAY, 0).get(case.task.id)
    if record is None:
        raise OutsideError(
            f"the worker ended with exit code {code} and left no record: {_last_line(place / LOG)}"
        )
    return record


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _row(folder: Path, case: _Case) -> Mapping[str, Any]:
    """Return the bag line of a task whose files lie below a folder, and nowhere else."""
    row = {key: value for key, value in case.found.row.items() if key not in _LEFT_OUT}
    read = [
        {**_kept(use, "sha256", "executable", "optional"), "url": f"file://{path}"}
        for use in row["inputs"]
        if (path := folder / debug_files.INPUTS / use["lfn"]).is_file()
    ]
    known = {use["lfn"] for use in read}
    saved = [use for use in row.get("checkpoints", ()) if use["lfn"] not in known]
    read += [
        {"lfn": use["lfn"], "url": f"file://{path}"}
        for use in saved
        if (path := folder / debug_files.INPUTS / use["lfn"]).is_file()
    ]
    outputs = f"file://{folder / debug_files.OUTPUTS}"
    made = [{**_kept(use, "optional"), "url": f"{outputs}/{use['lfn']}"} for use in row["outputs"]]
    kept = [{"lfn": use["lfn"], "url": f"{outputs}/{use['lfn']}"} for use in saved]
    return {**row, "bag": 0, "inputs": read, "outputs": made, "after": [], "checkpoints": kept}


def _kept(use: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: use[key] for key in ("lfn", *keys) if key in use}
