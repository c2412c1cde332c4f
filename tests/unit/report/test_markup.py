from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from pegbatch.model.plain import plain
from pegbatch.report.markup import Markup, element, joined, table

HOSTILE = '</script><img src=x onerror="alert(1)">\'&lt;'


@given(st.text(max_size=40))
def test_any_text_comes_back_as_text_from_an_element_and_from_an_attribute(text: str) -> None:
    found = html.fragment_fromstring(element("p", text, title=text))
    assert (found.text or "") == plain(text)
    assert found.get("title") == plain(text)
    assert len(found) == 0


def test_markup_stays_and_what_looks_like_it_does_not() -> None:
    inner = element("b", HOSTILE)
    found = html.fragment_fromstring(element("p", inner, HOSTILE, None))
    assert [child.tag for child in found] == ["b"]
    assert found.text_content() == HOSTILE * 2


def test_attributes_are_set_where_they_have_a_value() -> None:
    assert element("input", type="checkbox", disabled=True, id=None, checked=False) == (
        '<input type="checkbox" disabled>'
    )
    assert element("p", class_="a", aria_label="b") == '<p class="a" aria-label="b"></p>'


def test_joined_children_are_escaped_where_they_are_text() -> None:
    assert joined(["<", Markup("<i></i>"), None, ">"], between="&") == "&lt;&amp;<i></i>&amp;&gt;"


def test_a_table_can_be_reached_by_keys_and_says_what_it_leaves_out() -> None:
    text = table("Things", ("Name", "Size"), [("a", "1"), ("b", "2")], numbers=[1], left_out=1234)
    found = html.fragment_fromstring(f"<div>{text}</div>")
    (region,) = found.xpath("div[@tabindex=0][@role='region']")
    assert region.get("aria-label") == found.findtext(".//caption") == "Things"
    assert found.xpath(".//th[@scope='row']/text()") == ["a", "b"]
    assert found.xpath(".//td[@class='number']/text()") == ["1", "2"]
    assert "1,234 more" in found.text_content()
