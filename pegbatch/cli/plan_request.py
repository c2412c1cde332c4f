"""What a user asks of planning, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pegbatch.adapters.plan_writer import VOGROUP
from pegbatch.model.facts import FileFacts
from pegbatch.model.options import CleanUpStrategy


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What the command line asks for."""

    workflow: Path
    conf: Path | None
    definitions: tuple[str, ...]
    base_dir: Path
    sites: tuple[str, ...]
    output_sites: tuple[str, ...]
    output_dir: str | None
    staging_sites: Mapping[str, str]
    cluster: tuple[str, ...]
    catalogs: bool
    catalog_files: bool = True
    """Whether catalogs beside those in the workflow itself are read."""
    planned_by: str = ""
    """Of a sub-workflow that is planned in the run: the job that stands for it."""
    handed_over: tuple[str, ...] = ()
    """Of a sub-workflow: replica catalogs of what the outer one hands over."""
    caches: tuple[str, ...] = ()
    reuse: tuple[str, ...] = ()
    input_dirs: tuple[str, ...] = ()
    inherited_rc_files: tuple[str, ...] = ()
    force: bool = False
    cleanup: CleanUpStrategy = "none"
    group: str = VOGROUP
    basename: str = ""
    job_prefix: str = ""
    run_folder: str = ""
    submit_folder: str | None = None
    transformations_dir: Path | None = None
    output_map: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By LFN: URLs that get an output in place of the output sites."""
    copies: Mapping[str, Path] = field(default_factory=dict)
    """By absolute path: what is read in place of a catalog of another machine."""
    known_files: Mapping[str, FileFacts] = field(default_factory=dict)
    """By absolute path: files of another machine that are in the staging site already."""
