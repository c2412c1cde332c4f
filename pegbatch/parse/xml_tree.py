"""Small XML files as a tree, with no door to the outside: no DTD, no entities, no network."""

from __future__ import annotations

from typing import Any, cast

from lxml import etree

from pegbatch.errors import InputError


def parse_xml(data: bytes, source: str) -> etree._Element:
    """Return the root element; comments and processing instructions are left out.

    Errors: InputError where the text is malformed, nested too deep, or has a DTD.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise InputError(
            f"malformed XML: {error.msg}",
            where=f"{source}:{line}",
            hint="look at that line and the one before: a bracket, a quote or an end tag",
        ) from error
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        raise InputError(
            "a document type declaration is not allowed here",
            where=f"{source}:1",
            hint="remove the <!DOCTYPE …>",
        )
    return root


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def line_of(element: etree._Element) -> int:
    """Return the line an element begins on."""
    return cast(int, element.sourceline) or 1


def text_of(element: etree._Element) -> str:
    """Return an element's text, blanks round it dropped."""
    return "".join(cast(str, part) for part in element.itertext()).strip()
