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
    document = _mapping(load_json(data, source)[0])
    workflow = _mapping(document.get("workflow"))
    specification = _mapping(workflow.get("specification")) or workflow
    tasks = specification.get("tasks", specification.get("jobs"))
    if not isinstance(tasks, list):
        raise InputError("WfFormat without a list of tasks", where=source)
    found = [task for task in tasks if isinstance(task, dict)]
    return Inspection(
        kind="wfformat-json",
        version=str(document.get("schemaVersion", "")),
        jobs=len(tasks),
        edges=sum(len(_sequence(task.get("parents"))) for task in found),
        files=len({name for task in found for name in _files(task)}),
        warnings=(Problem("WfFormat is only looked at; pegbatch does not plan it", source),),
    )


def inspect_aws(data: bytes, source: str) -> Inspection:
    """Count the requests of an AWS Batch JSON file: the jobs of `SubmitJob`, or the one it is.

    Errors: InputError where it is malformed.
    """
    loaded, warnings = load_json(data, source)
    document = _mapping(loaded)
    jobs = next((value for key, value in document.items() if key.lower() == "submitjob"), None)
    return Inspection(
        kind="aws-json",
        version="",
        entries=1 if jobs is None else len(_sequence(jobs)),
        warnings=warnings,
    )


def _files(task: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files of one task: ids in newer versions, `files` with names in older ones."""
    for key in ("inputFiles", "outputFiles"):
        yield from (str(name) for name in _sequence(task.get(key)))
    for entry in _sequence(task.get("files")):
        yield str(_mapping(entry).get("name", _mapping(entry).get("id", "")))


def load_json(data: bytes, source: str) -> tuple[Any, tuple[Problem, ...]]:
    """Return a JSON document, and a warning where it breaks a line inside a string.

    Errors: InputError with the line where it is malformed otherwise, or nested too deep.
    """
    plain = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(plain), ()
    except orjson.JSONDecodeError as error:
        where = f"{source}:{error.lineno}"
        refusal = InputError(f"malformed JSON: {error.msg}", where=where)
        try:
            document = json.loads(plain, strict=False)
        except (ValueError, RecursionError):
            raise refusal from error
        return document, (Problem("malformed JSON that AWS will refuse: " + error.msg, where),)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
