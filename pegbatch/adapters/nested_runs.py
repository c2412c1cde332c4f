"""Nested runs in the store: what they say of themselves, and submit directories made of that.

Containers have written it: it is read as a restored run is (`restored_runs`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pegbatch.adapters.private_files import FOLDER_MODE, private_folder, write_private
from pegbatch.adapters.restored_runs import (
    bring_plan,
    check_jobs,
    read_known_run,
    read_plan,
)
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.errors import InputError, ObjectMissing, OutsideError
from pegbatch.model.known_run import KnownRun
from pegbatch.model.layout import NESTED_FILE, PLAN_FILE, join_url, plan_key, try_file
from pegbatch.model.nested import NestedFiles, NestedRun
from pegbatch.model.plan import Plan
from pegbatch.model.tries import Try, try_from_json
from pegbatch.ports import ObjectStore


def nested_reader(
    store: ObjectStore, before: Callable[[str], NestedFiles | None] = lambda url: None
) -> Callable[[str], NestedFiles]:
    """Return what reads one nested run, by its URL.

    Shapes: one GET where it has not begun, two where it has, and one more in a later try; before
    says what was read of it the last time, of which the plan does not change.
    Errors: those of the store; what is there and is no run is no error.
    """

    def read(url: str) -> NestedFiles:
        try:
            known = read_known_run(store, url)
        except ObjectMissing:
            return NestedFiles()
        except InputError as error:
            return NestedFiles(trouble=error.problems[0].message)
        was = before(url)
        if was is not None and was.plan is not None and _is_same(was.known, known):
            return was
        return _files(store, known)

    return read


def _is_same(was: KnownRun | None, known: KnownRun) -> bool:
    """Say whether a run is in the try in which it was; how it is reached its reader says."""
    return was is not None and replace(was, wire=known.wire) == known


def _files(store: ObjectStore, known: KnownRun) -> NestedFiles:
    try:
        plan = read_plan(store, known.run_url)
        return NestedFiles(known=known, plan=plan, tries=_newest_try(store, known))
    except InputError as error:
        is_missing = isinstance(error.__cause__, ObjectMissing)
        return NestedFiles(known=known, trouble="" if is_missing else error.problems[0].message)


def _newest_try(store: ObjectStore, known: KnownRun) -> dict[int, Try]:
    """Return the newest try where it is a later one, and was sent already."""
    if known.number == 1:
        return {}
    url = join_url(known.run_url, plan_key(try_file(known.number)))
    try:
        data = json.loads(store.read(url))
    except ObjectMissing:
        return {}
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", where=url) from error
    newest = try_from_json(data, source=url)
    check_jobs(newest.jobs, url)
    if newest.number != known.number:
        raise InputError(f"this is try {newest.number}", where=url)
    return {known.number: newest}


def bring_nested(
    store: ObjectStore,
    run: NestedRun,
    folder: Path,
    *,
    base: Path,
    places: Sequence[Path],
    on_moved: Callable[[int], None],
) -> SubmitDirectory:
    """Return the submit directory of a nested run, brought from the store where it is not here.

    Shapes: one that was brought before is taken as it is, as long as plan and tries are the same.
    base is that of the outer run; outputs go below the places, as `bring_plan` has it, and on_moved
    hears how many go elsewhere than planned.
    Errors: InputError where the run's files are not whole; OutsideError where the folder cannot be
    made; those of the store.
    """
    known, plan = run.files.known, run.files.plan
    if known is None or plan is None:
        raise InputError(
            "this sub-workflow has not begun",
            where=run.url,
            hint="its planner has not come so far, or its plan was refused: `pegbatch logs` of its "
            "task tells",
        )
    if not _is_current(folder, plan, run.files):
        moved = _bring(store, run.url, folder, base, places)
        if moved:
            on_moved(moved)
    return SubmitDirectory(folder)


def _is_current(folder: Path, plan: Plan, files: NestedFiles) -> bool:
    if not (folder / PLAN_FILE).is_file():
        return False
    try:
        return SubmitDirectory(folder).plan() == plan and all(
            (folder / try_file(number)).is_file() for number in files.tries
        )
    except InputError:
        return False


def _bring(store: ObjectStore, url: str, folder: Path, base: Path, places: Sequence[Path]) -> int:
    """Put a submit directory together beside its place, then let it appear whole.

    Shapes: returns how many outputs go elsewhere than planned.
    """
    draft = folder.with_name(f".{os.getpid()}-{os.urandom(4).hex()}")
    try:
        private_folder(draft.parent)
        draft.mkdir(mode=FOLDER_MODE)
        moved = bring_plan(store, url, draft, base=base, places=places)
        write_private(draft / NESTED_FILE, f"{url}\n".encode())
        old = folder.with_name(f"{draft.name}-old")
        with suppress(FileNotFoundError):
            folder.rename(old)
        _publish(draft, folder)
        shutil.rmtree(old, ignore_errors=True)
        return moved
    except OSError as error:
        raise OutsideError(
            f"cannot keep what a nested run has planned: {(error.strerror or str(error)).lower()}",
            where=str(error.filename or folder),
            hint="make the submit directory writable, or free some space",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        # Another process may have been quicker: then its directory is as good.
        if not (folder / PLAN_FILE).is_file():
            raise
