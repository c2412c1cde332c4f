"""The files that `debug` lays beside a task's inputs: how it is started, and what it should make.

Shapes: command and variables are written for a POSIX shell; names that a workflow has chosen are
quoted, or stand in comments as one line.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, normpath

from pegbatch.model.manifest import TaskLine
from pegbatch.model.plain import plain_line
from pegbatch.model.plan import Job

INPUTS, TASK, OUTPUTS = "inputs", "task", "outputs"
"""Folders: what the task reads; where `command.sh` runs it; what `--run` has made."""
COMMAND, ENVIRONMENT, README = "command.sh", "environment", "README.txt"


def command_text(task: TaskLine, kept: Iterable[str]) -> str:
    """Return `command.sh`: a fresh directory with the inputs, then the program.

    Shapes: kept are the names of variables that come from the user's own environment.
    """
    lines = [
        "#!/bin/sh",
        f"# Starts task {plain_line(task.id)} as its worker does, in a fresh directory.",
        'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit',
        f'rm -rf -- "$here/{TASK}" || exit',
        f'cp -Rp -- "$here/{INPUTS}" "$here/{TASK}" && cd -- "$here/{TASK}" || exit',
        *(f"mkdir -p -- {_path(folder)} || exit" for folder in _folders(task)),
        "exec env -i -- \\",
        *(f'  ${{{name}+"{name}=${name}"}} \\' for name in kept if name not in task.env),
        *(f"  {shlex.quote(f'{name}={value}')} \\" for name, value in variables(task).items()),
        f"  {_command(task)}",
    ]
    return "\n".join(lines) + "\n"


def environment_text(task: TaskLine) -> str:
    """Return `environment`: what the task is given beside the container's own variables."""
    rows = (f"{name}={shlex.quote(value)}\n" for name, value in variables(task).items())
    return "".join(rows)


def variables(task: TaskLine) -> Mapping[str, str]:
    """Return the variables of a task, beside those of its container."""
    return {**task.env, "PEGBATCH_TASK_INDEX": str(task.index)}


def readme_text(task: TaskLine, job: Job, told: Iterable[str]) -> str:
    """Return `README.txt`; told are lines on what is on record of the task."""
    made = [use.lfn + (" (need not be there)" if use.optional else "") for use in task.outputs]
    lines = [
        f"Task {plain_line(task.id)}, {plain_line(task.transformation)}, of array {job.name}",
        "",
        *map(plain_line, told),
        "",
        f"{INPUTS}/       its inputs, with the checksums that the run knows",
        f"{COMMAND}    runs it as its worker does, in a fresh copy of {INPUTS}: {TASK}/",
        f"{ENVIRONMENT}   the variables that it is given beside those of its container",
        f"`pegbatch debug --run` has its worker run it instead, and leaves {OUTPUTS}/ where it",
        "succeeds, and worker/ with its log and its record.",
        "",
        *_should_make(made),
        *_limits(task, job),
        "",
        "Its container is not here: programs, libraries and PATH are those of this machine.",
    ]
    return "\n".join(lines) + "\n"


def _should_make(made: list[str]) -> Iterator[str]:
    yield f"It should end with 0 and make in {TASK}/:" if made else "It should end with 0."
    yield from (f"  {plain_line(lfn)}" for lfn in made)


def _limits(task: TaskLine, job: Job) -> Iterator[str]:
    resources = job.resources
    gpus = f", {resources.gpus} GPUs" if resources.gpus else ""
    yield f"Its child has {resources.vcpus} vCPUs and {resources.memory_mib:,} MiB{gpus}."
    if task.timeout_seconds is not None:
        yield f"Its worker ends it after {task.timeout_seconds:,} s (maxwalltime)."
    if task.failure_message or task.success_message:
        yield "What it says counts, too (exitcode.failuremsg, exitcode.successmsg)."
    if task.hooks:
        yield "Its hooks are not run here."


def _folders(task: TaskLine) -> list[str]:
    """Return the folders that the worker makes for what the task writes."""
    streams = filter(None, (task.stdout, task.stderr))
    names = [use.lfn for use in (*task.outputs, *task.checkpoints)]
    return sorted({folder for name in (*names, *streams) if (folder := dirname(name))})


def _command(task: TaskLine) -> str:
    staged = {use.lfn for use in task.inputs if use.executable}
    program = normpath(task.argv[0])
    first = f"./{program}" if program in staged else task.argv[0]
    words = [shlex.quote(word) for word in (first, *task.argv[1:])]
    if "=" in first:  # `env` would take it for a variable
        words = ["sh", "-c", "'exec \"$@\"'", "sh", *words]
    return " ".join([*words, *_streams(task)])


def _streams(task: TaskLine) -> Iterator[str]:
    yield f"<{_path(task.stdin) if task.stdin is not None else '/dev/null'}"
    if task.stdout is not None:
        yield f">{_path(task.stdout)}"
    if task.stderr is not None:
        yield "2>&1" if task.stderr == task.stdout else f"2>{_path(task.stderr)}"


def _path(name: str) -> str:
    """Return a name in the task's directory as a shell takes it, whatever it begins with."""
    return shlex.quote(f"./{name}")
