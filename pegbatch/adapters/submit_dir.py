"""Reading a submit directory (docs/formats.md): the header, its lists, where it stands."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pegbatch.engine.deliveries import Output
from pegbatch.engine.uploads import UploadItem
from pegbatch.errors import InputError, Problem
from pegbatch.model.layout import (
    OUTPUTS_FILE,
    PLAN_FILE,
    UPLOADS_FILE,
    VERDICT_FILE,
    WORKER_KEY,
    bags_file,
    index_file,
    join_url,
    plan_key,
)
from pegbatch.model.plan import Plan, plan_from_json

BRAINDUMP = "braindump.yml"
VOGROUP = "pegasus"
"""Pegasus's name for the folder between user and workflow."""
LEVELS_BELOW_BASE = 4
"""`<dir>/<user>/pegasus/<workflow>/run0001`."""


class SubmitDirectory:
    """One submit directory, as `plan` left it."""

    def __init__(self, path: Path) -> None:
        """Take the directory.

        Errors: InputError where it is not a submit directory.
        """
        self.path = path.resolve()
        if not (self.path / PLAN_FILE).is_file():
            raise InputError(
                f"not a submit directory: there is no {PLAN_FILE}",
                where=str(path),
                hint="give the directory that `pegbatch plan` printed",
            )

    def plan(self) -> Plan:
        """Return the header of the plan.

        Errors: InputError where the file is damaged or of another format.
        """
        source = self.path / PLAN_FILE
        data = self._json(source)
        if not isinstance(data, dict):
            raise InputError("not a plan", where=str(source), hint="plan the workflow again")
        return plan_from_json(data, source=str(source))

    def _check_arrays(self, plan: Plan) -> None:
        arrays = [job.name for job in plan.jobs if job.kind == "compute"]
        names = [name for array in arrays for name in (bags_file(array), index_file(array))]
        missing = [name for name in names if not (self.path / name).is_file()]
        if missing:
            raise InputError(
                problems=[
                    Problem(
                        "this file of the plan is missing",
                        str(self.path / name),
                        "restore the submit directory from a copy, or plan the workflow again",
                    )
                    for name in missing
                ]
            )

    def base_directory(self) -> Path:
        """Return the `--dir` of the plan, below which the embedded AWS lives.

        Shapes: what braindump.yml says as long as that directory holds this one; else, for a tree
        that was moved or copied, the directory four levels up. A submit directory that was moved
        alone stays with its old base, and without that with the directory it lies in.
        """
        path = self.path / BRAINDUMP
        try:
            known = yaml.safe_load(path.read_text("utf-8"))["base_dir"]
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
            known = None
        if isinstance(known, str) and self.path.is_relative_to(Path(known).resolve()):
            return Path(known).resolve()
        above = self.path.parents
        if len(above) >= LEVELS_BELOW_BASE and above[1].name == VOGROUP:
            return above[LEVELS_BELOW_BASE - 1]
        if isinstance(known, str) and Path(known).is_dir():
            return Path(known).resolve()
        return self.path.parent

    def uploads(self, run_url: str, worker: Path) -> Iterator[UploadItem]:
        """Yield all that must lie in the store before the first job: inputs, plan, worker.

        Errors: InputError where files of the plan are missing or damaged.
        """
        self._check_arrays(self.plan())
        for row in self._rows(UPLOADS_FILE):
            yield UploadItem(
                source=Path(row["source"]), url=join_url(run_url, row["url"]), sha256=row["sha256"]
            )
        for name in self._plan_files():
            yield UploadItem(source=self.path / name, url=join_url(run_url, plan_key(name)))
        yield UploadItem(source=worker, url=join_url(run_url, WORKER_KEY))

    def outputs(self, run_url: str) -> Iterator[Output]:
        """Yield what the run delivers, URLs made absolute."""
        for row in self._rows(OUTPUTS_FILE):
            yield Output(
                lfn=row["lfn"],
                url=join_url(run_url, row["url"]),
                destination=join_url(run_url, row["destination"]),
                site=row.get("site", "local"),
                register=row.get("register", False),
                array=row.get("array"),
                is_optional=row.get("optional", False),
                is_reused=row.get("reused", False),
                sha256=row.get("sha256"),
            )

    def _plan_files(self) -> Iterator[str]:
        for name in (PLAN_FILE, VERDICT_FILE, UPLOADS_FILE, OUTPUTS_FILE):
            if (self.path / name).is_file():
                yield name
        for path in sorted((self.path / "arrays").glob("*")):
            yield f"arrays/{path.name}"

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.path / name
        try:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise _damaged(path, error) from error

    def _json(self, path: Path) -> Any:
        try:
            return json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    if isinstance(error, OSError) and error.errno is not None:
        return InputError(
            f"cannot be read: {(error.strerror or str(error)).lower()}",
            where=str(path),
            hint="check who may read it",
        )
    return InputError(
        f"the file is damaged: {error}", where=str(path), hint="plan the workflow again"
    )
