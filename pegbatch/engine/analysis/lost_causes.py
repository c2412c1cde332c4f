"""Why a child was lost: what Batch, or its worker, says of it, in words.

Source: AWS Batch, statusReason and the container's reason, as services and users have seen them.
"""

from __future__ import annotations

from pegbatch.engine.analysis.causes import MORE_DISK, MORE_MEMORY, RUN_AGAIN
from pegbatch.engine.context import CANCEL_REASON
from pegbatch.engine.counting import is_skip
from pegbatch.model.analysis import Cause, CauseKind
from pegbatch.model.history import ChildAttempt
from pegbatch.model.plan import Job

_IMAGE = (
    "see to the image in the job definition: its name and tag, who may pull it (execution role, "
    "repository), and the way there (public address, NAT, endpoints); `pegbatch check` looks at it"
)
_ENTRY = (
    "build the image by containers/fetch-and-run, on the one that is meant; "
    "`pegbatch check --images` looks into the images of containers"
)
_RECLAIMED = (
    f"{RUN_AGAIN}; where it happens often, `--on-demand` or more "
    "`pegbatch.infrastructure_retries` help"
)
_START = "see to the job definition (command, roles, secrets, volumes, logging); `pegbatch check`"

_WORDS: tuple[tuple[str, CauseKind, str, str], ...] = (
    (CANCEL_REASON, "cancelled", "the run was cancelled", "`pegbatch run` goes on"),
    ("outofmemory", "memory", "the child was killed for its memory", MORE_MEMORY),
    ("cannotpull", "image-pull", "the container's image could not be pulled", _IMAGE),
    ("imagepull", "image-pull", "the container's image could not be pulled", _IMAGE),
    ("host ec2", "reclaimed", "the machine under the child was taken away", _RECLAIMED),
    ("spot", "reclaimed", "the machine under the child was taken away (Spot)", _RECLAIMED),
    ("duration exceeded", "timeout", "the child ran longer than its bag may", RUN_AGAIN),
    ("no space left", "disk-full", "the machine's disk was full", MORE_DISK),
    ("resourceinitialization", "directory", "the container could not be set up", _START),
    ('exec: "s3://', "not-executable", "the image has no entry script for the worker", _ENTRY),
    ('exec: "file://', "not-executable", "the image has no entry script for the worker", _ENTRY),
    ("cannotstart", "not-executable", "the container could not be started", _START),
    ("cannotcreate", "not-executable", "the container could not be made", _START),
    ("failed to start", "directory", "the container could not be started", RUN_AGAIN),
    ("dockertimeout", "lost", "the machine's container engine did not answer", RUN_AGAIN),
    ("cannotinspect", "lost", "the machine's container engine did not answer", RUN_AGAIN),
)
"""Words of a reason in small letters, what they mean, what to do."""

KILLED = 137
_LOG = "read the child's log in CloudWatch"
_CODES: dict[int, tuple[CauseKind, str, str]] = {
    1: ("lost", "the entry script could not get the worker, or the image lacks obstore", _LOG),
    2: ("lost", "the worker did not understand what it was told", _LOG),
    5: ("store", "the store said no, or the plan in it is not whole", _LOG),
    70: ("lost", "a bug in pegbatch", f"{_LOG}, and report what it says"),
    75: ("store", "it asked to be started again, and had no attempt left", RUN_AGAIN),
    126: ("not-executable", "the image has no entry script that can be executed", _ENTRY),
    127: ("command-not-found", "the image has no entry script, or no python3 for it", _ENTRY),
    139: ("signal", "the worker itself crashed (SIGSEGV)", _LOG),
    143: ("reclaimed", "the child was told to end (SIGTERM)", _RECLAIMED),
}
"""Exit codes of a child, and what the worker or the entry script means by them."""


def cause_of_lost(attempt: ChildAttempt, job: Job | None) -> Cause:
    """Return why a child was lost."""
    reason, code = attempt.reason.strip(), attempt.exit_code
    small = reason.lower()
    if is_skip(reason):
        return Cause("dependency", f"it was never started: {reason}")
    for words, kind, sentence, advice in _WORDS:
        if words.lower() in small:
            asked = _asked(job) if kind == "memory" else ""
            return Cause(kind, _told(f"{sentence}{asked}", reason, code), advice)
    if code == KILLED:
        return Cause("memory", _killed(job), f"if it was memory, {MORE_MEMORY}")
    if code in _CODES:
        kind, sentence, advice = _CODES[code]
        return Cause(kind, _told(f"the child was lost: {sentence}", reason, code), advice)
    sentence = "the child ended without a word" if reason or code is not None else _FORGOTTEN
    return Cause("lost", _told(sentence, reason, code), RUN_AGAIN)


_FORGOTTEN = "the child left no record, and Batch says nothing of it (any more)"


def _killed(job: Job | None) -> str:
    return (
        "the child was killed with all it ran (exit code 137, SIGKILL), most often for its memory"
        f"{_asked(job)}"
    )


def _asked(job: Job | None) -> str:
    return "" if job is None else f"; it asked for {job.resources.memory_mib:,} MiB"


def _told(sentence: str, reason: str, code: int | None) -> str:
    """Add what was said, by Batch or by the worker."""
    parts = [f'"{reason}"' if reason else ""]
    parts.append("" if code is None else f"exit code {code}")
    said = ", ".join(filter(None, parts))
    return f"{sentence} ({said})" if said else sentence
