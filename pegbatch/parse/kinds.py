"""What kind of input a file is, by its content; its name decides only where that is mute."""

from __future__ import annotations

import re
from pathlib import PurePath

from pegbatch.errors import InputError
from pegbatch.model.inspection import Kind
from pegbatch.parse.decoding import decode
from pegbatch.parse.json_files import load_json

_HEAD_BYTES = 1 << 16
"""How much of a file decides whether it is XML, JSON or binary."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTENT = re.compile(rb"^[ \t\r\f]*[^\s#]", re.MULTILINE)
_YAML_MARK = re.compile(rb"^(?:---|(?:x-)?pegasus[ \t]*:)(?=\s)", re.MULTILINE)
_JSON_KEY = re.compile(r'[{,]\s*"(\w+)"\s*:')
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.\-]+:)?([A-Za-z_][\w.\-]*)")

_ROOTS: dict[str, Kind] = {"adag": "dax-xml", "sitecatalog": "sc-xml"}

_AWS_KEYS = frozenset(
    (
        "submitjob",
        "jobdefinitionname",
        "containerproperties",
        "computeresources",
        "computeenvironmentname",
        "computeenvironmentorder",
        "jobqueuename",
        "retrystrategy",
    )
)

_YAML_KEYS: tuple[tuple[str, Kind], ...] = (
    ("jobs", "wf-yaml"),
    ("jobDependencies", "wf-yaml"),
    ("sites", "sc-yaml"),
    ("transformations", "tc-yaml"),
    ("containers", "tc-yaml"),
    ("replicas", "rc-yaml"),
    ("siteCatalog", "wf-yaml"),
    ("replicaCatalog", "wf-yaml"),
    ("transformationCatalog", "wf-yaml"),
)
"""Top-level keys, in the order in which they decide."""

_TC_TEXT = re.compile(r"^[ \t]*(?:tr|cont)[ \t]+[^\s=]+[ \t]*(?:#.*)?\s*\{", re.MULTILINE)
_REPLICA = re.compile(r'^[^#\s]\S*[ \t]+\S.*[ \t](?:site|pool)[ \t]*=[ \t]*["\w$]')
_PROPERTY = re.compile(
    r"^[ \t\\]*(?:pegasus|pegbatch|dagman|condor|env|globus|hints|selector|stat)\.[^\s=:]+"
    r"[ \t]*(?:[=:]|[ \t]|$)"
)
_BARE_REPLICA = re.compile(r"^[^#\s]\S*[ \t]+(?:[\w+.\-]+://|/)\S*\s*$")

_NAMES: tuple[tuple[str, Kind], ...] = (
    (r".*\.properties|\.?pegasusrc|properties", "properties"),
    (r".*site.*\.ya?ml|sc\.ya?ml", "sc-yaml"),
    (r".*(transformation|tc).*\.ya?ml", "tc-yaml"),
    (r".*(replica|rc).*\.ya?ml", "rc-yaml"),
    (r"(rc|replicas)(\.(txt|data|dat))?", "rc-file"),
    (r"(tc|transformations)(\.(txt|text|data))?", "tc-text"),
)


def detect_kind(data: bytes, source: str) -> Kind:
    """Say what a file is.

    Errors: InputError where it is no text, or no kind that is known.
    """
    blank = is_blank(data)
    kind = None if blank else guess_kind(data, source)
    if kind is None and not looks_like_xml(data):
        kind = _kind_by_name(source)
    if kind is None:
        what = "this is none of the kinds of input that are known" + _root_of(data)
        raise InputError(
            "the file is empty" if blank else what,
            where=source,
            hint="workflow (DAX XML, YAML), site, transformation or replica catalog, properties",
        )
    return kind


def detect_kind_by_head(head: bytes, source: str) -> Kind:
    """Say what a file is that is too large to be looked at whole.

    Errors: as `detect_kind`.
    """
    whole_lines = head[: head.rfind(b"\n") + 1] or head
    text = whole_lines.decode("utf-8", "replace")
    if not looks_like_xml(head) and _looks_like_json(text):
        keys = {key.lower() for key in _JSON_KEY.findall(text)}
        kind = _kind_of_keys(keys) or _flow_kind(text)
        if kind is not None:
            return kind
    return detect_kind(whole_lines, source)


def guess_kind(data: bytes, source: str) -> Kind | None:
    """Return the kind that the content speaks for, or None where nothing does.

    Errors: InputError where the file is no text at all, or malformed JSON.
    """
    if looks_like_xml(data):
        return _ROOTS.get(_root(data) or "")
    if data[:2] in _UTF16:
        return _yaml_kind(data.decode("utf-16", "replace"))
    text = data.decode("utf-8-sig", "replace")
    if _looks_like_json(text):
        return _json_kind(data, text, source)
    return _yaml_kind(text) or _text_kind(decode(data, source))


def is_blank(data: bytes) -> bool:
    """Tell whether a file holds nothing but blanks and `#` comments."""
    return _CONTENT.search(data.removeprefix(b"\xef\xbb\xbf")) is None


def looks_like_xml(data: bytes) -> bool:
    """Tell whether a file is meant to be XML, even with junk before its declaration."""
    head = _head(data)
    return (
        head.lstrip("\ufeff \t\r\n").startswith("<")
        or re.search(r"^<\?xml", head, re.M) is not None
    )


def seems_yaml(data: bytes, source: str) -> bool:
    """Tell whether a file that speaks for no kind is meant to be YAML rather than lines of text.

    Shapes: an empty file is YAML, which knows how to be empty.
    """
    named = PurePath(source).suffix.lower() in (".yml", ".yaml")
    return named or is_blank(data) or _YAML_MARK.search(data) is not None


def _head(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in _UTF16 else "utf-8"
    return data[:_HEAD_BYTES].decode(encoding, "replace")


def _root(data: bytes) -> str | None:
    """Return the name of the XML root: the first element outside of comments."""
    found = _ROOT.search(_COMMENT.sub("", _head(data)))
    return found[1] if found else None


def _root_of(data: bytes) -> str:
    root = _root(data) if looks_like_xml(data) else None
    return f": XML whose root is <{root}>" if root else ""


def _looks_like_json(text: str) -> bool:
    start = text.lstrip()[:2]
    return start.startswith("{") and start not in ("{%", "{{")


def _json_kind(data: bytes, text: str, source: str) -> Kind | None:
    try:
        document = load_json(data, source)[0]
    except InputError:
        kind = _flow_kind(text)
        if kind is None:
            raise
        return kind
    return _kind_of_keys({key.lower() for key in document} if isinstance(document, dict) else set())


def _kind_of_keys(keys: set[str]) -> Kind | None:
    """Return the kind of JSON that has these keys, in lower case."""
    if "workflow" in keys:
        return "wfformat-json"
    if keys & _AWS_KEYS:
        return "aws-json"
    return next((kind for key, kind in _YAML_KEYS if key.lower() in keys), None)


def _flow_kind(text: str) -> Kind | None:
    """Return the kind of YAML in braces, which is no JSON: `{jobs: […]}`."""
    for key, kind in _YAML_KEYS:
        if re.search(rf"[{{,]\s*{key}\s*:\s", text):
            return kind
    return None


def _yaml_kind(text: str) -> Kind | None:
    for key, kind in _YAML_KEYS:
        if re.search(rf"""^["']?{key}["']?[ \t]*:(?=\s|$)""", text, re.MULTILINE):
            return kind
    return None


def _text_kind(text: str) -> Kind | None:
    """Tell the line-based formats apart by what most lines look like."""
    if _TC_TEXT.search(text):
        return "tc-text"
    lines = text.splitlines()
    replicas = sum(_REPLICA.match(line) is not None for line in lines)
    properties = sum(
        _PROPERTY.match(line) is not None for line in lines if not _REPLICA.match(line)
    )
    if replicas or properties:
        return "rc-file" if replicas > properties else "properties"
    return "rc-file" if any(_BARE_REPLICA.match(line) for line in lines) else None


def _kind_by_name(source: str) -> Kind | None:
    name = PurePath(source).name.lower()
    return next((kind for pattern, kind in _NAMES if re.fullmatch(pattern, name)), None)
