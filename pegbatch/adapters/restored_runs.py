"""Bringing a submit directory back from what a run keeps of itself in the store.

What lies there is not trusted as one's own files are: names lead nowhere else, no command of it is
run on this machine, and files are delivered below places that the user has named.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import yaml

from pegbatch.adapters.braindump import (
    BASE_KEY,
    BRAINDUMP,
    PROPERTIES_KEY,
    read_braindump,
    write_braindump,
)
from pegbatch.adapters.handed_down_folders import FILE_SCHEME, keep_folders
from pegbatch.adapters.private_files import FOLDER_MODE, open_private, write_private
from pegbatch.adapters.registered_files import OUTPUT_FILE
from pegbatch.adapters.submit_dir import CATALOGS_FOLDER, PLAN_FILES, VOGROUP
from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import InputError, ObjectMissing
from pegbatch.model.known_run import KnownRun, known_run_from_json
from pegbatch.model.layout import (
    OUTPUTS_FILE,
    PLAN_FILE,
    RUN_FILE,
    TRIES_FOLDER,
    UPLOADS_FILE,
    bags_file,
    index_file,
    join_url,
    plan_key,
    try_file,
)
from pegbatch.model.names import safe_name
from pegbatch.model.notify import KEYS as NOTIFY_KEYS
from pegbatch.model.plan import Job, Plan, plan_from_json
from pegbatch.ports import ObjectStore

COUNT_MAX = 1_000_000_000
"""Of the tasks or children of a job; more there never are."""
HEADER_BYTES_MAX = 256 << 20
"""Of `plan.json`: a thousand arrays have half a megabyte."""
_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}").fullmatch
_ARRAY_FILE = re.compile(
    r"arrays/[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\.t\d{1,9})?\.(?:bags\.jsonl\.gz|index)"
).fullmatch
_TRY_FILE = re.compile(rf"{TRIES_FOLDER}/\d{{1,9}}\.json").fullmatch
_CATALOG = re.compile(rf"{CATALOGS_FOLDER}/(?!\.)[^/\x00-\x1f]{{1,200}}").fullmatch
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_GONE = "the run cannot be restored; plan the workflow again"


def read_known_run(store: ObjectStore, run_url: str) -> KnownRun:
    """Return what a run says of itself.

    Errors: ObjectMissing where there is no such run; InputError where it is no such thing, or a
    copy of a run that lies elsewhere; those of the store.
    """
    url = join_url(run_url, plan_key(RUN_FILE))
    known = known_run_from_json(_json(store.read(url), url), source=url)
    if known.run_url != run_url:
        raise InputError(
            f"this is a copy of the run {known.run_url}", where=url, hint="give that URL"
        )
    return known


def read_plan(store: ObjectStore, run_url: str) -> Plan:
    """Return the plan of a run, without what would be run on this machine.

    Errors: InputError where it is missing, no plan, or has names that no plan has.
    """
    url = join_url(run_url, plan_key(PLAN_FILE))
    try:
        text = store.read(url, length=HEADER_BYTES_MAX)
    except ObjectMissing as error:
        raise InputError("the plan of this run was never sent", where=url, hint=_GONE) from error
    data = _json(text, url)
    if not isinstance(data, dict):
        raise InputError("not a plan", where=url, hint=_GONE)
    plan = plan_from_json(_tamed(data), source=url)
    check_jobs(plan.jobs, url)
    texts = (plan.workflow, plan.label, plan.run_folder, plan.staging_url)
    counts = (plan.tasks, plan.files, plan.levels, plan.uploads, plan.outputs, plan.reused)
    if not _are(str, texts) or not _are(int, counts):
        raise InputError("not a plan: a name or a count is none", where=url, hint=_GONE)
    return plan


def check_jobs(jobs: Iterable[Job], url: str) -> None:
    """Refuse jobs that no plan, or try, has: what is counted and named must be of its kind.

    Errors: InputError.
    """
    bad = [job for job in jobs if not _is_sound(job)]
    if bad:
        raise InputError(f"a plan has no job like {bad[0].name!r}", where=url, hint=_GONE)


def has_foreign_commands(store: ObjectStore, run_url: str) -> bool:
    """Say whether the plan of a run has hooks, which are not run from a restored one."""
    data = _json(store.read(join_url(run_url, plan_key(PLAN_FILE))), run_url)
    return bool(data.get("hooks"))


def has_try(store: ObjectStore, run_url: str, number: int) -> bool:
    """Say whether the store knows what a later try submits."""
    try:
        store.head(join_url(run_url, plan_key(try_file(number))))
    except ObjectMissing:
        return False
    return True


def bring_plan(
    store: ObjectStore, run_url: str, draft: Path, *, base: Path, places: Sequence[Path]
) -> int:
    """Fill a submit directory from a run; return how many outputs end up elsewhere than planned.

    Shapes: outputs for this machine stay where they were to go if that is below one of the
    places; others go below the last of them.
    Errors: InputError where a file is missing or not ours; those of the store.
    """
    for folder in ("arrays", CATALOGS_FOLDER, TRIES_FOLDER):
        (draft / folder).mkdir(mode=FOLDER_MODE)
    start = len(join_url(run_url, plan_key("")))
    names = (info.url[start:] for info in store.list(join_url(run_url, "plan")))

    def bring(name: str) -> None:
        open_private(draft / name).close()
        store.download(join_url(run_url, plan_key(name)), draft / name)

    for _ in map_parallel(bring, filter(_is_wanted, names)):
        pass
    _check_whole(draft, read_plan(store, run_url), run_url)
    _tame_header(draft)
    _tame_braindump(draft, base)
    _check_uploads(draft)
    keep_folders(draft, lambda path: _is_below(path, places))
    return _tame_outputs(draft, run_url, places)


def _is_wanted(name: str) -> bool:
    return name in PLAN_FILES or any(match(name) for match in (_ARRAY_FILE, _TRY_FILE, _CATALOG))


def _is_sound(job: Job) -> bool:
    name: object = job.name
    if not isinstance(name, str) or not _JOB_NAME(name):
        return False
    size = job.resources
    counts = (job.size, job.tasks, job.attempts, job.level or 0, job.timeout_seconds or 0)
    asked = (size.vcpus, size.memory_mib, size.gpus)
    texts = (job.kind, job.container, *job.transformations, *(one.array for one in job.depends_on))
    fits = _are(str, texts) and _are(int, counts) and _are((int, float), asked)
    return fits and 1 <= job.size <= COUNT_MAX and 0 <= job.tasks <= COUNT_MAX


def _are(kind: type | tuple[type, ...], values: Iterable[object]) -> bool:
    return all(isinstance(value, kind) for value in values)


def _check_whole(draft: Path, plan: Plan, run_url: str) -> None:
    """Refuse a run whose plan was not sent to its end: nothing of it was submitted."""
    arrays = [job.name for job in plan.jobs if job.kind not in ("barrier", "verdict")]
    wanted = [
        *(name for name in PLAN_FILES),
        *(name for array in arrays for name in (bags_file(array), index_file(array))),
    ]
    for name in wanted:
        if not (draft / name).is_file():
            url = join_url(run_url, plan_key(name))
            raise InputError("this file of the plan was never sent", where=url, hint=_GONE)


def _tamed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a header without commands, catalogs outside the directory, and people to be told."""
    properties = data.get("properties")
    kept = dict(properties) if isinstance(properties, dict) else {}
    for key in (OUTPUT_FILE, *NOTIFY_KEYS):
        kept.pop(key, None)
    return {**{key: value for key, value in data.items() if key != "hooks"}, "properties": kept}


