"""`<uses>` of a DAX: which file, and how the job uses it, in the spellings of all versions."""

from __future__ import annotations

from pegbatch.model.workflow import EXECUTABLE, TransformationName
from pegbatch.parse.findings import Findings
from pegbatch.parse.use_flags import use_flags
from pegbatch.parse.xml_events import Element


def file_name(element: Element) -> str | None:
    """Return the LFN an element names: `name=` (3.x), or `file=` (2.x and older)."""
    attributes = element.attributes
    return attributes.get("name") or attributes.get("file") or None


def use_of(element: Element, findings: Findings) -> tuple[str, int] | None:
    """Read one `<uses>` of a job as (LFN, flags); None, with a problem, where it has no name.

    Shapes: an executable's LFN is its complete name. Defaults: transfer and register are true.
    """
    attributes = element.attributes
    name = attributes.get("name") or attributes.get("file")
    if not name:
        findings.refuse(element.line, "a <uses> without name", "give it the file's name")
        return None
    link = attributes.get("link", "")
    findings.check_link(link, name, element.line)
    if len(attributes) == 2 and link:
        return name, use_flags(link, None, None, None)
    flags = use_flags(link, attributes.get("optional"), _transfer(element), _register(element))
    if is_executable(element, default=False):
        return str(complete_name(element, name)), flags | EXECUTABLE
    return name, flags


def is_executable(element: Element, *, default: bool) -> bool:
    """Tell whether a `<uses>` names an executable."""
    word = element.attributes.get("executable")
    if word is None:
        return default or element.attributes.get("type") == "executable"
    return word.strip().lower() == "true"


def complete_name(element: Element, name: str) -> TransformationName:
    """Return the transformation an element names by namespace, name and version."""
    attributes = element.attributes
    return TransformationName(attributes.get("namespace", ""), name, attributes.get("version", ""))


def _transfer(element: Element) -> str | None:
    """Return true, false or optional, whatever the version calls it; None where not said."""
    attributes = element.attributes
    return (
        attributes.get("transfer")
        or _negated(attributes.get("dontTransfer"))
        or _negated(attributes.get("isTemporary"))
    )


def _register(element: Element) -> str | None:
    attributes = element.attributes
    return (
        attributes.get("register")
        or _negated(attributes.get("dontRegister"))
        or _negated(attributes.get("isTemporary"))
    )


def _negated(word: str | None) -> str | None:
    """Turn `dontTransfer` into `transfer`; `optional` stays what it is."""
    if not word:
        return None
    return {"true": "false", "false": "true"}.get(word.strip().lower(), word)
