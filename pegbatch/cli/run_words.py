"""The words `[DIR] [WORD]` of a command: a submit directory, and what in its run is meant."""

from __future__ import annotations

from pathlib import Path

from pegbatch.cli.options import is_url, submit_dir_path
from pegbatch.errors import UsageError
from pegbatch.model.layout import PLAN_FILE


def dir_or_word(first: str | None, second: str | None) -> tuple[Path, str | None]:
    """Return the submit directory and the word, if any.

    Shapes: a word alone, in a submit directory, is meant in it, unless it is another one's path.
    Errors: UsageError where a URL stands for the directory.
    """
    is_word = first is not None and second is None and not is_url(first)
    if is_word and _is_submit_dir(".") and not _is_submit_dir(str(first)):
        return Path(), first
    return submit_dir_path(first or "."), second


def dir_and_word(first: str, second: str | None) -> tuple[Path, str]:
    """Return the submit directory and the word; one alone is meant in the current directory.

    Errors: UsageError where a URL, or a directory and no word, is given.
    """
    if second is not None:
        return submit_dir_path(first), second
    if _is_submit_dir(first):
        raise UsageError(
            f"{first} is a submit directory, and nothing in it is named",
            hint="name one of its tasks; `pegbatch analyze` shows those that failed",
        )
    return Path(), first


def _is_submit_dir(word: str) -> bool:
    return (Path(word) / PLAN_FILE).is_file()
