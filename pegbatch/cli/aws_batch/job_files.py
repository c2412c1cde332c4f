"""Running job-submit files: all their tasks as one array job, with a log file or two for each."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from pegbatch.adapters.files import read_input
from pegbatch.adapters.private_files import write_private
from pegbatch.batch.job_workflow import job_workflow
from pegbatch.cli.aws_batch import run_zip
from pegbatch.cli.aws_batch.job_states import JobStates
from pegbatch.cli.aws_batch.options import OPTION_OF, AwsBatchOptions
from pegbatch.cli.aws_batch.task_logs import TaskEnd, merge_logs, write_tails
from pegbatch.cli.choice import ACCOUNT, REGION, Wishes
from pegbatch.cli.display import open_display
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.planning import make_plan
from pegbatch.cli.running import run_workflow
from pegbatch.cli.telling import echo_json, echo_warnings
from pegbatch.cli.wiring import OpenRun, open_run, open_store
from pegbatch.engine.context import Context
from pegbatch.engine.history.past_records import read_newest, records_of_array
from pegbatch.errors import Gathering, Problem, UsageError
from pegbatch.model.entities import PROPERTY_OF, EntityKind
from pegbatch.model.job_files import JobTask
from pegbatch.model.records import TaskRecord
from pegbatch.model.run_status import status_to_json
from pegbatch.parse.job_submit import read_job_file

logger = logging.getLogger(__name__)
WORK_FOLDER = "pegbatch-work"
"""In the current directory: submit directories of job files."""


def run_job_files(options: AwsBatchOptions) -> int:
    """Run the tasks of all job files as one array job, and wait; 1 where a task failed.

    Errors: UsageError where queue or definition are not named; InputError with all that is wrong
    in the files; OutsideError.
    """
    entities = _entities(options)
    tasks = _read(options.words.job_files)
    work = Path.cwd() / WORK_FOLDER
    work.mkdir(exist_ok=True)
    name = options.words.job_files[0].stem
    document = job_workflow(
        tasks,
        [str(Path(path).absolute()) for path in options.words.files],
        name=name,
        staging_url=str(options.bucket).rstrip("/"),
        unpacker=run_zip.__file__,
    )
    workflow = work / f"{options.prefix}-{name}.yml"
    write_private(workflow, json.dumps(document, indent=1).encode())
    run = open_run(_planned(options, workflow, work, entities))
    names = [task.name for task in tasks]
    log = JobStates(Path(f"{options.prefix}.jobstate.log"), names, run.clock.now)
    with open_display(run) as display:

        def changed(context: Context) -> None:
            log.changed(context.state)
            display.show(context)

        result = run_workflow(run, Wishes(aws=True), changed, detach=False)
    states = _logs(run, options, tasks, log)
    good = sum(state == "succeeded" for state in states.values())
    told = f"{good} of {len(states)} tasks succeeded; {run.directory.path}"
    logger.debug("%s", told)
    if options.words.as_json:
        echo_json({**status_to_json(result.status), "states": states})
    else:
        click.echo(told)
    return result.exit_code


def _entities(options: AwsBatchOptions) -> dict[str, str]:
    """Return queue and definition, which must exist, as properties."""
    problems = []
    found = {}
    for kind in (EntityKind.QUEUE, EntityKind.DEFINITION):
        reference = options.references.get(kind)
        if reference is None or reference.form == "file":
            problems.append(
                Problem(
                    f"a {kind.words} that exists is needed to run job files",
                    OPTION_OF[kind],
                    "give a name or an ARN; --create --save makes what a JSON file describes",
                )
            )
        else:
            found[PROPERTY_OF[kind]] = reference.text
    if problems:
        raise UsageError(problems=problems)
    return found


def _read(paths: Sequence[Path]) -> tuple[JobTask, ...]:
    gathering = Gathering()
    tasks: list[JobTask] = []
    for path in paths:
        tasks += gathering.attempt(partial(_file, path)) or ()
    gathering.finish()
    return tuple(tasks)


def _file(path: Path) -> tuple[JobTask, ...]:
    return read_job_file(read_input(path), str(path))


def _planned(
    options: AwsBatchOptions, workflow: Path, work: Path, entities: Mapping[str, str]
) -> Path:
    values = {
        REGION: options.region,
        # Only its being there matters: whose the credentials are is not asked here.
        ACCOUNT: options.account or "000000000000",
        "dagman.retry": "0",
        "pegbatch.array.by": "level",
        **entities,
    }
    request = PlanRequest(
        workflow=workflow,
        conf=options.words.conf,
        definitions=tuple(f"{key}={value}" for key, value in values.items()),
        base_dir=work,
        sites=(),
        output_sites=("local",),
        output_dir=str(Path.cwd()),
        staging_sites={},
        cluster=(),
        catalogs=True,
        catalog_files=False,
        force=True,
    )
    return make_plan(request, echo_warnings).submit_dir


def _logs(
    run: OpenRun, options: AwsBatchOptions, tasks: Sequence[JobTask], log: JobStates
) -> dict[str, str]:
    """Complete the log files, merge them where asked, and return the states of the tasks."""
    records = _records(run)
    folder = Path.cwd()
    write_tails(folder, records.values(), {task.name for task in tasks})
    arrays = run.state().arrays
    job_id = next((one.job_id for one in arrays.values() if one.job_id), "") or ""
    ends = [_end(task, records.get(task.name), job_id, len(tasks)) for task in tasks]
    log.ended(ends, records)
    if options.words.merge_logs:
        merge_logs(folder, Path(options.words.merge_logs), ends)
    return {end.name: end.state for end in ends}


def _end(task: JobTask, record: TaskRecord | None, job_id: str, size: int) -> TaskEnd:
    child = f"{job_id}:{record.bag}" if record is not None and size > 1 else job_id
    return TaskEnd(
        name=task.name,
        app=task.executable,
        state="failed" if record is None else record.state,
        exit_code=None if record is None else record.exit_code,
        job_id=child,
    )


def _records(run: OpenRun) -> dict[str, TaskRecord]:
    store, url = open_store(run, "aws"), run.state().run_url
    found: dict[str, TaskRecord] = {}
    for job in run.plan.jobs:
        if job.kind == "compute":
            for _, files in sorted(records_of_array(store, url, job.name).items()):
                found.update(read_newest(store, files))
    return found
