"""Objects that only the client reaches: fetched before planning, then sent like local files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pegbatch.adapters.store import Store
from pegbatch.errors import OutsideError
from pegbatch.model.facts import Facts

AT_ONCE = 8


def bring_objects(urls: Iterable[str], store: Store, folder: Path) -> Facts:
    """Download objects into a folder that lasts, and say where each lies, or why it does not.

    Shapes: facts about the URLs alone. A file is written anew by every plan, for an object tells
    nobody that it has changed; a run that finds another content than was planned refuses it.
    Errors: OutsideError where the folder cannot be made.
    """
    wanted = sorted(set(urls))
    try:
        if wanted:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutsideError(
            f"cannot keep objects here: {(error.strerror or str(error)).lower()}",
            where=str(folder),
        ) from error
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(
            zip(wanted, pool.map(lambda url: _bring(url, store, folder), wanted), strict=True)
        )
    return Facts(
        brought={url: str(path) for url, path in answers.items() if isinstance(path, Path)},
        unreadable={url: reason for url, reason in answers.items() if isinstance(reason, str)},
    )


def _bring(url: str, store: Store, folder: Path) -> Path | str:
    path = folder / hashlib.sha256(url.encode()).hexdigest()
    draft = path.with_suffix(".part")
    try:
        store.download(url, draft)
        draft.replace(path)
    except OutsideError as error:
        return error.problems[0].message
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return path
