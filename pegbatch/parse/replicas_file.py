"""The File replica catalog: a line `LFN PFN site="s" key="value"` for each place of a file.

A word with a blank, `"`, `\\` or `=` in it is quoted, with backslash escapes inside the quotes;
`#` in the first column begins a comment. Source: Pegasus, replica catalog `File`. It skips a
bad line; we refuse the file and name all of them. With `regex="true"` the LFN is a Java regular
expression (catalog type `Regex`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pegbatch.model.catalogs import Replica, ReplicaCatalog
from pegbatch.parse.reading import Reading
from pegbatch.parse.replicas import Entry, build_replicas, checksum
from pegbatch.parse.templates import blank_statements, warn_of_placeholders

_WORD = r'"(?:[^"\\]|\\.)*"|[^\s"=]+'
_ATTRIBUTE = re.compile(rf"\s*([\w.\-]+)\s*=\s*({_WORD})(?=\s|$)")
_PLACES = re.compile(rf"\s*({_WORD})\s+({_WORD})(?=\s|$)")
_PLAIN = re.compile(
    r'([^\s"=$#][^\s"=$]*)[ \t]+([^\s"=$]+)[ \t]+(?:site|pool)="([^\s"=$\\]+)"'
).fullmatch
"""Nearly every line of a large catalog; to read it word by word takes four times as long."""
_ESCAPE = re.compile(r"\\(.)")


def read_replicas_file(text: str, reading: Reading) -> ReplicaCatalog:
    """Read a File catalog.

    Errors: InputError with all problems, each with file and line.
    """
    plain = blank_statements(text, reading)
    warn_of_placeholders(plain, reading)
    found: list[Entry] = []
    entries = 0
    for number, line in enumerate(plain.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            entries += 1
            found += _entry(line.rstrip(), number, reading)
    return build_replicas(reading, "", found, entries)


def _entry(text: str, line: int, reading: Reading) -> Iterable[Entry]:
    """Read one line; nothing where it is bad."""
    plain = _PLAIN(text)
    if plain is not None:
        lfn, pfn, site = plain.groups()
        replica = Replica(site=site, pfn=pfn, sha256=None, where=reading.where(line))
        return (Entry(lfn, replica, line, False),)
    places = _PLACES.match(text)
    if places is None:
        reading.refuse(line, _reason(text), 'write LFN PFN site="…", and quote a word with `=`')
        return ()
    lfn, pfn = (reading.expand(_unquoted(word), line) for word in places.groups())
    attributes = _attributes(text[places.end() :], line, reading)
    if attributes is None:
        return ()
    is_pattern = attributes.get("regex", "").lower() == "true"
    return (Entry(lfn, _replica(pfn, attributes, line, reading), line, is_pattern),)


def _reason(text: str) -> str:
    if text.count('"') % 2:
        return "a quote is not closed"
    words = re.findall(_WORD, text)
    if len(words) < 2:
        return "expected an LFN and a PFN"
    return "an unquoted `=` or a stray quote in the LFN or PFN"


def _attributes(text: str, line: int, reading: Reading) -> Mapping[str, str] | None:
    """Read `key=value` up to the end of the line; None, and a problem, where it is bad."""
    attributes: dict[str, str] = {}
    position = 0
    while position < len(text):
        found = _ATTRIBUTE.match(text, position)
        if found is None:
            rest = text[position:].strip()
            reading.refuse(line, f'expected key="value", found {rest!r}', 'write LFN PFN site="…"')
            return None
        attributes[found[1]] = reading.expand(_unquoted(found[2]), line)
        position = found.end()
    return attributes


def _replica(pfn: str, attributes: Mapping[str, str], line: int, reading: Reading) -> Replica:
    site = attributes.get("site") or attributes.get("pool") or ""
    if not site:
        reading.warn(line, f'no site for {pfn}; taken as site="local"')
    value = attributes.get("checksum.value", "")
    known = attributes.get("checksum.type", "sha256").lower() == "sha256"
    return Replica(
        site=site or "local",
        pfn=pfn,
        sha256=checksum(reading, line, value) if value and known else None,
        where=reading.where(line),
    )


def _unquoted(word: str) -> str:
    return _ESCAPE.sub(r"\1", word[1:-1]) if word.startswith('"') else word
