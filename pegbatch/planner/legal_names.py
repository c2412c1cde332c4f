"""Which LFNs a run can hold: as a path in a task's directory, a key on S3, a file name.

A name that passes is the same in all three, so nothing has to be escaped anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from pegbatch.errors import Problem
from pegbatch.model.workflow import Workflow

SEGMENT_MAX_BYTES = 253
"""A directory holds 255; the store keeps two for its own temporary names."""

CHECKSUM_SUFFIX = ".sha256"
"""What the store adds to the key of a large object to name its checksum (docs/formats.md)."""

_PLAIN_MAX = 201
_FIRST, _LATER = "A-Za-z0-9_", "A-Za-z0-9_.+=,@%~-"
_SEGMENT = rf"[{_FIRST}][{_LATER}]{{0,{_PLAIN_MAX - 1}}}"
_PLAIN = re.compile(rf"(?:{_SEGMENT}/)*{_SEGMENT}").fullmatch
_ODD_CHARACTER = re.compile(rf"[^\n{_LATER}]").search
_ODD_BEGINNING = re.compile(rf"\n[^{_FIRST}]").search
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]").search
_NUMBERED = re.compile(r"#[0-9]+\Z").search

_HINT = "rename the file in the workflow"


def illegal_names(workflow: Workflow, planned: Collection[int] = ()) -> list[Problem]:
    """Return a problem for every LFN that cannot be stored, at the first job that uses it.

    Shapes: planned are the jobs of sub-workflows that are planned already; what only their planning
    reads is no file of the run.
    """
    if _are_plain(workflow.lfns):
        return []
    wrong = {
        number: reason
        for number, lfn in enumerate(workflow.lfns)
        if not _PLAIN(lfn) and (reason := why_illegal(lfn))
    }
    wrong |= _files_that_are_folders(workflow.lfns) | _files_named_as_checksums(workflow.lfns)
    if not wrong:
        return []
    users = _first_users(workflow, set(wrong), planned)
    return [
        Problem(f"file name {workflow.lfns[number]!r} {reason}", users.get(number), _HINT)
        for number, reason in sorted(wrong.items())
        if number in users or not planned
    ]


def _are_plain(lfns: Sequence[str]) -> bool:
    """Say at one glance that nothing is odd about any name; nearly always it is so.

    Shapes: names on lines, none with a slash, which might be a folder's.
    """
    lines = "\n".join(("", *lfns, ""))
    return (
        not (_ODD_CHARACTER(lines) or _ODD_BEGINNING(lines))
        and lines.count("\n") == len(lfns) + 1
        and max(map(len, lfns), default=0) <= _PLAIN_MAX
        and CHECKSUM_SUFFIX not in lines
    )


def unprintable_names(workflow: Workflow) -> list[Problem]:
    """Return a problem for every other name with a control character.

    They stand in the lines of logs and listings, where a line break would forge another line.
    """
    tasks, transformations = workflow.tasks, [*map(str, workflow.transformations)]
    if not any(map(_CONTROL, (workflow.name, "".join(tasks.ids), "".join(transformations)))):
        return []
    named = [("the name of the workflow", workflow.name, workflow.source)]
    named += [
        ("the job id", task, f"{workflow.source}:{line}")
        for task, line in zip(tasks.ids, tasks.lines, strict=True)
    ]
    named += [("the transformation", name, workflow.source) for name in transformations]
    return [
        Problem(f"{what} {name!r} holds a control character", where, "take it out of the name")
        for what, name, where in named
        if _CONTROL(name)
    ]


def why_illegal(lfn: str) -> str:
    """Return what is wrong with one LFN as the end of a sentence, or an empty string."""
    if not lfn:
        return "is empty"
    if _CONTROL(lfn):
        return "holds a control character"
    if lfn.startswith("/"):
        return "is an absolute path"
    segments = lfn.split("/")
    if "" in segments:
        return "has an empty part (// or / at the end)"
    if "." in segments or ".." in segments:
        return "has the part . or .., which could leave the task's directory"
    if any(len(segment.encode()) > SEGMENT_MAX_BYTES for segment in segments):
        return f"has a part of more than {SEGMENT_MAX_BYTES} bytes"
    if segments[-1].endswith(":") or _NUMBERED(segments[-1]):
        return "ends in ':' or in '#' and digits, which no directory of buckets can hold"
    return ""


def _files_that_are_folders(lfns: Sequence[str]) -> dict[int, str]:
    if not any("/" in lfn for lfn in lfns):
        return {}
    folders: dict[str, str] = {}
    for lfn in lfns:
        folder = lfn.rpartition("/")[0]
        while folder and folder not in folders:
            folders[folder] = lfn
            folder = folder.rpartition("/")[0]
    return {
        number: f"is also the folder of {folders[lfn]!r}"
        for number, lfn in enumerate(lfns)
        if lfn in folders
    }


def _files_named_as_checksums(lfns: Sequence[str]) -> dict[int, str]:
    """Refuse `x.sha256` beside `x`: a store may keep the checksum of `x` under that key."""
    if not any(lfn.endswith(CHECKSUM_SUFFIX) for lfn in lfns):
        return {}
    known = set(lfns)
    return {
        number: f"is kept free for the checksum of {lfn.removesuffix(CHECKSUM_SUFFIX)!r}"
        for number, lfn in enumerate(lfns)
        if lfn.endswith(CHECKSUM_SUFFIX) and lfn.removesuffix(CHECKSUM_SUFFIX) in known
    }


def _first_users(workflow: Workflow, wanted: set[int], planned: Collection[int]) -> dict[int, str]:
    users: dict[int, str] = {}
    tasks = workflow.tasks
    for task in range(len(tasks)):
        uses = tasks.use_lfns[tasks.use_offsets[task] : tasks.use_offsets[task + 1]]
        streams = (tasks.stdins[task], tasks.stdouts[task], tasks.stderrs[task])
        for lfn in (*uses, *streams):
            if lfn in wanted and not (task in planned and _only_plans(workflow, task, lfn)):
                users.setdefault(lfn, f"{workflow.source}:{tasks.lines[task]}")
    return users


def _only_plans(workflow: Workflow, task: int, lfn: int) -> bool:
    """Tell whether a sub-workflow's job reads a file for its planning alone."""
    job, name = workflow.sub_workflows[task], workflow.lfns[lfn]
    return name == job.file or name in job.for_planning
