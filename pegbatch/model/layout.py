"""Where everything lies below a run's URL and in a submit directory (docs/formats.md).

Every key is relative to the run's URL, which ends without a slash.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

PLAN_FILE = "plan.json"
VERDICT_FILE = "verdict.json"
UPLOADS_FILE = "uploads.jsonl.gz"
OUTPUTS_FILE = "outputs.jsonl.gz"
REGISTERED_FILE = "replicas.yml"
"""In the submit directory alone: the outputs that the run has registered."""
RUN_FILE = "run.json"
"""Below `plan/` in the run alone: what the run says of itself."""
WORKER_KEY = "worker.pyz"
SUMMARY_KEY = "summary.json"
FAILURES_KEY = "failures"
RECORDS_KEY = "records"
AGAIN, LOST = "again", "lost"
"""Why a child was started again: a task may be tried again; the attempt before was lost."""
COMPLAINT = "complaint"
"""Ends the key of a complaint mark."""
DIGITS_MAX = 10
"""A number in a key that has as many digits is none of ours."""
LOGS_KEY = "logs"
NESTED_FILE = "nested-run.txt"
"""In a submit directory that was brought for looking at a nested run: that it is no one's own."""
NESTED_KEY = "nested"
"""Below the run: the runs of its sub-workflows, each of which is a run like every other."""
PRIVATE_KEY = "private"
"""Below the run: files that are known inside a sub-workflow alone."""
DATA_FOLDERS = ("data", PRIVATE_KEY)
"""Below the run: files that its tasks make and read, under their LFNs."""
FILE_FOLDERS = ("data", "programs")
"""Below the run: what its tasks, and its transfers, have made; with sub-workflows that are planned
in, in PRIVATE_KEY, too."""
_ODD = re.compile(rb"[^A-Za-z0-9_.-]|^\.")
SEGMENT_MAX = 200
"""Of a segment made from an id: a directory entry has 255 bytes at most."""
TRIES_FOLDER = "tries"
"""Below the submit directory, and below `plan/` in the run: what later tries submit."""


def bags_file(array: str) -> str:
    """Return the bags file of an array, relative to the submit directory."""
    return f"arrays/{array}.bags.jsonl.gz"


def index_file(array: str) -> str:
    """Return the index file of an array (of a try), relative to the submit directory."""
    return f"arrays/{array}.index"


def try_file(number: int) -> str:
    """Return the file that says what a later try submits, relative to the submit directory."""
    return f"{TRIES_FOLDER}/{number}.json"


def plan_key(path: str) -> str:
    """Return the key of a file of the submit directory in the run."""
    return f"plan/{path}"


def data_key(lfn: str) -> str:
    """Return the key of a file that some task of the run reads or that waits for `fetch`."""
    return f"data/{lfn}"


def private_key(scope: str, lfn: str) -> str:
    """Return the key of a file that only tasks of one sub-workflow know.

    Shapes: scope is the ids of its jobs joined by dots (`Workflow.scopes`).
    """
    return f"{PRIVATE_KEY}/{_segment(scope)}/{lfn}"


def nested_key(task_id: str) -> str:
    """Return the key below which the run of a sub-workflow lies, by the task that runs it."""
    return f"{NESTED_KEY}/{_segment(task_id)}"


def _segment(text: str) -> str:
    """Return one segment of a key, another one for every text: odd bytes as `=` and two digits."""
    segment = _ODD.sub(lambda found: b"=%02X" % found[0][0], text.encode()).decode()
    if len(segment) <= SEGMENT_MAX:
        return segment
    return f"{segment[: SEGMENT_MAX // 2]}={sha256(text.encode()).hexdigest()[:32]}"


def program_key(name: str) -> str:
    """Return the key of an executable that the run itself fetches from the web."""
    return f"programs/{name}"


def input_url(staging_url: str, sha256: str) -> str:
    """Return the URL of a local input, which all runs of a staging site share."""
    return f"{staging_url}/inputs/{sha256}"


def base_array(array: str) -> str:
    """Return the array a try belongs to: `L1-x.t2` is a second try of `L1-x`."""
    return array.split(".", 1)[0]


def records_folder(array: str, bag: int) -> str:
    """Return the folder of the records of one bag, over all tries and attempts."""
    return f"{array_records(array)}/{bag}"


def array_records(array: str) -> str:
    """Return the folder of all records of an array."""
    return f"{RECORDS_KEY}/{base_array(array)}"


def record_key(array: str, bag: int, number: int, attempt: int, part: int = 1) -> str:
    """Return the key of the records that one attempt of one child writes, in several parts."""
    more = "" if part == 1 else f".{part}"
    return f"{records_folder(array, bag)}/{number}.{attempt}{more}.jsonl"


