"""The shortcut through a DAX against the parser alone: the same workflow, the same complaints."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError, Problem
from pegbatch.model.workflow import Workflow
from pegbatch.parse.builder import WorkflowBuilder
from pegbatch.parse.dax_xml import TEXT_TAGS, read_dax
from pegbatch.parse.plain_jobs import PlainJobs
from pegbatch.parse.xml_events import XmlReader
from pegbatch.parse.xml_shortcut import CHUNK_BYTES, ShortcutReader

HOME = {"V": "value"}


class Dripping(io.BytesIO):
    """Hands out at most so many bytes a read."""

    def __init__(self, data: bytes, at_most: int) -> None:
        super().__init__(data)
        self._at_most = at_most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._at_most if not size or size < 0 else min(size, self._at_most))


class Watched(PlainJobs):
    """Remembers how many line breaks it took."""

    taken = 0

    def take(self, text: str, start: int, line: int) -> tuple[int, int]:
        end = super().take(text, start, line)
        self.taken += end[0] - start
        return end


def by_parser(data: bytes) -> Workflow | tuple[Problem, ...]:
    builder = WorkflowBuilder("f", "dax-xml")
    return outcome(XmlReader(io.BytesIO(data), "f", HOME, TEXT_TAGS), builder)


def by_shortcut(data: bytes, at_most: int = 1 << 20) -> Workflow | tuple[Problem, ...]:
    builder = WorkflowBuilder("f", "dax-xml")
    stream = Dripping(data, at_most)
    return outcome(ShortcutReader(stream, "f", HOME, TEXT_TAGS, PlainJobs(builder)), builder)


def outcome(reader: XmlReader, builder: WorkflowBuilder) -> Workflow | tuple[Problem, ...]:
    try:
        return read_dax(reader, builder)
    except InputError as error:
        return tuple(error.problems)


PARTS = (
    '<argument>-i <file name="in"/> -o <file name="out" />  x</argument>',
    "<argument> plain\n words </argument>",
    "<argument></argument>",
    "<argument/>",
    '<argument>a &amp; b <filename file="f"/><!-- no --></argument>',
    "<argument>a > b ]]> c</argument>",
    "<argument>${V} $V ${UNSET}</argument>",
    '<uses name="in" link="input"/>',
    '<uses link="output" name="out" register="false" transfer="true" size="12"/>',
    "<uses name='in' link='input'/>",
    '<uses file="old" link="inout" isTemporary="true"/>',
    '<uses name="in" file="other" link="input"/>',
    '<uses name="" link="input"/>',
    '<uses link="input"/>',
    '<uses name="odd" link="sideways"/>',
    '<uses name="twice" link="input" link="output"/>',
    '<uses name="tool" namespace="n" version="1" link="input" executable="true"/>',
    '<uses name="keep" link="checkpoint"/>',
    '<uses\n name="in"\n link="input"/>',
    '<uses name="in" link="input"></uses>',
    '<uses name="größe" link="input"/>',
    '<uses name="bad\x01" link="input"/>',
    '<uses name="bad\uffff" link="input"/>',
    '<stdout name="log" link="output"/>',
    '<stdin name="in"/>',
    '<profile namespace="pegasus" key="runtime">12</profile>',
    '<profile namespace="ENV" key="A"> b </profile>',
    '<profile key="A">b</profile>',
    '<profile namespace="strange" key="A">b</profile>',
    '<profile namespace="env" namespace="env" key="A">b</profile>',
    '<metadata key="k">v</metadata>',
    '<invoke when="at_end">true</invoke>',
    "<unknown/>",
    "text",
    "<!-- <uses name='no'/> -->",
    "\r\n",
)
HEADS = (
    'id="{id}" name="step"',
    'id="{id}" namespace="n" name="step" version="1.0" runtime="3.5"',
    'name="step" id="{id}" runtime="nonsense" level="2"',
    'id="{id}"',
    'id="" name="step"',
    'id="{id}" id="b" name="step"',
    'id="{id}" name="step" name="other"',
    "id='{id}' name='step'",
)
BETWEEN = (
    '<child ref="j0"><parent ref="j1"/></child>',
    '\n<child ref="j1">\n <parent ref="j0"/>\n\n <parent ref="nobody"/>\n</child>',
    '<child ref="j0"/>',
    '<child ref="j0"><parent ref=""/></child>',
    '<child><parent ref="j0"/></child>',
    '<child ref="j0"><other/></child>',
    '<!-- <job id="no" name="no"></job> -->',
    "<?pi </job>?>",
    "<![CDATA[</job>]]>",
    '<dax id="sub" file="f"><uses name="f" link="input"/></dax>',
    '<dax id="sub" name="f">\n<argument>-s <file name="a"/></argument></dax><dag id="g" name="d"/>',
    '<job id="empty" name="step"/>',
    '<x:job id="prefixed" name="step"></x:job>',
    '<file name="in"><pfn url="file:///in" site="local"/></file>',
    "stray text",
    "\r",
)
FIRST = (
    "",
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    '<?xml version="1.0"?>',
    '<?xml version="1.0" encoding="ISO-8859-1"?>\n',
    "\ufeff",
    "<!DOCTYPE adag>",
)
jobs = st.tuples(st.sampled_from(HEADS), st.lists(st.sampled_from(PARTS), max_size=4))
plain_jobs = st.tuples(st.just(HEADS[0]), st.lists(st.sampled_from(PARTS[:2] + PARTS[7:9])))
children = st.lists(jobs | plain_jobs | st.sampled_from(BETWEEN), max_size=8)


def document(first: str, parts: list[str | tuple[str, list[str]]], gap: str) -> bytes:
    written = []
    for number, part in enumerate(parts):
        if isinstance(part, str):
            written.append(part)
        else:
            head, inside = part
            text = gap.join(("", *inside, ""))
            written.append(f"<job {head.format(id=f'j{number}')}>{text}</job>")
    return f"{first}<adag>{gap}{gap.join(written)}{gap}</adag>\n".encode()


@given(
    first=st.sampled_from(FIRST),
    parts=children,
    gap=st.sampled_from(("", "\n", "\n  ", "\r\n")),
    at_most=st.sampled_from((1, 7, 64, 1 << 20)),
)
@settings(max_examples=300, deadline=None)
def test_any_mixture_of_spellings_is_read_alike(
    first: str, parts: list[str | tuple[str, list[str]]], gap: str, at_most: int
) -> None:
    data = document(first, parts, gap)
    assert by_shortcut(data, at_most) == by_parser(data)


GOOD = document("", [(HEADS[0], list(PARTS[:2] + PARTS[7:9])), BETWEEN[1]] * 2, "\n")


@given(
    place=st.integers(0, len(GOOD)),
    cut=st.integers(0, 9),
    bytes_put=st.sampled_from(
        (b"", b"<", b">", b"&", b'"', b"/", b"\x00", b"\x0b", b"\xff", b"</job>", b"<!--", b" ")
    ),
)
@settings(max_examples=300, deadline=None)
def test_a_document_with_a_wound_anywhere_is_read_alike(
    place: int, cut: int, bytes_put: bytes
) -> None:
    data = GOOD[:place] + bytes_put + GOOD[place + cut :]
    assert by_shortcut(data) == by_parser(data)


def test_jobs_and_edges_in_their_usual_spelling_are_taken_from_the_second_on() -> None:
    data = GOOD
    builder = WorkflowBuilder("f", "dax-xml")
    shortcut = Watched(builder)
    read_dax(ShortcutReader(io.BytesIO(data), "f", HOME, TEXT_TAGS, shortcut), builder)
    after_first = data.index(b"</job>") + len(b"</job>")
    assert shortcut.taken == data.rindex(b"</child>") + len(b"</child>") - after_first


def test_what_follows_plain_jobs_has_the_right_line() -> None:
    job = '<job id="{}" name="s">\n\n<uses name="f" link="input"/>\n</job>\n'
    jobs = "".join(job.format(number) for number in range(5))
    found = by_shortcut(f"<adag>\n{jobs}<job id='x'/>\n</adag>".encode())
    assert isinstance(found, tuple)
    assert [problem.where for problem in found] == ["f:22"]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_other_encodings_are_left_to_the_parser(encoding: str) -> None:
    job = '<job id="{}" name="é"><uses name="é" link="input"/></job>'
    text = f'<?xml version="1.0" encoding="{encoding}"?><adag>{job.format(1)}{job.format(2)}</adag>'
    workflow = by_shortcut(text.encode(encoding))
    assert isinstance(workflow, Workflow)
    assert workflow.lfns == ("é",)
    assert workflow == by_parser(text.encode(encoding))


def test_after_many_odd_jobs_plain_ones_are_taken_again() -> None:
    odd = "".join(f"<job id='o{number}' name='s'>\n</job>\n" for number in range(5_000))
    plain = "".join(f'<job id="p{number}" name="s">\n</job>\n' for number in range(20_000))
    data = f"<adag>{odd}{plain}</adag>".encode()
    builder = WorkflowBuilder("f", "dax-xml")
    shortcut = Watched(builder)
    found = read_dax(ShortcutReader(io.BytesIO(data), "f", HOME, TEXT_TAGS, shortcut), builder)
    assert found == by_parser(data)
    assert len(plain) - 2 * CHUNK_BYTES < shortcut.taken <= len(plain)


def test_one_job_larger_than_what_is_read_at_once_is_read_whole() -> None:
    uses = "".join(f'<uses name="f{number}" link="input"/>\n' for number in range(20_000))
    small = '<job id="{}" name="s"></job>'
    text = f'<adag>{small.format(1)}<job id="2" name="s">{uses}</job>{small.format(3)}</adag>'
    workflow = by_shortcut(text.encode())
    assert isinstance(workflow, Workflow)
    assert len(workflow.tasks.use_lfns) == 20_000
    assert workflow == by_parser(text.encode())
