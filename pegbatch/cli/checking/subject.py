"""What is checked: a plan, or the properties alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pegbatch.adapters.files import load_settings
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.batch.machine_fit import Largest, largest_jobs
from pegbatch.cli.choice import ACCOUNT, REGION
from pegbatch.errors import UsageError
from pegbatch.model.containers import TaskContainer
from pegbatch.model.layout import PLAN_FILE
from pegbatch.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A plan where there is one, and the properties that are in force."""

    properties: Mapping[str, str]
    plan: Plan | None
    base: Path
    """Below which the embedded AWS lives."""
    amazon: bool

    @property
    def largest(self) -> tuple[Largest, ...]:
        """Return the largest jobs of the plan; nothing without one."""
        return largest_jobs(self.plan) if self.plan else ()

    @property
    def containers(self) -> tuple[TaskContainer, ...]:
        """Return the containers of the plan; nothing without one."""
        return self.plan.containers if self.plan else ()

    @property
    def sub_workflows(self) -> int:
        """Return how many tasks of the plan run sub-workflows; none without a plan."""
        return len(self.plan.sub_workflows) if self.plan else 0


def read_subject(
    submit_dir: Path | None, conf: Path | None, definitions: tuple[str, ...], wish: str
) -> Subject:
    """Read a submit directory, or the properties.

    Shapes: without either, this directory is taken for a submit directory where it is one.
    wish is `aws`, `local` or empty: where the properties say.
    Errors: UsageError, InputError.
    """
    if submit_dir is not None and (conf is not None or definitions):
        raise UsageError(
            "a submit directory has its own properties",
            hint="give either the directory, or --conf and -D",
        )
    if submit_dir is None and conf is None and Path(PLAN_FILE).is_file():
        submit_dir = Path()
    plan, base = None, Path.cwd()
    if submit_dir is not None:
        directory = SubmitDirectory(submit_dir)
        plan, base = directory.plan(), directory.base_directory()
        properties = plan.properties
    else:
        home = os.environ.get("HOME")
        settings = load_settings(
            conf, definitions, Path(), Path(home) if home else None, os.environ
        )
        properties = {key: found.value for key, found in settings.properties.items()}
    named = bool(properties.get(REGION) and properties.get(ACCOUNT))
    return Subject(
        properties=properties,
        plan=plan,
        base=base,
        amazon=wish == "aws" or (named and wish != "local"),
    )