class RecordKey(NamedTuple):
    """What the key of a records file, or of a log, says."""

    array: str
    bag: int
    number: int
    """The try."""
    attempt: int
    part: int = 1
    """From 1, in the order in which they were written."""


def parse_record_key(key: str) -> RecordKey | None:
    """Read the key of a records file; None for another key.

    Shapes: the key may carry anything before `records/`.
    """
    parts = key.rsplit("/", 3)
    if len(parts) < 4:
        return None
    *numbers, end = parts[3].split(".")
    if end != "jsonl" or len(numbers) not in (2, 3):
        return None
    if not all(text.isdecimal() for text in (parts[2], *numbers)):
        return None
    return RecordKey(parts[1], int(parts[2]), *map(int, numbers))


def array_logs(array: str) -> str:
    """Return the folder of all logs of an array."""
    return f"{LOGS_KEY}/{base_array(array)}"


def log_key(array: str, bag: int, number: int, attempt: int) -> str:
    """Return the key of the whole output of one attempt of one child."""
    return f"{array_logs(array)}/{bag}.{number}.{attempt}.log"


def parse_log_key(key: str) -> RecordKey | None:
    """Read the key of a log; None for another key.

    Shapes: the key may carry anything before `logs/`.
    """
    parts = key.rsplit("/", 2)
    words = parts[-1].split(".")
    if len(parts) < 3 or len(words) != 4 or words[3] != "log":
        return None
    if not all(word.isascii() and word.isdecimal() for word in words[:3]):
        return None
    bag, number, attempt = map(int, words[:3])
    return RecordKey(parts[1], bag, number, attempt)


def array_failures(array: str) -> str:
    """Return the folder of the failure marks of an array."""
    return f"{FAILURES_KEY}/{base_array(array)}"


def failure_key(array: str, bag: int, number: int, failed: int, skipped: int) -> str:
    """Return the key of the empty object that says: tasks of this bag failed or were skipped.

    Shapes: no tasks at all say that the bag is done, whatever marks of before say.
    """
    return f"{array_failures(array)}/{bag}.{number}.{failed}.{skipped}"


def retry_key(array: str, bag: int, number: int, attempt: int, *, lost: bool) -> str:
    """Return the key of the empty object that says: a child was started again.

    Shapes: attempt is the new one, from 2; lost says that the one before ended without a word.
    It lies beside the failure marks, so that one LIST tells both.
    """
    return f"{array_failures(array)}/{bag}.{number}.{attempt}.{LOST if lost else AGAIN}"


def complaint_key(array: str, bag: int, number: int, attempt: int) -> str:
    """Return the key of the empty object that says: records of this bag name files that failed
    tasks could not use.

    Shapes: it lies beside the failure marks, so that one LIST tells which records are to be read.
    """
    return f"{array_failures(array)}/{bag}.{number}.{attempt}.{COMPLAINT}"


def parse_retry_key(key: str) -> tuple[str, int, int, int, bool] | None:
    """Read a retry mark's key: (array, bag, try, attempt, lost), or None for another key.

    Shapes: the key may carry anything before `failures/`.
    """
    found = _parse_word_key(key)
    if found is None or found[-1] not in (AGAIN, LOST):
        return None
    array, bag, number, attempt, why = found
    return array, bag, number, attempt, why == LOST


def parse_complaint_key(key: str) -> tuple[str, int] | None:
    """Read a complaint mark's key: (array, bag), or None for another key.

    Shapes: the key may carry anything before `failures/`.
    """
    found = _parse_word_key(key)
    return found[:2] if found is not None and found[-1] == COMPLAINT else None


def _parse_word_key(key: str) -> tuple[str, int, int, int, str] | None:
    """Read a key that ends in a word: (array, bag, try, attempt, word)."""
    parts = key.rsplit("/", 2)
    *numbers, word = parts[-1].split(".")
    if len(parts) < 3 or len(numbers) != 3:
        return None
    if not all(number.isdecimal() and len(number) < DIGITS_MAX for number in numbers):
        return None
    bag, number, attempt = map(int, numbers)
    return parts[1], bag, number, attempt, word


def parse_failure_key(key: str) -> tuple[str, int, int, int, int] | None:
    """Read a failure mark's key: (array, bag, try, failed, skipped), or None for another key.

    Shapes: the key may carry anything before `failures/`.
    """
    parts = key.rsplit("/", 2)
    if len(parts) < 3:
        return None
    numbers = parts[2].split(".")
    if len(numbers) != 4 or not all(number.isdecimal() for number in numbers):
        return None
    bag, number, failed, skipped = (int(part) for part in numbers)
    return parts[1], bag, number, failed, skipped


def join_url(base: str, relative: str) -> str:
    """Return a URL of the run: absolute ones stay, others are put below the base."""
    return relative if "://" in relative else f"{base}/{relative}"
