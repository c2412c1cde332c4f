"""WfFormat traces and AWS Batch JSON, as far as `inspect` tells of them.

Source: WfCommons, WfFormat 1.2 to 1.5; AWS Batch API requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from pegbatch.errors import InputError, Problem
from pegbatch.model.inspection import Inspection


def inspect_wfformat(data: bytes, source: str) -> Inspection:
    """Count tasks, parent links and files of a WfFormat trace.

    Errors: InputError where it is malformed or has no list of tasks.
    """
    document = as_mapping(load_json(data, source)[0])
    found = wfformat_tasks(document, source)
    return Inspection(
        kind="wfformat-json",
        version=str(document.get("schemaVersion", "")),
        jobs=len(found),
        edges=sum(len(as_sequence(task.get("parents"))) for task in found),
        files=len({name for task in found for name in _files(task)}),
        warnings=(Problem("a trace cannot be run; `pegbatch estimate` plays it", source),),
    )


def wfformat_tasks(document: Mapping[str, Any], source: str) -> Sequence[Mapping[str, Any]]:
    """Return the tasks of a trace.

    Errors: InputError where it has no list of them.
    """
    workflow = as_mapping(document.get("workflow"))
    specification = as_mapping(workflow.get("specification")) or workflow
    tasks = specification.get("tasks", specification.get("jobs"))
    if isinstance(document.get("workflow"), str):
        raise InputError(
            "a file of a plan that pegbatch has made, not one to plan from",
            where=source,
            hint="give its submit directory to `pegbatch status`, `graph` or `run`",
        )
    if not isinstance(tasks, list):
        raise InputError("WfFormat without a list of tasks", where=source)
    return [task for task in tasks if isinstance(task, dict)]


def inspect_aws(data: bytes, source: str) -> Inspection:
    """Count the requests of an AWS Batch JSON file: the jobs of `SubmitJob`, or the one it is.

    Errors: InputError where it is malformed.
    """
    loaded, warnings = load_json(data, source)
    document = as_mapping(loaded)
    jobs = next((value for key, value in document.items() if key.lower() == "submitjob"), None)
    return Inspection(
        kind="aws-json",
        version="",
        entries=1 if jobs is None else len(as_sequence(jobs)),
        warnings=warnings,
    )


def _files(task: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files of one task: ids in newer versions, `files` with names in older ones."""
    for key in ("inputFiles", "outputFiles"):
        yield from (str(name) for name in as_sequence(task.get(key)))
    for entry in as_sequence(task.get("files")):
        yield str(as_mapping(entry).get("name", as_mapping(entry).get("id", "")))


def load_json(data: bytes, source: str) -> tuple[Any, tuple[Problem, ...]]:
    """Return a JSON document, and a warning where it breaks a line inside a string.

    Errors: InputError with the line where it is malformed otherwise, or nested too deep.
    """
    plain = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(plain), ()
    except orjson.JSONDecodeError as error:
        where = f"{source}:{error.lineno}"
        hint = f"look at column {error.colno}: a comma, quote or bracket is missing or too many"
        refusal = InputError(f"malformed JSON: {error.msg}", where=where, hint=hint)
        try:
            document = json.loads(plain, strict=False)
        except (ValueError, RecursionError):
            raise refusal from error
        return document, (Problem("malformed JSON that AWS will refuse: " + error.msg, where),)


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_sequence(value: Any) -> Sequence[Any]:
    """Return a JSON list, and an empty one for anything else."""
    return value if isinstance(value, list) else ()
