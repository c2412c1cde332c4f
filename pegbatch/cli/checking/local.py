"""Checks on the embedded AWS: what applies there, and a word on what does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pegbatch.adapters.aws_entity_files import check_entity, read_entity_file
from pegbatch.batch.container_checks import form_of_image
from pegbatch.batch.entities import classify
from pegbatch.batch.entity_bodies import EntityBody, prepare
from pegbatch.batch.machine_fit import Largest
from pegbatch.cli.checking.requests import broken_limits
from pegbatch.cli.checking.subject import Subject
from pegbatch.emulator.background import local_folder
from pegbatch.errors import InputError, Problem
from pegbatch.model.checks import Finding, Verdict
from pegbatch.model.containers import TaskContainer
from pegbatch.model.entities import PROPERTY_OF, EntityKind

KINDS = (EntityKind.QUEUE, EntityKind.ENVIRONMENT, EntityKind.DEFINITION)
ELSEWHERE = {
    "credentials": "the embedded AWS asks for none",
    "region": "the embedded AWS is on this machine",
    "account": "the embedded AWS has one of its own",
    "network": "the embedded AWS is on this machine",
    "image": "children run as processes of this machine",
    "job role": "children may what you may",
    "quotas": "the embedded AWS is yours alone",
}
"""What is asked on Amazon only, and why."""


def check_local(subject: Subject) -> tuple[Finding, ...]:
    """Judge what a run on the embedded AWS needs; nothing is started."""
    return (
        *(Finding(name, Verdict.NOT_APPLICABLE, why) for name, why in ELSEWHERE.items()),
        _folder(local_folder(subject.base)),
        *(finding for kind in KINDS for finding in _entity(subject, kind)),
        *map(_container, subject.containers),
        *_sizes(subject.largest),
        *_limits(subject),
    )


def _folder(folder: Path) -> Finding:
    standing = next(path for path in (folder, *folder.parents) if path.exists())
    if os.access(standing, os.W_OK):
        return Finding("bucket", Verdict.OK, f"buckets are folders in {folder / 's3'}")
    hint = "plan with a --dir that you may write"
    return Finding("bucket", Verdict.FAILED, f"{standing} cannot be written", hint)


def _entity(subject: Subject, kind: EntityKind) -> Iterator[Finding]:
    text = subject.properties.get(PROPERTY_OF[kind], "")
    is_file = bool(text) and classify(kind, text, is_file=Path(text).is_file()).form == "file"
    if not is_file:
        name = text or "one with a name of its own"
        yield Finding(kind.words, Verdict.OK, f"{name}, made where it is missing")
        return
    problems = _problems(kind, Path(text))
    for problem in problems:
        yield Finding(kind.words, Verdict.FAILED, _placed(problem), problem.hint or "")
    if not problems:
        yield Finding(kind.words, Verdict.OK, f"{text} is what AWS takes")


def _problems(kind: EntityKind, path: Path) -> tuple[Problem, ...]:
    try:
        body = prepare(kind, read_entity_file(path), prefix="pegbatch", environment="local")
    except InputError as error:
        return error.problems
    return check_entity(EntityBody(kind, body, str(path)))


def _placed(problem: Problem) -> str:
    return f"{problem.where}: {problem.message}" if problem.where else problem.message


def _container(container: TaskContainer) -> Finding:
    found = form_of_image(container)
    message = f"{found.message}; children that are processes of this machine do without"
    return found if found.verdict is Verdict.FAILED else replace(found, message=message)


def _sizes(largest: tuple[Largest, ...]) -> Iterator[Finding]:
    vcpus = os.cpu_count() or 1
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    machine = f"this machine: {vcpus} vCPUs, {memory_mib:,} MiB"
    for job in largest:
        if job.vcpus > vcpus or job.memory_mib > memory_mib:
            hint = "it runs all the same, with what there is"
            text = f"{job} is larger than {machine}"
            yield Finding("largest job", Verdict.WARNING, text, hint)
        else:
            yield Finding("largest job", Verdict.OK, f"{job} fits {machine}")
    if not largest:
        text = "without a plan, sizes are not known"
        yield Finding("largest job", Verdict.NOT_APPLICABLE, text)


def _limits(subject: Subject) -> Iterator[Finding]:
    broken = broken_limits(subject.plan, "local")
    if broken is not None:
        for problem in broken.problems:
            yield Finding("limits", Verdict.FAILED, problem.message, problem.hint or "")
    elif subject.plan is not None:
        text = f"{len(subject.plan.jobs)} SubmitJob requests keep every limit"
        yield Finding("limits", Verdict.OK, text)
