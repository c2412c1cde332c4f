"""Replica catalogs as text, in the two formats that parse.replicas reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import orjson

from pegbatch.model.registered import RegisteredFile

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON may hold as it is and YAML may not."""
_SPECIAL = re.compile(r"""[\s"'\\=#]|^[{<]""")
"""A word is quoted for these; a line that begins with a brace or `<` looks like JSON or XML."""
_ESCAPED = re.compile(r'(["\\])')


def yaml_lines(files: Sequence[RegisteredFile]) -> Iterator[str]:
    """Yield a YAML 5.0 catalog, ordered by LFN; an LFN is an entry for each checksum it has."""
    yield 'pegasus: "5.0"\n'
    yield "replicas:\n" if files else "replicas: []\n"
    for (lfn, sha256, size), places in groupby(_ordered(files), _identity):
        entry: dict[str, object] = {
            "lfn": lfn,
            "pfns": [{"site": place.site, "pfn": place.pfn} for place in places],
        }
        if sha256:
            entry["checksum"] = {"sha256": sha256}
        if size is not None:
            entry["metadata"] = {"size": size}
        yield f"- {_UNPRINTABLE.sub(_escape, orjson.dumps(entry).decode())}\n"


def file_lines(files: Iterable[RegisteredFile]) -> Iterator[str]:
    """Yield a File catalog, ordered by LFN, a line for each place."""
    for file in _ordered(files):
        attributes = [("site", file.site)]
        if file.sha256:
            attributes += [("checksum.type", "sha256"), ("checksum.value", file.sha256)]
        if file.size_bytes is not None:
            attributes.append(("size", str(file.size_bytes)))
        pairs = " ".join(f"{key}={_quoted(value)}" for key, value in attributes)
        yield f"{_word(file.lfn)} {_word(file.pfn)} {pairs}\n"


def _ordered(files: Iterable[RegisteredFile]) -> list[RegisteredFile]:
    return sorted(files, key=lambda file: (file.lfn, file.sha256 or "", file.site, file.pfn))


def _identity(file: RegisteredFile) -> tuple[str, str | None, int | None]:
    return file.lfn, file.sha256, file.size_bytes


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _word(text: str) -> str:
    return _quoted(text) if _SPECIAL.search(text) else text


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(r"\\\1", text) + '"'
