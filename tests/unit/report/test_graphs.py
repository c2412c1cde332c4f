"""Drawings in DOT, Mermaid and SVG, and the names in them that could break out."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from lxml import etree

from pegbatch.planner.draw import draw_arrays, draw_tasks
from pegbatch.planner.pipeline import finish, refine
from pegbatch.report.graph_dot import as_dot
from pegbatch.report.graph_mermaid import as_mermaid
from pegbatch.report.graph_svg import as_svg
from tests.workflows import T, make_given, make_workflow

NASTY = 'a"]; <script>alert(1)</script> & \\ #35;'


def small():
    tasks = [T(id=f"{name}{n}", name=name) for name in "ab" for n in range(2)]
    tasks += [T(id=NASTY, name="end")]
    edges = [(f"a{n}", f"b{n}") for n in range(2)] + [(f"b{n}", NASTY) for n in range(2)]
    return refine(make_given(make_workflow(tasks, edges, name="my <flow>")))


def arrays():
    return draw_arrays(finish(small()).plan)


def test_arrays_show_their_link_types() -> None:
    drawing = arrays()
    assert [(box.key, box.layer, box.kind) for box in drawing.boxes] == [
        ("L0-a", 0, "array"), ("L1-b", 1, "array"), ("L2-end", 2, "plain"),
        ("verdict", 3, "helper"),
    ]  # fmt: skip
    kinds = [(link.start, link.end, link.kind) for link in drawing.connections]
    assert kinds == [
        ("L0-a", "L1-b", "n_to_n"), ("L1-b", "L2-end", "all"), ("L2-end", "verdict", "all"),
    ]  # fmt: skip


def test_dot_names_types_and_escapes_quotes() -> None:
    text = as_dot(draw_tasks(small()))
    assert '\\"]; <script>' in text
    assert text.count("->") == 4
    assert '[label="i to i", style=bold' in as_dot(arrays())


def test_mermaid_has_entities_for_what_would_end_a_label() -> None:
    text = as_mermaid(draw_tasks(small()))
    assert "<script>" not in text
    assert "&quot;" in text
    assert "==>|i to i|" in as_mermaid(arrays())
    assert '(["verdict"])' in as_mermaid(arrays())


@pytest.mark.parametrize("make", [arrays, lambda: draw_tasks(small())])
def test_svg_is_well_formed_and_whole(make) -> None:
    drawing = make()
    root = etree.fromstring(as_svg(drawing).encode())
    space = {"s": "http://www.w3.org/2000/svg"}
    boxes = root.findall(".//s:rect", space)
    assert len(boxes) == len(drawing.boxes)
    assert len(root.findall("s:path", space)) == len(drawing.connections)
    width, height = float(root.get("width")), float(root.get("height"))
    for box in boxes:
        assert 0 < float(box.get("x")) < float(box.get("x")) + float(box.get("width")) < width
        assert float(box.get("y")) + float(box.get("height")) < height
    assert not root.findall(".//{*}script")


def test_boxes_of_a_layer_do_not_overlap() -> None:
    tasks = [T(id="x" * n) for n in range(1, 60)]
    root = etree.fromstring(as_svg(draw_tasks(refine(make_given(make_workflow(tasks))))).encode())
    spans = sorted(
        (float(box.get("x")), float(box.get("x")) + float(box.get("width")))
        for box in root.findall(".//{*}rect")
    )
    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_an_empty_drawing_is_still_a_picture() -> None:
    drawing = draw_tasks(refine(make_given(make_workflow([]))))
    assert etree.fromstring(as_svg(drawing).encode()).tag.endswith("svg")


def test_large_workflows_are_folded() -> None:
    tasks = [T(id=f"{name}{n}", name=name) for name in "ab" for n in range(300)]
    edges = [(f"a{n}", f"b{n}") for n in range(300)]
    drawing = draw_tasks(refine(make_given(make_workflow(tasks, edges))))
    assert [box.lines for box in drawing.boxes] == [("a", "300 tasks"), ("b", "300 tasks")]
    assert len(drawing.connections) == 1
    assert re.search(r"300 tasks", as_svg(drawing))
