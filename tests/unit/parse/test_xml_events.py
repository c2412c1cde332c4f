from __future__ import annotations

import io
from typing import NoReturn

import pytest

from pegbatch.errors import InputError, Problem
from pegbatch.parse.xml_events import CHUNK_BYTES, MAX_DEPTH, Element, XmlReader

TEXT = frozenset(("t",))


def reader(text: str | bytes, **environment: str) -> XmlReader:
    data = text.encode() if isinstance(text, str) else text
    return XmlReader(io.BytesIO(data), "f.xml", environment, TEXT)


def read(text: str | bytes, **environment: str) -> list[Element]:
    found = reader(text, **environment)
    found.open()
    return list(found.elements())


def refused(text: str | bytes) -> Problem:
    with pytest.raises(InputError) as caught:
        read(text)
    return caught.value.problems[0]


def test_the_root_comes_first_and_then_its_children() -> None:
    found = reader('<r v="1">\n <a x="2"><b/></a>\n <c/>\n</r>')
    root = found.open()
    children = list(found.elements())
    assert (root.tag, root.attributes, root.line, root.content) == ("r", {"v": "1"}, 1, [])
    assert [(child.tag, child.line) for child in children] == [("a", 2), ("c", 3)]
    assert [inner.tag for inner in children[0].children()] == ["b"]


def test_a_root_without_children_is_read() -> None:
    found = reader("<r/>")
    assert found.open().tag == "r"
    assert list(found.elements()) == []


@pytest.mark.parametrize(
    "text",
    [
        '<r xmlns="http://one"><a/></r>',
        '<p:r xmlns:p="http://two"><p:a/></p:r>',
        "<r><a/></r>",
        "<p:r><p:a/></p:r>",
    ],
)
def test_namespaces_are_dropped(text: str) -> None:
    found = reader(text)
    assert (found.open().tag, [child.tag for child in found.elements()]) == ("r", ["a"])


def test_text_is_kept_where_asked_for_and_in_place() -> None:
    (outer,) = read("<r><a> no <t> x <i>lost</i> y<!-- c --> z </t> no </a></r>")
    (element,) = outer.children()
    parts = [part if isinstance(part, str) else part.tag for part in element.content]
    assert parts == [" x ", "i", " y z "]
    assert element.text() == "x  y z"
    assert outer.text() == ""


def test_text_inside_text_is_kept_with_its_own_element() -> None:
    (outer,) = read("<r><t>a<t>b</t>c</t></r>")
    (inner,) = outer.children()
    assert (outer.text(), inner.text()) == ("ac", "b")


def test_line_ends_of_windows_become_line_feeds() -> None:
    (element,) = read("<r>\r\n<t>a\r\nb</t>\r\n</r>")
    assert (element.text(), element.line) == ("a\nb", 2)


def test_lines_are_right_far_beyond_16_bits() -> None:
    children = read("<r>" + "\n<a/>" * 70_000 + "</r>")
    assert (children[0].line, children[-1].line) == (2, 70_001)


def test_long_text_over_several_chunks_is_one_piece() -> None:
    long = "x" * (CHUNK_BYTES * 2)
    (element,) = read(f"<r><t>{long}</t></r>")
    assert element.content == [long]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "us-ascii"])
def test_encodings_are_read_as_declared(encoding: str) -> None:
    word = "a${V}" if encoding == "us-ascii" else "é${V}"
    data = f'<?xml version="1.0" encoding="{encoding}"?><r><a n="{word}"/></r>'.encode(encoding)
    (element,) = read(data, V="w")
    assert element.attributes == {"n": word.replace("${V}", "w")}


@pytest.mark.parametrize("encoding", ["no-such-thing", "shift_jis", "utf-7", "base64"])
def test_an_encoding_that_cannot_be_read_is_refused(encoding: str) -> None:
    problem = refused(f'<?xml version="1.0" encoding="{encoding}"?>\n<r/>')
    assert problem.where == "f.xml:1"
    assert "malformed XML" in problem.message


def test_a_fault_of_our_own_is_not_taken_for_bad_input() -> None:
    class Broken(dict[str, str]):
        def get(self, *_: object) -> NoReturn:
            raise ValueError("our fault")

    with pytest.raises(ValueError, match="our fault"):
        list(XmlReader(io.BytesIO(b'<r><a n="${V}"/></r>'), "f", Broken(), TEXT).elements())


def test_variables_are_replaced_in_attributes_and_text_and_unset_ones_collected() -> None:
    found = reader('<r>\n<a n="${A}" m="$A"/>\n<t>x ${B}<i/> ${A}</t></r>', A="1")
    found.open()
    first, second = found.elements()
    assert first.attributes == {"n": "1", "m": "$A"}
    assert [part for part in second.content if isinstance(part, str)] == ["x ${B}", " 1"]
    assert [problem.where for problem in found.undefined] == ["f.xml:3"]


def test_a_variable_across_two_chunks_is_replaced() -> None:
    start = '<r><a n="'
    padding = " " * (CHUNK_BYTES - len(start) - 1)
    (element,) = read(f'{start}{padding}${{V}}"/></r>', V="w")
    assert element.attributes["n"].strip() == "w"


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("", "f.xml:1", "no element"),
        ("<r>\n<a></r>", "f.xml:2", "mismatched tag"),
        ("<r>\n<a>\n", "f.xml:3", "the file ends before"),
        ("junk\n<r/>", "f.xml:1", "malformed XML"),
        ("<r/>\n<s/>", "f.xml:2", "junk after"),
        ("<r>&undefined;</r>", "f.xml:1", "undefined entity"),
        (b"\x00\x01\x02" * 99, "f.xml:1", "malformed XML"),
        (b"<r>\n\xff\xfe</r>", "f.xml:2", "malformed XML"),
    ],
)
def test_what_is_malformed_is_refused_with_its_line(
    text: str | bytes, where: str, words: str
) -> None:
    problem = refused(text)
    assert problem.where == where
    assert words in problem.message


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE r>",
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
    ],
)
def test_a_doctype_is_refused_before_anything_is_expanded(doctype: str) -> None:
    problem = refused(f"<?xml version='1.0'?>\n{doctype}\n<r>&c;</r>")
    assert problem.where == "f.xml:2"
    assert "DOCTYPE" in problem.message


def test_deep_nesting_is_refused() -> None:
    assert f"deeper than {MAX_DEPTH}" in refused("<r>" + "<a>" * 300_000).message
