"""What the user asked of `pegbatch plan`, apart from properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CleanUpStrategy = Literal["none", "leaf", "inplace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """Options of the command as plain values; paths are absolute."""

    base_dir: str
    """`--dir`: below it the submit directories and, by default, `wf-output`."""
    working_dir: str
    """What relative names of input files start from."""
    sites: tuple[str, ...] = ()
    """`--sites`; empty: chosen from the site catalog."""
    output_sites: tuple[str, ...] = ("local",)
    output_dir: str | None = None
    """`--output-dir`: directory of the output site `local`, a path or a URL."""
    staging_sites: Mapping[str, str] = field(default_factory=dict)
    """`--staging-site`: by execution site; the key `*` is for all."""
    user: str = ""
    """Whose run it is; a folder of the submit directory."""
    cleanup: CleanUpStrategy = "none"
    """`--cleanup`."""
    cluster: tuple[str, ...] = ()
    """`--cluster`: techniques in order."""
    basename: str = ""
    """`--basename`: the workflow's name in names of run and jobs."""
    job_prefix: str = ""
    """`--job-prefix`."""
    run_folder: str = ""
    """`--relative-dir`, `--randomdir`: folder of the run below the staging URL."""
    output_map: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By LFN: URLs that get an output in place of the output sites."""
    force: bool = False
    """`--force`: every task runs, whatever exists already."""
    catalogs: bool = True
    """False: `--no-catalogs`; the plan cannot be run."""
    own_s3: frozenset[str] = frozenset()
    """`user@site` of S3 services that the client has a login for and children do not reach."""
    amazon: bool = False
    """The run is meant for Amazon, not for the embedded AWS."""
