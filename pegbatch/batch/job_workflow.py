"""Job-submit files as a workflow of one level, which the planner makes one array job of.

The document is a Pegasus 5 workflow with its catalogs inside: JSON, and so YAML.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from pegbatch.errors import InputError, Problem
from pegbatch.model.job_files import FILE_TYPE, FILE_URL, TRANSFER_FILES, JobTask

SITE = "aws-batch"
VERSION = "5.0"
BUCKET_VARIABLE = "PEGASUS_AWS_BATCH_BUCKET"
NAME_VARIABLE = "PEGASUS_JOB_NAME"
ZIP_PROGRAM = "pegbatch-run-zip"
_FETCHES = (FILE_TYPE, FILE_URL)
"""They are for the container's entry script, which fetches our worker here."""


def job_workflow(
    tasks: Sequence[JobTask],
    common: Sequence[str],
    *,
    name: str,
    staging_url: str,
    unpacker: str,
) -> dict[str, Any]:
    """Return the workflow of some tasks, each in its own job; common files go to all of them.

    Shapes: job ids are the tasks' names; `<name>.out` and `<name>.err` are delivered outputs.
    unpacker is the path of the program that starts scripts in zip files.
    Errors: InputError where two tasks, or two different files, have the same name.
    """
    _check(tasks, common)
    programs = {task.name: _program(task, unpacker) for task in tasks}
    zips = {_zip_name(task): task.environment[FILE_URL] for task in tasks if task.is_zip}
    bucket = staging_url.removeprefix("s3://")
    return {
        "pegasus": VERSION,
        "name": name,
        "siteCatalog": {
            "pegasus": VERSION,
            "sites": [{"name": "local"}, _site(bucket)],
        },
        "transformationCatalog": {
            "pegasus": VERSION,
            "transformations": [
                {"name": key, "sites": [{"name": site, "type": kind, "pfn": pfn}]}
                for key, (site, kind, pfn) in dict(programs.values()).items()
            ],
        },
        "replicaCatalog": {
            "pegasus": VERSION,
            "replicas": [
                {"lfn": PurePath(path).name, "pfns": [{"site": "local", "pfn": path}]}
                for path in dict.fromkeys((*common, *(p for task in tasks for p in task.files)))
            ]
            + [{"lfn": lfn, "pfns": [{"site": SITE, "pfn": url}]} for lfn, url in zips.items()],
        },
        "jobs": [_job(task, programs[task.name][0], common, staging_url) for task in tasks],
    }


def _site(bucket: str) -> dict[str, Any]:
    server = {"operation": "all", "url": f"s3://{bucket}"}
    directory = {"type": "sharedScratch", "path": f"/{bucket}", "fileServers": [server]}
    return {"name": SITE, "directories": [directory]}


def _program(task: JobTask, unpacker: str) -> tuple[str, tuple[str, str, str]]:
    """Return the transformation of a task: name, then site, kind and place of its executable."""
    url = task.environment.get(FILE_URL)
    if task.is_zip:
        return ZIP_PROGRAM, ("local", "stageable", unpacker)
    if url is None:
        return task.executable, (SITE, "installed", task.executable)
    return f"{PurePath(task.executable).name}@{url}", (SITE, "stageable", url)


def _zip_name(task: JobTask) -> str:
    """Return the name of a task's zip file in its directory, another one for each URL."""
    url = task.environment[FILE_URL]
    return f"{ZIP_PROGRAM}-{sha256(url.encode()).hexdigest()[:12]}.zip"


def _job(
    task: JobTask, transformation: str, common: Sequence[str], staging_url: str
) -> dict[str, Any]:
    names = [PurePath(path).name for path in dict.fromkeys((*task.files, *common))]
    archive = [_zip_name(task)] if task.is_zip else []
    environment = {k: v for k, v in task.environment.items() if k not in _FETCHES}
    environment[BUCKET_VARIABLE] = f"{staging_url}/"
    environment[NAME_VARIABLE] = task.name
    if names:
        environment[TRANSFER_FILES] = ",".join(names)
    streams = {"stdout": f"{task.name}.out", "stderr": f"{task.name}.err"}
    outputs = [
        {"lfn": lfn, "type": "output", "stageOut": True, "registerReplica": False}
        for lfn in streams.values()
    ]
    return {
        "type": "job",
        "id": task.name,
        "name": transformation,
        "arguments": [word for word in (*archive, task.arguments) if word],
        "profiles": {"env": environment},
        "uses": [*({"lfn": lfn, "type": "input"} for lfn in (*names, *archive)), *outputs],
        **streams,
    }


def _check(tasks: Sequence[JobTask], common: Sequence[str]) -> None:
    problems = []
    seen: dict[str, str] = {}
    paths = {PurePath(path).name: path for path in common}
    for task in tasks:
        if task.name in seen:
            text = f"another task is called {task.name}: {seen[task.name]}"
            problems.append(Problem(text, task.where, "its log files would be lost"))
        seen.setdefault(task.name, task.where)
        for path in task.files:
            other = paths.setdefault(PurePath(path).name, path)
            if other != path:
                text = f"{path} and {other} would be one file in the container"
                problems.append(Problem(text, task.where, "give one of them another name"))
    if problems:
        raise InputError(problems=problems)
