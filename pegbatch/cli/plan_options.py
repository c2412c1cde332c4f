"""The options of `pegasus-plan` that commands share, as click reads them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from pegbatch.cli.plan_request import PlanRequest
from pegbatch.model.options import CleanUpStrategy

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path, readable=False)


def _names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Split a comma list."""
    return tuple(name.strip() for name in (value or "").split(",") if name.strip())


def _staging(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> dict[str, str]:
    """Read `site=staging,…` or one name for all sites."""
    pairs = (item.rpartition("=") for item in _names(context, parameter, value))
    return {site.strip() or "*": staging.strip() for site, _, staging in pairs}


_BEFORE = (
    click.option("--conf", type=PATH, help="Properties file  [./pegasus.properties]."),
    click.option("-D", "definitions", multiple=True, metavar="KEY=VALUE", help="Set a property."),
    click.option("--dir", "base_dir", type=PATH, default=".", show_default=True,
                 help="Base of submit directories."),
    click.option("-s", "--sites", callback=_names, metavar="SITE",
                 help="Execution site  [the only one beside local]."),
)  # fmt: skip
_AFTER = (
    click.option("-O", "--output-dir", metavar="DIR", help="Directory of the output site local; "
                 "may be an s3:// URL  [its storage directory, else wf-output below --dir]."),
    click.option("--staging-site", "staging_sites", callback=_staging, metavar="[SITE=]STAGING,…",
                 help="Site whose scratch directory holds the data."),
    click.option("-c", "--cache", "caches", callback=_names, metavar="FILE,…",
                 help="Replica catalogs that are asked first."),
    click.option("-R", "--reuse", callback=_names, metavar="DIR,…",
                 help="Submit directories, or directories and s3:// URLs, with outputs of earlier "
                 "runs."),
    click.option("-I", "--input-dir", "input_dirs", callback=_names, metavar="DIR,…",
                 help="Directories and s3:// URLs with input files."),
    click.option("--inherited-rc-files", "inherited_rc_files", callback=_names, metavar="FILE,…",
                 help="Replica catalogs that are asked before the workflow's own one."),
    click.option("--cleanup", type=click.Choice(get_args(CleanUpStrategy)), default="inplace",
                 show_default=True, help="Delete files of the run that no task needs any more: "
                 "level by level (inplace), after success (leaf), or never (none)."),
    click.option("-n", "--nocleanup", is_flag=True, help="The same as --cleanup none."),
    click.option("-C", "--cluster", callback=_names, metavar="TECHNIQUE,…",
                 help="horizontal (clusters.num, clusters.size, or by runtime), label (also called "
                 "vertical), whole, all as in Pegasus; chain (tasks that only wait for each other "
                 "run in one child)."),
)  # fmt: skip


force_option = click.option(
    "-f", "--force", is_flag=True, help="Run every task, whatever exists already."
)
"""Of what makes plans that run."""


def planning_options(function: Command) -> Command:
    """Take the options of planning."""
    return _with_options(function, "-o", "--output-sites")


def drawing_options(function: Command) -> Command:
    """Take the same, of which `-o` means the file of the drawing, as in pegasus-graphviz."""
    return _with_options(function, "--output-sites")


def _with_options(function: Command, *output_sites: str) -> Command:
    sites = click.option(
        *output_sites, callback=_names, default="local", show_default=True, metavar="SITE,…",
        help="Sites that outputs are delivered to.",
    )  # fmt: skip
    options = (*_BEFORE, sites, *_AFTER)
    return reduce(lambda decorated, option: option(decorated), reversed(options), function)


def request_of(**values: Any) -> PlanRequest:
    """Return the request that the options make."""
    if values.pop("nocleanup", False):
        values["cleanup"] = "none"
    return PlanRequest(**values)
