"""Jobs and edges of a DAX in their usual spelling, taken by patterns instead of a parser.

Nearly every workflow is written by a program, and nearly all of it are `<job>` and `<child>`
elements without comments, entities or variables. What is spelled so is taken here, three times as
fast as the parser could; everything else, and all that is wrong, is left to the parser. Both end
in the same workflow: tests compare them.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache

from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.workflow import EXECUTABLE, TransformationName
from pegbatch.parse.builder import WorkflowBuilder
from pegbatch.parse.dax_jobs import read_profile, runtime_profiles, trimmed
from pegbatch.parse.dax_uses import complete_name, use_of
from pegbatch.parse.findings import Findings
from pegbatch.parse.xml_events import Element


def _as_many(pattern: str, times: str = "*") -> str:
    """Return a pattern for as many of another as there are, none of which is given back.

    Source: Python before 3.11.3 finds wrong matches for `(?:…)*+` (gh-100061).
    """
    if sys.version_info < (3, 11, 3):
        return rf"(?>(?:{pattern}){times})"
    return rf"(?:{pattern}){times}+"


_SPACE = r"[ \t\n]*+"
_VALUE = r'[^"<&$\t\n\r]'
_ATTRIBUTE = rf' ++[a-zA-Z_]\w*+="{_VALUE}*+"'
_SOME_ATTRIBUTES = rf"(?:{_ATTRIBUTE})*?"
_ATTRIBUTES = _as_many(_ATTRIBUTE)
_TEXT = r"[^<>&$\r]"
_FILE = rf'<file(?:name)? (?:name|file)="(?:{_VALUE}++)" ?+/>'
_JOB = re.compile(
    rf'({_SPACE})<job({_SOME_ATTRIBUTES}) ++id="({_VALUE}++)"({_ATTRIBUTES}) ?+>', re.ASCII
).match
_JOB_END = "</job>"
"""The first one ends the job: no value, and no text, that is taken here holds a `<`."""
_PARTS = re.compile(
    rf"{_SPACE}(?:<(?:"
    rf'((?:uses|stdin|stdout|stderr){_SOME_ATTRIBUTES}) ++(?:name|file)="({_VALUE}++)"'
    rf"({_ATTRIBUTES}) ?+/>"
    rf"|argument>({_TEXT}*+{_as_many(f'{_FILE}{_TEXT}*+')})</argument>"
    rf"|profile({_as_many(_ATTRIBUTE, '+')})>({_TEXT}*+)</profile>)"
    r"|(\S))",
    re.ASCII,
).findall
"""The last group holds what is none of these, one by one: as attributes it is odd, too."""
_FILES = re.compile(_FILE.replace("(?:" + _VALUE, "(" + _VALUE)).split
_ONE_PARENT = rf'{_SPACE}<parent ++ref="{_VALUE}++" ?+/>'
_CHILD = re.compile(
    rf'({_SPACE})<child ++ref="({_VALUE}++)" ?+>'
    rf"({_as_many(_ONE_PARENT)}{_SPACE})</child>"
).match
_PARENTS = re.compile(rf'({_SPACE})<parent ++ref="({_VALUE}++)"').findall
_NAMED = re.compile(r'(\w+)="([^"]*)"').findall

_STREAMS = {"stdin": 0, "stdout": 1, "stderr": 2}
_KNOWN_AT_MOST = 4096
"""Attributes as written, of which is remembered what they mean."""


class PlainJobs:
    """Takes what is spelled as usual from the text of a DAX."""

    def __init__(self, builder: WorkflowBuilder) -> None:
        """Take the builder that jobs and edges are added to."""
        self._builder = builder

    def take(self, text: str, start: int, line: int) -> tuple[int, int]:
        """Take jobs and edges from there on, as far as they are plain.

        Shapes: text begins with whole children of the root, on a line of that number; the
        result is where the first one begins that is not taken, and on which line.
        """
        take_job, take_child = self._take_job, self._take_child
        while True:
            if found := _JOB(text, start):
                end = text.find(_JOB_END, found.end())
                taken = take_job(found, text[found.end() : end], line) if end >= 0 else 0
                end += len(_JOB_END)
            elif found := _CHILD(text, start):
                taken = take_child(found, line)
                end = found.end()
            else:
                return start, line
            if not taken:
                return start, line
            start, line = end, taken

    def _take_job(self, found: re.Match[str], inside: str, line: int) -> int:
        """Add one job and return the line it ends on; 0 where it is left to the parser."""
        space, before, identifier, after = found.groups()
        head = _head(before, after)
        if head is None:
            return 0
        line += space.count("\n")
        transformation, profiles = head
        arguments = ""
        streams: list[str | None] = [None, None, None]
        uses: list[tuple[str, int]] = []
        for first, name, last, argument, attributes, value, odd in _PARTS(inside):
            if name:
                use = _use(first, last)
                if use is None:
                    return 0
                stream, flags = use
                if stream is None:
                    uses.append((name, flags))
                else:
                    streams[stream] = name
            elif written := attributes or odd:
                key = _profile_key(written)
                if key is None:
                    return 0
                profiles += (Profile(*key, value.strip()),)
            else:
                text = _arguments(argument)
                arguments = f"{arguments} {text}" if arguments else text
        self._builder.add_task(identifier, line, transformation, arguments, profiles, streams, uses)
        return line + inside.count("\n")

    def _take_child(self, found: re.Match[str], line: int) -> int:
        """Add the edges to one child and return the line it ends on."""
        space, child, inside = found.groups()
        line += space.count("\n")
        end = line + inside.count("\n")
        parents, lines = [], []
        for gap, parent in _PARENTS(inside):
            line += gap.count("\n")
            parents.append(parent)
            lines.append(line)
        self._builder.add_parents(child, parents, lines)
        return end


def _arguments(argument: str) -> str:
    """Return what `argument_text` makes of the element with that inside."""
    if "<" not in argument:
        return trimmed(argument)
    pieces = _FILES(argument)
    pieces[::2] = map(_option, pieces[::2])
    return "".join(pieces)


_option = lru_cache(_KNOWN_AT_MOST)(trimmed)
"""What stands between files is mostly the same in all jobs: `-i `, ` -o `."""


@lru_cache(_KNOWN_AT_MOST)
def _head(before: str, after: str) -> tuple[TransformationName, Profiles] | None:
    """Return what the attributes of a job say beside its id; None where they are odd."""
    attributes = _attributes(before, after)
    if attributes is None or "id" in attributes or not attributes.get("name"):
        return None
    name = complete_name(Element("job", attributes, 0, []), attributes["name"])
    return name, runtime_profiles(attributes)


@lru_cache(_KNOWN_AT_MOST)
def _use(before: str, after: str) -> tuple[int | None, int] | None:
    """Return which stream, if one, and the flags of a use, whatever its file; None where it is odd.

    Shapes: before begins with the element's name.
    """
    tag, _, _ = before.partition(" ")
    attributes = _attributes(before, after)
    if attributes is None or "name" in attributes or "file" in attributes:
        return None
    findings = Findings("")
    use = use_of(Element("uses", {"name": "any", **attributes}, 0, []), findings)
    odd = use is None or use[1] & EXECUTABLE or not findings.is_empty
    return None if use is None or odd else (_STREAMS.get(tag), use[1])


@lru_cache(_KNOWN_AT_MOST)
def _profile_key(written: str) -> tuple[str, str] | None:
    """Return namespace and key of a profile; None where they are odd."""
    attributes = _attributes(written)
    findings = Findings("")
    profile = read_profile(Element("profile", attributes or {}, 0, []), findings)
    return profile[:2] if profile is not None and findings.is_empty else None


def _attributes(*written: str) -> dict[str, str] | None:
    """Return attributes as the parser would; None where one is given twice."""
    pairs = [pair for part in written for pair in _NAMED(part)]
    attributes = dict(pairs)
    return attributes if len(attributes) == len(pairs) else None
