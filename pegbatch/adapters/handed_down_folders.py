"""The folders of this machine below which nested runs deliver: their plan's own file says which."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from pegbatch.adapters.private_files import write_private
from pegbatch.adapters.submit_dir import CATALOGS_FOLDER
from pegbatch.model.handed_down import FILE

FILE_SCHEME = "file://"
KEY = "output_folders"
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What is raised where the file, which may come from a bucket, is not what a plan writes."""


def handed_down_folders(submit_dir: Path) -> list[Path]:
    """Return the output folders that a plan hands down to its sub-workflows; none where it does not
    tell.
    """
    try:
        scopes = json.loads(_file(submit_dir).read_bytes())["scopes"].values()
        known = [url for scope in scopes for url in scope[KEY]]
    except (OSError, *_DAMAGED):
        return []
    urls = (url for url in known if isinstance(url, str) and url.startswith(FILE_SCHEME))
    return [Path(url.removeprefix(FILE_SCHEME)) for url in urls]


def keep_folders(submit_dir: Path, is_fit: Callable[[str], bool]) -> None:
    """Leave out of what a plan hands down the folders that are not fit.

    Shapes: a file that is not what a plan writes is removed; one that is not there stays so.
    """
    path = _file(submit_dir)
    if not path.is_file():
        return
    try:
        data = json.loads(path.read_bytes())
        scopes = {name: _tamed(one, is_fit) for name, one in data["scopes"].items()}
        tamed = orjson.dumps({**data, "scopes": scopes})
    except _DAMAGED:
        path.unlink()
        return
    write_private(path, tamed)


def _tamed(scope: dict[str, Any], is_fit: Callable[[str], bool]) -> dict[str, Any]:
    return {**scope, KEY: [url for url in scope[KEY] if is_fit(url.removeprefix(FILE_SCHEME))]}


def _file(submit_dir: Path) -> Path:
    return submit_dir / CATALOGS_FOLDER / FILE
