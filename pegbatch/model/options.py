"""What the user asked of `pegbatch plan`, apart from properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    """`--output-dir`: directory of the output site `local`."""
    staging_sites: Mapping[str, str] = field(default_factory=dict)
    """`--staging-site`: by execution site; the key `*` is for all."""
    cluster: tuple[str, ...] = ()
    """`--cluster`: techniques in order."""
    catalogs: bool = True
    """False: `--no-catalogs`; the plan cannot be run."""
    amazon: bool = False
    """The run is meant for Amazon, not for the embedded AWS."""
