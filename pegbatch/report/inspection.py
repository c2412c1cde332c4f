"""The words of `pegbatch inspect`."""

from __future__ import annotations

from typing import Any

from pegbatch.errors import Problem
from pegbatch.model.inspection import Inspection, Kind

_SHOWN = 20
"""Warnings that a human is shown; `--json` has all."""

_TITLES: dict[Kind, str] = {
    "dax-xml": "workflow, DAX XML",
    "wf-yaml": "workflow, Pegasus YAML",
    "sc-xml": "site catalog, XML",
    "sc-yaml": "site catalog, YAML",
    "tc-text": "transformation catalog, text",
    "tc-yaml": "transformation catalog, YAML",
    "rc-file": "replica catalog, File",
    "rc-yaml": "replica catalog, YAML",
    "properties": "properties",
    "aws-json": "AWS Batch JSON",
    "wfformat-json": "WfFormat trace, JSON",
}

_ENTRIES: dict[str, str] = {
    "sc": "sites",
    "tc": "transformations",
    "rc": "replica entries",
    "properties": "properties",
    "aws": "requests",
}


def inspection_json(inspection: Inspection) -> dict[str, Any]:
    """Return the one object of `--json`; a key that has no meaning for the kind is null."""
    return {
        "kind": inspection.kind,
        "version": inspection.version or None,
        "jobs": inspection.jobs,
        "edges": inspection.edges,
        "files": inspection.files,
        "entries": inspection.entries,
        "warnings": [str(problem) for problem in inspection.warnings],
    }


def inspection_text(inspection: Inspection, source: str) -> str:
    """Return the lines that a human reads."""
    title = f"{_TITLES[inspection.kind]} {inspection.version}".rstrip()
    lines = [f"{source}: {title} ({inspection.kind})", f"  {_counts(inspection)}"]
    found = inspection.warnings
    lines += [f"  warning: {_warning(problem, source)}" for problem in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"  … and {len(found) - _SHOWN} more warnings; --json lists all")
    return "\n".join(lines)


def _warning(problem: Problem, source: str) -> str:
    """Return a warning without the path, which the first line has said."""
    if problem.where is None or not problem.where.startswith(source):
        return str(problem).replace("\n", "\n  ")
    line = problem.where.removeprefix(source).removeprefix(":")
    advice = f"\n    {problem.hint}" if problem.hint else ""
    return f"line {line}: {problem.message}{advice}" if line else f"{problem.message}{advice}"


def _counts(inspection: Inspection) -> str:
    if inspection.entries is not None:
        word = _ENTRIES[inspection.kind.split("-")[0]]
        return f"{inspection.entries:,} {word}"
    return f"{inspection.jobs:,} jobs · {inspection.edges:,} edges · {inspection.files:,} files"
