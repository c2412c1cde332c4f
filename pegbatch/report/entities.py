"""Definitions, environments, queues and buckets as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.model.checks import Finding
from pegbatch.model.entities import Entity, EntityKind

_WIDEST_KIND = max(len(kind.words) for kind in EntityKind)


def entities_text(entities: Sequence[Entity]) -> str:
    """Return one line an entity: kind, ARN, what was done, and why."""
    arn = max((len(entity.arn) for entity in entities), default=0)
    lines = [
        f"{entity.kind.words:<{_WIDEST_KIND}}  {entity.arn:<{arn}}  {entity.action}"
        + (f" ({entity.note})" if entity.note else "")
        for entity in entities
    ]
    return "\n".join(lines)


def listing_text(entities: Sequence[Entity], prefix: str) -> str:
    """Return a table of what exists under a prefix."""
    if not entities:
        return f"nothing exists under the prefix {prefix}"
    rows = [("KIND", "NAME", "STATE", "CAPACITY")]
    rows += [(e.kind.words, _name(e), _state(e), _capacity(e)) for e in entities]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = []
    for entity, row in zip([None, *entities], rows, strict=True):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[3]]).rstrip())
        if entity is not None and entity.reason:
            lines.append(f"    {entity.reason}")
    return "\n".join(lines)


def findings_text(findings: Sequence[Finding]) -> str:
    """Return one line a question, and what to do below it."""
    width = max((len(finding.check) for finding in findings), default=0)
    mark = max((len(finding.verdict.value) for finding in findings), default=0)
    lines = []
    for finding in findings:
        start = f"{finding.verdict.value:<{mark}}  {finding.check:<{width}}"
        lines.append(f"{start}  {finding.message}".rstrip())
        if finding.hint:
            lines.append(f"{'':<{mark + width + 4}}{finding.hint}")
    return "\n".join(lines)


def _name(entity: Entity) -> str:
    name = entity.name if entity.revision is None else f"{entity.name}:{entity.revision}"
    return name if entity.ours else f"{name} (not made by --create)"


def _state(entity: Entity) -> str:
    words = [word for word in (entity.state, entity.status) if word]
    if entity.note:
        words.append(f"({entity.note})")
    return " ".join(words) or "-"


def _capacity(entity: Entity) -> str:
    describe = {
        EntityKind.ENVIRONMENT: _environment,
        EntityKind.QUEUE: _queue,
        EntityKind.DEFINITION: _definition,
        EntityKind.BUCKET: _bucket,
    }[entity.kind]
    return describe(entity.capacity)


def _environment(capacity: Mapping[str, Any]) -> str:
    vcpus = f"{capacity.get('desired_vcpus', 0)} of {capacity.get('max_vcpus')} vCPUs"
    types = ", ".join(capacity.get("instance_types", ()))
    return ", ".join(part for part in (capacity.get("type", ""), vcpus, types) if part)


def _queue(capacity: Mapping[str, Any]) -> str:
    order = " then ".join(capacity.get("environments", ())) or "nothing"
    return f"priority {capacity.get('priority')}, on {order}"


def _definition(capacity: Mapping[str, Any]) -> str:
    shown = {"vcpus": "vCPUs", "memory_mib": "MiB", "gpus": "GPUs"}
    parts = [f"{capacity[key]} {word}" for key, word in shown.items() if capacity.get(key)]
    return ", ".join([*parts, str(capacity.get("image", ""))]).strip(", ")


def _bucket(capacity: Mapping[str, Any]) -> str:
    return str(capacity.get("region", ""))
