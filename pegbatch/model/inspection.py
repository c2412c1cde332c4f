"""What one input file is, told without its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pegbatch.errors import Problem

Kind = Literal[
    "dax-xml",
    "wf-yaml",
    "sc-xml",
    "sc-yaml",
    "tc-text",
    "tc-yaml",
    "rc-file",
    "rc-yaml",
    "properties",
    "aws-json",
    "wfformat-json",
]
"""Workflows, site, transformation and replica catalogs, properties, AWS and WfFormat JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Kind, version and counts of one file; a count is None where the kind has no such thing."""

    kind: Kind
    version: str
    """As written; empty where the file states none."""
    jobs: int | None = None
    edges: int | None = None
    files: int | None = None
    entries: int | None = None
    """Of a catalog, a properties file or AWS JSON, as written, duplicates counted."""
    warnings: tuple[Problem, ...] = ()
