"""Reading job-submit files of pegasus-aws-batch: `{"SubmitJob": [{jobName, executable, …}]}`.

Source: Pegasus, pegasus-aws-batch, "job submit file"; keys in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pegbatch.errors import InputError, Problem
from pegbatch.model.job_files import FILE_TYPE, FILE_URL, JobTask
from pegbatch.parse.json_files import load_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}").fullmatch
_EXAMPLE = '{"SubmitJob": [{"jobName": "a", "executable": "run.sh", "arguments": "1"}]}'


def read_job_file(data: bytes, source: str) -> tuple[JobTask, ...]:
    """Return the tasks of a job-submit file, in its order.

    Errors: InputError with every entry that is wrong.
    """
    document = load_json(data, source)[0]
    entries = _small(document).get("submitjob") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise InputError(
            "no tasks: the key SubmitJob is missing or is no list with entries",
            where=source,
            hint=f"a job-submit file looks like {_EXAMPLE}",
        )
    problems: list[Problem] = []
    tasks = []
    for number, entry in enumerate(entries):
        where = f"{source}:SubmitJob[{number}]"
        found = list(_problems(entry, where))
        problems += found
        if not found:
            tasks.append(_task(_small(entry), where))
    if problems:
        raise InputError(problems=problems)
    return tuple(tasks)


def _small(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in mapping.items()}


def _problems(entry: object, where: str) -> Iterator[Problem]:
    if not isinstance(entry, dict):
        yield Problem("is not an object", where)
        return
    small = _small(entry)
    for key in ("jobName", "executable"):
        if not isinstance(small.get(key.lower()), str) or not small[key.lower()].strip():
            yield Problem(f"{key} is missing or is no text", where)
    if isinstance(small.get("jobname"), str) and not _NAME(small["jobname"]):
        yield Problem(
            f"jobName {small['jobname']!r} cannot name its log files",
            where,
            "letters, digits, `.`, `_`, `+` and `-`, a letter or digit first, at most 128",
        )
    if not isinstance(small.get("arguments", ""), str):
        yield Problem("arguments is no text", where, "write all of them as one text")
    yield from _environment_problems(small.get("environment", []), where)


def _environment_problems(variables: Any, where: str) -> Iterator[Problem]:
    if not isinstance(variables, list) or not all(map(_is_variable, variables)):
        yield Problem('environment is no list of {"name": …, "value": …}', where)
        return
    environment = _environment(variables)
    kind = environment.get(FILE_TYPE, "script")
    if kind not in ("script", "zip"):
        yield Problem(f"{FILE_TYPE} is {kind}", where, "script and zip are known")
    if kind == "zip" and FILE_URL not in environment:
        yield Problem(f"{FILE_TYPE} is zip, and no {FILE_URL} says which", where)
    if not environment.get(FILE_URL, "s3://").startswith("s3://"):
        yield Problem(f"{FILE_URL} is not s3://bucket/key", where)


def _is_variable(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    small = _small(value)
    return isinstance(small.get("name"), str) and isinstance(small.get("value"), str)


def _environment(variables: list[Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in map(_small, variables)}


def _task(small: Mapping[str, Any], where: str) -> JobTask:
    return JobTask(
        name=small["jobname"],
        executable=small["executable"],
        arguments=small.get("arguments", ""),
        environment=_environment(small.get("environment", [])),
        where=where,
    )