def _tame_header(draft: Path) -> None:
    path = draft / PLAN_FILE
    data = _tamed(json.loads(path.read_bytes()))
    write_private(path, orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def restored_user(store: ObjectStore, run_url: str, default: str) -> str:
    """Return whose folder a run is restored to: the planner's, as far as it says who that was."""
    try:
        text = store.read(join_url(run_url, plan_key(BRAINDUMP)), length=1 << 16)
        user = yaml.safe_load(text)["user"]
    except (ObjectMissing, yaml.YAMLError, KeyError, TypeError, ValueError, RecursionError):
        return safe_name(default)
    return safe_name(str(user))


def _tame_braindump(draft: Path, base: Path) -> None:
    known = read_braindump(draft)
    known.pop(PROPERTIES_KEY, None)
    write_braindump(draft, {**known, BASE_KEY: str(base), "vogroup": VOGROUP})


def _tame_outputs(draft: Path, run_url: str, places: Sequence[Path]) -> int:
    """Rewrite the list of outputs so that files land where the user wants them."""
    path = draft / OUTPUTS_FILE
    moved = 0
    lines: list[bytes] = []
    for row in _rows(path):
        kept = _placed(row, run_url, places)
        moved += kept is not row
        lines.append(orjson.dumps(kept) + b"\n")
    with open_private(path) as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:
        packed.writelines(lines)
    return moved


def _check_uploads(draft: Path) -> None:
    """Refuse a list of inputs that would have other files of this machine sent.

    Shapes: only a file with the checksum that its key promises is sent again.
    """
    path = draft / UPLOADS_FILE
    for row in _rows(path, ("source", "url", "sha256")):
        if not _SHA256(row["sha256"]) or not row["url"].endswith(f"/inputs/{row['sha256']}"):
            raise InputError(
                f"no plan sends {row['source']} like this", where=str(path), hint=_GONE
            )


def _rows(
    path: Path, keys: Iterable[str] = ("lfn", "url", "destination")
) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                row = json.loads(line)
                if not all(isinstance(row[key], str) for key in keys):
                    raise ValueError("not what a plan lists")
                yield row
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise InputError(f"not a list of files: {error}", where=str(path), hint=_GONE) from error


def _placed(row: dict[str, Any], run_url: str, places: Sequence[Path]) -> dict[str, Any]:
    """Return a row that writes below a place; the row itself where it does so already.

    Errors: InputError where a file of this machine would be sent away.
    """
    source, destination = row["url"], row["destination"]
    if source == destination and not destination.startswith(FILE_SCHEME):
        return row
    if source.startswith(FILE_SCHEME) and not destination.startswith(FILE_SCHEME):
        raise InputError(
            f"the run would send {source} of this machine to {destination}", hint=_GONE
        )
    # With the user's rights the client could be made to write into any bucket of the user's.
    if destination.startswith(FILE_SCHEME) and _is_below(
        destination.removeprefix(FILE_SCHEME).removeprefix("localhost"), places
    ):
        return row
    return {**row, "destination": f"{FILE_SCHEME}{_below(places[-1], row['lfn'])}"}


def _is_below(path: str, places: Iterable[Path]) -> bool:
    if ".." in path.split("/"):
        return False
    real = Path(path).resolve()
    return any(real.is_relative_to(place.resolve()) for place in places)


def _below(place: Path, lfn: str) -> Path:
    """Return where an output lies below a folder.

    Errors: InputError for a name that would lead out of it.
    """
    parts = lfn.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise InputError(f"no plan has an output named {lfn!r}", hint=_GONE)
    return place.joinpath(*parts)


def _json(text: bytes, source: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", where=source, hint=_GONE) from error
