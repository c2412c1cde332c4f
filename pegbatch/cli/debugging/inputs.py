"""Bringing the real inputs of a task, or saying who should have made those that are not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pegbatch.adapters.file_makers import Maker, find_makers, told_name
from pegbatch.cli.results import place
from pegbatch.cli.telling import SHOWN
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.history.past_records import newest_records
from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import (
    ObjectMissing,
    OutsideError,
    PegbatchError,
    Problem,
    StoreError,
)
from pegbatch.model.layout import join_url
from pegbatch.model.manifest import FileUse
from pegbatch.ports import ObjectStore
from pegbatch.report.analysis_text import task_word


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the files of a run come from."""

    run: OpenRun
    store: ObjectStore
    run_url: str
    verify: bool
    """Whether checksums are compared in this run."""


@dataclass(frozen=True, slots=True)
class _Absent:
    """An input that cannot be had."""

    use: FileUse
    error: PegbatchError


class _Stand(NamedTuple):
    """How a producer stands."""

    state: str
    reason: str


def fetch_inputs(source: Source, uses: Sequence[FileUse], folder: Path) -> Mapping[str, int]:
    """Lay inputs down below a folder; return the sizes of those that are there by LFN.

    Shapes: optional ones may be missing.
    Errors: OutsideError naming everything that cannot be had, and who should have made it.
    """
    for use in uses:
        (folder / use.lfn).parent.mkdir(parents=True, exist_ok=True)
    found: dict[str, int] = {}
    absent: list[_Absent] = []
    answers = map_parallel(lambda use: _fetch(source, use, folder / use.lfn), uses)
    for use, answer in zip(uses, answers, strict=True):
        if isinstance(answer, int):
            found[use.lfn] = answer
        elif not (use.optional and isinstance(answer, ObjectMissing)):
            absent.append(_Absent(use, answer))
    if absent:
        raise OutsideError(problems=_problems(source, absent))
    return found


def _fetch(source: Source, use: FileUse, path: Path) -> int | PegbatchError:
    """Fetch a file from the first place that has it; return its size, or why there is none."""
    errors: list[PegbatchError] = []
    for url in (use.url, *use.others):
        try:
            return _download(source, use, join_url(source.run_url, url), path)
        except PegbatchError as error:
            errors.append(error)
    return errors[0]


def _download(source: Source, use: FileUse, url: str, path: Path) -> int:
    ours = "://" not in use.url
    info = source.store.download(
        url, path, require_checksum=ours and source.verify, verify=source.verify
    )
    if source.verify and use.sha256 not in (None, info.sha256):
        path.unlink()
        raise StoreError(
            f"its SHA-256 is {info.sha256}, but {use.sha256} was planned with", where=url
        )
    if use.executable:
        path.chmod(0o755)
    return info.size_bytes


def _problems(source: Source, absent: Sequence[_Absent]) -> list[Problem]:
    missing = [_name(source, one) for one in absent if isinstance(one.error, ObjectMissing)]
    run = source.run
    makers = find_makers(run.directory.path, run.plan.jobs, missing, source.run_url)
    asked = [makers[name] for name in missing[:SHOWN] if name in makers]
    states = _states(source, asked)
    return [_problem(source, one, makers, states) for one in absent]


def _name(source: Source, one: _Absent) -> str:
    return told_name(one.use.lfn, one.use.url, source.run_url)


def _states(source: Source, makers: Iterable[Maker]) -> Mapping[Maker, _Stand]:
    """Return how producers stand: the state of their records, and why."""

    def state(maker: Maker) -> _Stand:
        records = newest_records(source.store, source.run_url, maker.array, maker.bag)
        record = records.get(maker.id)
        if record is None:
            return _Stand("unknown", "")
        return _Stand(record.state, record.reason.partition("\n")[0])

    known = list(dict.fromkeys(makers))
    return dict(zip(known, map_parallel(state, known), strict=True))


def _problem(
    source: Source, one: _Absent, makers: Mapping[str, Maker], stands: Mapping[Maker, _Stand]
) -> Problem:
    maker = makers.get(_name(source, one))
    if maker is None or not isinstance(one.error, ObjectMissing):
        return Problem(f"input {one.use.lfn} cannot be had: {one.error}")
    stand, known = stands.get(maker, _Stand("", "")), source.run.known_id(maker.id)
    told = _VERBS.get(stand.state, stand.state) + (f": {stand.reason}" if stand.reason else "")
    return Problem(
        f"input {one.use.lfn} is not there: its producer {known} ({maker.array}, bag"
        f" {maker.bag}) {told}".rstrip(),
        hint=_hint(source, maker, stand),
    )


_VERBS = {
    "succeeded": "has made it, so it was deleted since",
    "skipped": "was skipped",
    "undone": "is to be run again",
    "unknown": "has left no record (yet)",
}


def _hint(source: Source, maker: Maker, stand: _Stand) -> str:
    if stand.state == "succeeded":
        return "`pegbatch plan --cleanup none` keeps what tasks have read"
    where = place(source.run)
    if source.run.plan.job(maker.array).kind != "compute":
        return f"`pegbatch analyze {where}` says more"
    words = f"{where} {task_word(source.run.known_id(maker.id))}"
    if stand.state == "failed":
        return f"begin with that: `pegbatch debug {words}`"
    return f"`pegbatch analyze {words}` says more"
