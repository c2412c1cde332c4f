"""An explanation as people read it, and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from pegbatch.model.explanation import Explanation, FileOrigin

PARENTS_MAX = 10


def explain_json(explanation: Explanation) -> dict[str, Any]:
    """Return the explanation as plain values."""
    return dataclasses.asdict(explanation)


def explain_text(explanation: Explanation) -> str:
    """Return a paragraph a question: where, with whom, from what, under which profiles."""
    e = explanation
    limit = f", at most {e.timeout_seconds:,} s" if e.timeout_seconds is not None else ""
    gpus = f", {e.gpus} GPU" if e.gpus else ""
    lines = [
        f"{e.task}  {e.transformation}  ({e.where})",
        f"  level     {e.level}",
        f"  cluster   {e.cluster or '-'}",
        f"  array     {e.array}, bag {e.bag} of {e.array_size:,}",
        f"  bag       {_some(e.bag_tasks)}",
        f"  asks for  {e.vcpus} vCPU, {e.memory_mib:,} MiB{gpus}; {e.tries} tries{limit}",
        f"  runs      {' '.join(map(repr, e.argv))}",
        *([f"  in        container {e.container}"] if e.container else []),
        f"  waits for {_some(e.parents) or '-'}",
        *_files("inputs", e.inputs),
        *_files("outputs", e.outputs),
        "  profiles, strongest source first" if e.profiles else "  profiles  -",
    ]
    for profile in e.profiles:
        lines.append(f"    {profile.name} = {profile.value}  ({profile.source})")
        lines += [f"      instead of {other}" for other in profile.hidden]
    return "\n".join(lines) + "\n"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - PARENTS_MAX} more" if len(names) > PARENTS_MAX else ""
    return ", ".join(names[:PARENTS_MAX]) + more


def _files(title: str, files: Sequence[FileOrigin]) -> Iterator[str]:
    yield f"  {title}" if files else f"  {title.ljust(9)} -"
    for file in files:
        yield f"    {file.lfn}: {file.origin}" + (f"  [{file.url}]" if file.url else "")
