"""Workflows written out as DAX XML and as Pegasus 5 YAML, to be read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from pegbatch.model.hooks import Hooks
from pegbatch.model.profiles import Profiles
from pegbatch.model.workflow import (
    CHECKPOINT,
    INPUT,
    OPTIONAL,
    OUTPUT,
    REGISTER,
    TRANSFER,
    TransformationName,
    Workflow,
)
from tests.workflows import uses_of


@dataclass(frozen=True)
class Written:
    """One job, as it goes into the file."""

    id: str
    name: TransformationName
    words: tuple[str, ...] = ()
    uses: tuple[tuple[str, int], ...] = ()
    streams: tuple[str | None, str | None, str | None] = (None, None, None)
    profiles: Profiles = ()
    hooks: Hooks = ()


def jobs_of(workflow: Workflow) -> list[Written]:
    """Return what a parsed workflow says of its jobs."""
    tasks = workflow.tasks
    columns = (tasks.stdins, tasks.stdouts, tasks.stderrs)
    found = []
    for task, identifier in enumerate(tasks.ids):
        streams = [column[task] for column in columns]
        stdin, stdout, stderr = (None if n < 0 else workflow.lfns[n] for n in streams)
        number = tasks.hooks[task] if tasks.hooks is not None else 0
        found.append(
            Written(
                id=identifier,
                name=workflow.transformations[tasks.transformations[task]],
                words=tuple(tasks.arguments[task].split()),
                uses=tuple(uses_of(workflow, task).items()),
                streams=(stdin, stdout, stderr),
                profiles=workflow.profile_sets[tasks.profiles[task]],
                hooks=workflow.hook_sets[number],
            )
        )
    return found


def edges_of(workflow: Workflow) -> list[tuple[str, str]]:
    """Return the edges as (parent, child)."""
    ids, edges = workflow.tasks.ids, workflow.edges
    return [(ids[p], ids[c]) for p, c in zip(edges.parents, edges.children, strict=True)]


def as_dax(name: str, jobs: Sequence[Written], edges: Sequence[tuple[str, str]]) -> bytes:
    """Return a DAX 3.6."""
    lines = [f'<?xml version="1.0" encoding="UTF-8"?><adag name={quoteattr(name)} version="3.6">']
    for job in jobs:
        lines.append(f"<job id={quoteattr(job.id)} {_xml_name(job.name)}>")
        lines.append(f"<argument>{escape(' '.join(job.words))}</argument>")
        for space, key, value in job.profiles:
            shown = f"namespace={quoteattr(space)} key={quoteattr(key)}"
            lines.append(f"<profile {shown}>{escape(value)}</profile>")
        for tag, lfn in zip(("stdin", "stdout", "stderr"), job.streams, strict=True):
            lines += [f"<{tag} name={quoteattr(lfn)}/>"] if lfn else []
        lines += [_xml_use(lfn, flags) for lfn, flags in job.uses]
        for event, command in job.hooks:
            lines.append(f'<invoke when="{event}">{escape(command)}</invoke>')
        lines.append("</job>")
    for parent, child in edges:
        lines.append(f"<child ref={quoteattr(child)}><parent ref={quoteattr(parent)}/></child>")
    return "\n".join([*lines, "</adag>"]).encode()


def as_yaml(name: str, jobs: Sequence[Written], edges: Sequence[tuple[str, str]]) -> bytes:
    """Return a YAML 5.0 workflow in block style; scalars are written as JSON strings."""
    lines = ['pegasus: "5.0"', f"name: {_scalar(name)}", "jobs:"]
    for job in jobs:
        lines.append(f"- id: {_scalar(job.id)}")
        lines += [f"  {key}: {_scalar(value)}" for key, value in _yaml_job(job).items()]
    lines.append("jobDependencies:")
    lines += [f"- {_scalar({'id': p, 'children': [c]})}" for p, c in edges]
    return "\n".join(lines).encode()


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _yaml_job(job: Written) -> dict[str, Any]:
    space, name, version = job.name
    found: dict[str, Any] = {"type": "job", "name": name, "arguments": list(job.words)}
    found |= {"namespace": space} if space else {}
    found |= {"version": version} if version else {}
    streams = zip(("stdin", "stdout", "stderr"), job.streams, strict=True)
    found |= {key: lfn for key, lfn in streams if lfn}
    found["uses"] = [_yaml_use(lfn, flags) for lfn, flags in job.uses]
    profiles: dict[str, dict[str, str]] = {}
    for namespace, key, value in job.profiles:
        profiles.setdefault(namespace, {})[key] = value
    hooks = [{"_on": event, "cmd": command} for event, command in job.hooks]
    return {**found, "profiles": profiles, "hooks": {"shell": hooks}}


def _yaml_use(lfn: str, flags: int) -> dict[str, Any]:
    return {
        "lfn": lfn,
        "type": _link(flags),
        "optional": _is_optional(flags),
        "stageOut": bool(flags & TRANSFER),
        "registerReplica": bool(flags & REGISTER),
    }


def _xml_name(name: TransformationName) -> str:
    parts = {"namespace": name.namespace, "name": name.name, "version": name.version}
    return " ".join(f"{key}={quoteattr(value)}" for key, value in parts.items() if value)


def _xml_use(lfn: str, flags: int) -> str:
    words = {
        "name": lfn,
        "link": _link(flags),
        "optional": str(_is_optional(flags)).lower(),
        "transfer": str(bool(flags & TRANSFER)).lower(),
        "register": str(bool(flags & REGISTER)).lower(),
    }
    return f"<uses {' '.join(f'{key}={quoteattr(word)}' for key, word in words.items())}/>"


def _is_optional(flags: int) -> bool:
    return bool(flags & OPTIONAL) and not flags & CHECKPOINT


def _link(flags: int) -> str:
    words = {CHECKPOINT: "checkpoint", INPUT: "input", OUTPUT: "output"}
    return next(word for bit, word in words.items() if flags & bit)
