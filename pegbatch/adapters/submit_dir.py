"""Reading a submit directory (docs/formats.md): the header, its lists, where it stands."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pegbatch.adapters.braindump import BASE_KEY, BRAINDUMP, PROPERTIES_KEY, read_braindump
from pegbatch.adapters.plan_files import check_plan_files
from pegbatch.adapters.try_files import (
    UNFINISHED,
    TryFiles,
    read_bag_ids,
    read_task_files,
    write_try,
)
from pegbatch.engine.deliveries import Output
from pegbatch.engine.uploads import UploadItem
from pegbatch.errors import InputError, NoSubmitDirectory
from pegbatch.model.layout import (
    OUTPUTS_FILE,
    PLAN_FILE,
    UPLOADS_FILE,
    VERDICT_FILE,
    WORKER_KEY,
    join_url,
    plan_key,
    try_file,
)
from pegbatch.model.manifest import TaskFiles
from pegbatch.model.plan import Plan, plan_from_json
from pegbatch.model.tries import Try

CATALOGS_FOLDER = "catalogs"
PLAN_FILES = (
    PLAN_FILE,
    VERDICT_FILE,
    UPLOADS_FILE,
    OUTPUTS_FILE,
    BRAINDUMP,
    "pegasus.properties",
)
"""Those at the top of a submit directory; each plan has them all."""
VOGROUP = "pegasus"
"""Pegasus's name for the folder between user and workflow."""
LEVELS_BELOW_BASE = 4
"""`<dir>/<user>/pegasus/<workflow>/run0001`."""


class SubmitDirectory:
    """One submit directory, as `plan` left it."""

    def __init__(self, path: Path) -> None:
        """Take the directory.

        Errors: NoSubmitDirectory where it is not a submit directory.
        """
        self.path = path.resolve()
        self._tries = TryFiles(self.path)
        if not (self.path / PLAN_FILE).is_file():
            raise NoSubmitDirectory(
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

    def tries(self) -> Mapping[int, Try]:
        """Return the later tries of the run by number, ascending.

        Errors: InputError where the file of one is damaged.
        """
        return self._tries.read()

    def write_try(self, try_: Try) -> None:
        """Keep what a later try submits, and the index of each of its arrays.

        Shapes: `tries/<number>.json` is there only when all the rest is.
        Errors: OutsideError naming path and reason; InputError where the plan is damaged.
        """
        write_try(self.path, try_)

    def bag_ids(self, array: str, bags: Iterable[int]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield bags of an array, in the order given, with the ids of their tasks.

        Errors: InputError where files of the plan are missing or damaged.
        """
        return read_bag_ids(self.path, array, bags)

    def task_files(self, array: str, bags: Iterable[int]) -> Iterator[TaskFiles]:
        """Yield the tasks of some bags of an array with their files, bag after bag.

        Errors: InputError where files of the plan are missing or damaged.
        """
        return read_task_files(self.path, array, bags)

    def base_directory(self) -> Path:
        """Return the `--dir` of the plan, below which the embedded AWS lives.

        Shapes: what braindump.yml says as long as that directory holds this one; else, for a tree
        that was moved or copied, the directory four levels up. A submit directory that was moved
        alone stays with its old base, and without that with the directory it lies in.
        """
        known = self.braindump().get(BASE_KEY)
        if known is not None and self.path.is_relative_to(Path(known).resolve()):
            return Path(known).resolve()
        above = self.path.parents
        if len(above) >= LEVELS_BELOW_BASE and above[1].name == VOGROUP:
            return above[LEVELS_BELOW_BASE - 1]
        if known is not None and Path(known).is_dir():
            return Path(known).resolve()
        return self.path.parent

    def properties_file(self) -> Path | None:
        """Return the properties file that the workflow was planned with; None where none was."""
        known = self.braindump().get(PROPERTIES_KEY)
        return None if known is None else Path(known)

    def braindump(self) -> dict[str, str]:
        """Return what braindump.yml says, by Pegasus's keys; nothing where it is unreadable."""
        return read_braindump(self.path)

    def uploads(self, run_url: str, worker: Path, *, again: bool = False) -> Iterator[UploadItem]:
        """Yield all that must lie in the store before the first job: inputs, plan, worker.

        Shapes: again, in a later try, inputs and plan that are there stay as they are.
        Errors: InputError where files of the plan are missing or damaged.
        """
        check_plan_files(self.path, self.plan())
        for row in self._rows(UPLOADS_FILE):
            yield UploadItem(
                source=Path(row["source"]),
                url=join_url(run_url, row["url"]),
                sha256=row["sha256"],
                size_bytes=row.get("size_bytes"),
                again=again,
            )
        for name in self._plan_files():
            url = join_url(run_url, plan_key(name))
            yield UploadItem(source=self.path / name, url=url, again=again)
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
                task=row.get("task"),
                is_optional=row.get("optional", False),
                is_reused=row.get("reused", False),
                sha256=row.get("sha256"),
            )

    def _plan_files(self) -> Iterator[str]:
        for name in PLAN_FILES:
            if (self.path / name).is_file():
                yield name
        for path in sorted((self.path / CATALOGS_FOLDER).glob("*")):
            yield f"{CATALOGS_FOLDER}/{path.name}"
        for path in sorted((self.path / "arrays").glob("*")):
            if not path.name.endswith(UNFINISHED):
                yield f"arrays/{path.name}"
        for number in self.tries():
            yield try_file(number)

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
