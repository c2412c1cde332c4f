"""The options of `pegasus-plan` that only `plan` takes: names, places, what means nothing here."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import click

from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.plan_options import PATH
from pegbatch.cli.telling import echo_warnings
from pegbatch.errors import InputError, Problem, UsageError

Command = TypeVar("Command", bound=Callable[..., Any])
DEFAULT_WORKFLOW = Path("workflow.yml")

_ALONE = ("-r", "--randomdir")
"""Options whose value may only follow after `=`, as in pegasus-plan."""
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}").fullmatch


class PegasusCommand(ExampledCommand):
    """A command that reads its words as pegasus-plan does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give `-r` and `--randomdir` without a value an empty one."""
        return super().parse_args(ctx, [_with_value(word) for word in args])


@dataclass(frozen=True, slots=True, kw_only=True)
class PegasusOptions:
    """What these options say, as plain values."""

    workflow: Path | None
    dax: Path | None
    group: str
    basename: str
    job_prefix: str
    relative_dir: str | None
    relative_submit_dir: str | None
    randomdir: str | None
    transformations_dir: Path | None
    verbose: int
    quiet: bool
    ignored: tuple[str, ...]

    def request(self) -> dict[str, Any]:
        """Return what they add to the request of planning.

        Errors: UsageError where a name cannot be a folder, or two workflows are given.
        """
        if self.workflow is not None and self.dax is not None:
            raise UsageError("two workflows are given", hint="leave --dax out: it is the old way")
        folders = (self.relative_dir, self.randomdir or None)
        return {
            "workflow": self.workflow or self.dax or DEFAULT_WORKFLOW,
            "group": _folder("--group", self.group),
            "basename": self.basename,
            "job_prefix": self.job_prefix,
            "run_folder": "/".join(_folder("--relative-dir", one) for one in folders if one),
            "submit_folder": _submit_folder(self.relative_submit_dir or self.relative_dir),
            "transformations_dir": self.transformations_dir,
        }

    def warn(self, problems: Sequence[Problem]) -> None:
        """Tell of what is odd, unless --quiet."""
        if not self.quiet:
            echo_warnings(problems)

    def begin(self) -> None:
        """Set how much is logged, and tell of options that mean nothing here.

        Errors: InputError where no workflow is named and the one taken then is not there.
        """
        if not (self.workflow or self.dax or DEFAULT_WORKFLOW.exists()):
            raise InputError(
                "no such file",
                where=str(DEFAULT_WORKFLOW),
                hint="it is read where no workflow is named; else: pegbatch plan WORKFLOW",
            )
        if self.verbose:
            level = logging.INFO if self.verbose == 1 else logging.DEBUG
            logging.getLogger("pegbatch").setLevel(level)
        self.warn(
            [
                Problem(f"{option} means nothing to pegbatch; it is passed over")
                for option in self.ignored
            ]
        )


_OPTIONS = (
    click.argument("workflow", type=PATH, required=False),
    click.option("-d", "--dax", type=PATH, help="The workflow, the old way of naming it."),
    click.option("-S", "--submit", is_flag=True, help="Submit the plan, like `run --detach`."),
    click.option("-b", "--basename", default="", metavar="NAME",
                 help="Begin the names of run and jobs with this  [the workflow's name]."),
    click.option("-j", "--job-prefix", default="", metavar="PREFIX",
                 help="Put this before the names of run and jobs."),
    click.option("-g", "--group", default="pegasus", show_default=True, metavar="GROUP",
                 help="Folder between user and workflow in the submit directory's path."),
    click.option("--relative-submit-dir", metavar="DIR",
                 help="The submit directory, below --dir  [USER/GROUP/WORKFLOW/run0001]."),
    click.option("--relative-dir", metavar="DIR",
                 help="Folder of the run below the staging site; the submit directory's too."),
    click.option("-r", "--randomdir", metavar="[=NAME]",
                 help="Folder of the run; without a name nothing changes: every run has its own."),
    click.option("-t", "--transformations-dir", type=PATH,
                 help="Directory whose files are the transformations, in place of the catalog."),
    click.option("-v", "--verbose", count=True, help="Log more; twice: everything."),
    click.option("-q", "--quiet", count=True, help="Show no warnings."),
    click.option("-F", "--forward", multiple=True, metavar="OPTION", hidden=True),
    click.option("-X", "java", multiple=True, metavar="OPTION", hidden=True),
    click.option("--force-replan", is_flag=True, hidden=True),
    click.option("--rescue", metavar="N", hidden=True),
    click.option("--deferred", is_flag=True, hidden=True),
    click.option("--output-map", metavar="FILE", hidden=True),
    click.version_option(None, "-V", "--version", package_name="pegbatch"),
)  # fmt: skip


def pegasus_options(function: Command) -> Command:
    """Take these options, and the workflow."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), function)


def take_pegasus_options(options: dict[str, Any]) -> PegasusOptions:
    """Take these options out of all options of the command."""
    told = {
        "--forward": options.pop("forward"),
        "-X": options.pop("java"),
        "--force-replan": options.pop("force_replan"),
        "--rescue": options.pop("rescue"),
        "--deferred": options.pop("deferred"),
        "--output-map": options.pop("output_map"),
    }
    names = [name for name in PegasusOptions.__dataclass_fields__ if name != "ignored"]
    values = {name: options.pop(name) for name in names}
    values["quiet"] = bool(values["quiet"])
    return PegasusOptions(**values, ignored=tuple(name for name, value in told.items() if value))


def _with_value(word: str) -> str:
    return "--randomdir=" if word in _ALONE else word


def _folder(option: str, text: str) -> str:
    """Return a relative folder that can be part of a URL."""
    segments = text.strip("/").split("/")
    if text.startswith("/") or not all(_SEGMENT(one) for one in segments):
        raise UsageError(
            f"{option} {text}: not a folder that a run can have",
            hint="a relative path of letters, digits, `.`, `-` and `_`, without `..`",
        )
    return "/".join(segments)


def _submit_folder(text: str | None) -> str | None:
    if text is None:
        return None
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise UsageError(
            f"the submit directory {text} does not lie below --dir",
            hint="give a relative path without `..`",
        )
    return str(path)
