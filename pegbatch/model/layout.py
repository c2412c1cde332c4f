"""Where everything lies below a run's URL and in a submit directory (docs/formats.md).

Every key is relative to the run's URL, which ends without a slash.
"""

from __future__ import annotations

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
FILE_FOLDERS = ("data", "programs")
"""Below the run: what its tasks, and its transfers, have made."""
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


def record_key(array: str, bag: int, number: int, attempt: int) -> str:
    """Return the key of the records that one attempt of one child writes."""
    return f"{records_folder(array, bag)}/{number}.{attempt}.jsonl"


class RecordKey(NamedTuple):
    """What the key of a records file says."""

    array: str
    bag: int
    number: int
    """The try."""
    attempt: int


def parse_record_key(key: str) -> RecordKey | None:
    """Read the key of a records file; None for another key.

    Shapes: the key may carry anything before `records/`.
    """
    parts = key.rsplit("/", 3)
    if len(parts) < 4:
        return None
    number, attempt, *end = parts[3].split(".") if parts[3].count(".") == 2 else ("", "")
    if end != ["jsonl"] or not all(text.isdecimal() for text in (parts[2], number, attempt)):
        return None
    return RecordKey(parts[1], int(parts[2]), int(number), int(attempt))


def log_key(array: str, bag: int, number: int, attempt: int) -> str:
    """Return the key of the whole output of one attempt of one child."""
    return f"logs/{base_array(array)}/{bag}.{number}.{attempt}.log"


def array_failures(array: str) -> str:
    """Return the folder of the failure marks of an array."""
    return f"{FAILURES_KEY}/{base_array(array)}"


def failure_key(array: str, bag: int, number: int, failed: int, skipped: int) -> str:
    """Return the key of the empty object that says: tasks of this bag failed or were skipped.

    Shapes: no tasks at all say that the bag is done, whatever marks of before say.
    """
    return f"{array_failures(array)}/{bag}.{number}.{failed}.{skipped}"


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
