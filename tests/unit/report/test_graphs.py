"""Drawings in DOT, Mermaid and SVG, and the names in them that could break out."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from lxml import etree
from PIL import Image

from pegbatch.model.drawing import Box, Drawing
from pegbatch.planner.draw import draw_arrays
from pegbatch.planner.draw_tasks import draw_tasks, task_graph
from pegbatch.planner.pipeline import finish, refine
from pegbatch.report.graph_dot import as_dot
from pegbatch.report.graph_mermaid import as_mermaid
from pegbatch.report.graph_png import PIXELS_MAX, as_png
from pegbatch.report.graph_svg import as_svg
from tests.workflows import T, make_given, make_workflow

SPACE = {"s": "http://www.w3.org/2000/svg"}
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
    text = as_dot(draw_tasks(task_graph(small())))
    assert '\\"]; <script>' in text
    assert text.count("->") == 4
    assert '[label="i to i", style=bold' in as_dot(arrays())


def test_mermaid_has_entities_for_what_would_end_a_label() -> None:
    text = as_mermaid(draw_tasks(task_graph(small())))
    assert "<script>" not in text
    assert "&quot;" in text
    assert "==>|i to i|" in as_mermaid(arrays())
    assert '(["verdict"])' in as_mermaid(arrays())


@pytest.mark.parametrize("make", [arrays, lambda: draw_tasks(task_graph(small()))])
def test_svg_is_well_formed_and_whole(make) -> None:
    drawing = make()
    root = etree.fromstring(as_svg(drawing).encode())
    boxes = root.findall(".//s:rect", SPACE)
    assert len(boxes) == len(drawing.boxes)
    assert len(root.findall("s:path", SPACE)) == len(drawing.connections)
    width, height = float(root.get("width")), float(root.get("height"))
    for box in boxes:
        assert 0 < float(box.get("x")) < float(box.get("x")) + float(box.get("width")) < width
        assert float(box.get("y")) + float(box.get("height")) < height
    assert not root.findall(".//{*}script")


def test_boxes_of_a_layer_do_not_overlap() -> None:
    tasks = [T(id="x" * n) for n in range(1, 60)]
    drawing = draw_tasks(task_graph(refine(make_given(make_workflow(tasks)))))
    root = etree.fromstring(as_svg(drawing).encode())
    assert_apart(root)


def test_a_wide_layer_stands_in_rows() -> None:
    tasks = [T(id=f"a task of a wide layer {n}") for n in range(300)]
    drawing = draw_tasks(task_graph(refine(make_given(make_workflow(tasks)))))
    root = etree.fromstring(as_svg(drawing).encode())
    assert float(root.get("width")) < 3000
    assert_apart(root)


def assert_apart(root) -> None:
    """Check that boxes in a row stand side by side, and rows below each other."""
    rows: dict[float, list[tuple[float, float]]] = {}
    bottom = {}
    for box in root.findall(".//{*}rect"):
        x, y, width, height = (float(box.get(key)) for key in ("x", "y", "width", "height"))
        rows.setdefault(y, []).append((x, x + width))
        bottom[y] = max(bottom.get(y, 0), y + height)
    for spans in rows.values():
        assert all(before[1] < after[0] for before, after in pairwise(sorted(spans)))
    assert all(bottom[above] < below for above, below in pairwise(sorted(rows)))


def test_an_empty_drawing_is_still_a_picture() -> None:
    drawing = draw_tasks(task_graph(refine(make_given(make_workflow([])))))
    assert etree.fromstring(as_svg(drawing).encode()).tag.endswith("svg")


def test_large_workflows_are_folded() -> None:
    tasks = [T(id=f"{name}{n}", name=name) for name in "ab" for n in range(300)]
    edges = [(f"a{n}", f"b{n}") for n in range(300)]
    drawing = draw_tasks(task_graph(refine(make_given(make_workflow(tasks, edges)))))
    assert [box.lines for box in drawing.boxes] == [("a", "300 tasks"), ("b", "300 tasks")]
    assert len(drawing.connections) == 1
    assert re.search(r"300 tasks", as_svg(drawing))


def in_states(states):
    """Return the drawing of `small` with its tasks in these states."""
    return draw_tasks(replace(task_graph(small()), states=states))


HALF = ["succeeded", "failed", "running", "skipped", "waiting"]


def test_a_box_has_the_colour_of_its_state_and_says_it() -> None:
    drawing = in_states(HALF)
    assert [box.state for box in drawing.boxes] == HALF
    root = etree.fromstring(as_svg(drawing).encode())
    legend, boxes = root.findall("s:g", SPACE)[:5], root.findall("s:g", SPACE)[5:]
    for state, group in zip(HALF, boxes, strict=True):
        assert group.find("s:rect", SPACE).get("class") == f"box task {state}"
        assert [text.text for text in group.findall("s:text", SPACE)][-1] == state
    said = ["succeeded", "waiting", "skipped", "running", "failed"]
    assert [group.find("s:text", SPACE).text for group in legend] == said


@pytest.mark.parametrize("write", [as_dot, as_mermaid])
def test_states_are_told_in_dot_and_mermaid_with_a_legend(write) -> None:
    text = write(in_states(HALF))
    assert "legend" in text and "#fcd9cf" in text
    assert "legend" not in write(draw_tasks(task_graph(small())))


def test_a_box_with_tasks_in_several_states_has_the_worst_colour_and_a_bar() -> None:
    counts = {"L0-a": {"succeeded": 3, "failed": 1}, "L1-b": {"running": 1, "waiting": 1}}
    drawing = draw_arrays(finish(small()).plan, counts)
    first, second = drawing.boxes[:2]
    assert (first.state, second.state) == ("failed", "running")
    assert first.lines[-1] == "3 succeeded, 1 failed"
    root = etree.fromstring(as_svg(drawing).encode())
    bars = [
        (bar.get("class"), float(bar.get("width")))
        for bar in root.findall(".//s:rect", SPACE)
        if "bar" in bar.get("class")
    ]
    assert [name for name, _ in bars[:2]] == ["bar succeeded", "bar failed"]
    assert bars[0][1] == pytest.approx(3 * bars[1][1], abs=0.3)


def test_a_label_is_what_was_asked_for() -> None:
    graph = task_graph(small())
    lines = {
        label: draw_tasks(graph, label=label).boxes[0].lines
        for label in ("id", "xform", "label", "id-xform", "xform-id")
    }
    assert lines == {
        "id": ("a0",), "xform": ("a",), "label": ("a",),
        "id-xform": ("a0", "a"), "xform-id": ("a", "a0"),
    }  # fmt: skip


def test_transformations_of_one_name_are_told_by_their_complete_names() -> None:
    graph = replace(task_graph(small()), names=["lab::a:1.0", "other::a:1.0", "end:2"])
    names = {box.lines[1] for box in draw_tasks(graph).boxes}
    assert names == {"lab::a:1.0", "other::a:1.0", "end"}


def test_an_edge_that_a_longer_way_tells_is_left_out_unless_asked_for() -> None:
    tasks = [T(id=name) for name in "abcd"]
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("a", "d"), ("b", "d")]
    graph = task_graph(refine(make_given(make_workflow(tasks, edges))))
    simple = [(link.start, link.end) for link in draw_tasks(graph).connections]
    assert simple == [("0", "1"), ("1", "2"), ("2", "3")]
    assert len(draw_tasks(graph, simple=False).connections) == 6


def test_a_folded_box_counts_states() -> None:
    tasks = [T(id=f"{name}{n}", name=name) for name in "ab" for n in range(300)]
    edges = [(f"a{n}", f"b{n}") for n in range(300)]
    graph = task_graph(refine(make_given(make_workflow(tasks, edges))))
    states = ["failed"] * 100 + ["succeeded"] * 200 + ["skipped"] * 100 + ["running"] * 200
    first, second = draw_tasks(replace(graph, states=states)).boxes
    assert first.lines == ("a", "300 tasks", "200 succeeded, 100 failed")
    assert second.counts == {"skipped": 100, "running": 200}


def test_a_long_chain_is_folded_by_transformation_alone() -> None:
    tasks = [T(id=f"t{n}", name="ab"[n % 2]) for n in range(1200)]
    edges = [(f"t{n}", f"t{n + 1}") for n in range(1199)]
    drawing = draw_tasks(task_graph(refine(make_given(make_workflow(tasks, edges)))))
    assert [box.lines for box in drawing.boxes] == [("a", "600 tasks"), ("b", "600 tasks")]
    assert {(link.start, link.end) for link in drawing.connections} == {
        ("0.a", "1.b"), ("1.b", "0.a"),
    }  # fmt: skip
    assert as_svg(drawing)


def test_a_plan_of_many_array_jobs_is_folded_with_its_states() -> None:
    tasks = [T(id=f"t{n}", name=f"step{n % 3}") for n in range(600)]
    edges = [(f"t{n}", f"t{n + 1}") for n in range(599)]
    plan = finish(refine(make_given(make_workflow(tasks, edges)))).plan
    assert len(plan.jobs) > 600
    drawing = draw_arrays(plan, {plan.jobs[0].name: {"failed": 1}})
    names = [box.lines[:2] for box in drawing.boxes]
    assert ("step1", "200 array jobs") in names and ("verdict", "1 array job") in names
    assert drawing.boxes[0].lines[-1] == "failed"


def opened(drawing: Drawing) -> Image.Image:
    picture = Image.open(io.BytesIO(as_png(drawing)))
    picture.load()
    return picture


def test_a_png_shows_the_same_picture_at_twice_the_size() -> None:
    drawing = in_states(HALF)
    root = etree.fromstring(as_svg(drawing).encode())
    with opened(drawing) as picture:
        assert picture.width == pytest.approx(2 * float(root.get("width")), abs=2)
        assert picture.height == pytest.approx(2 * float(root.get("height")), abs=2)
        box = root.findall("s:g/s:rect", SPACE)[5 + HALF.index("failed")]
        at = (2 * float(box.get("x")) + 12, 2 * float(box.get("y")) + 12)
        assert picture.getpixel(at) == (0xFC, 0xD9, 0xCF)


def test_a_png_of_anything_is_no_larger_than_a_machine_can_hold() -> None:
    boxes = tuple(Box(str(n), (f"box {n}" * 9,), n, "task") for n in range(500))
    with opened(Drawing("tall", boxes, ())) as picture:
        assert picture.width * picture.height < 1.1 * PIXELS_MAX
    with opened(Drawing("empty", (), ())) as picture:
        assert picture.width > 0


@pytest.mark.parametrize("name", ["\ufffe\uffff\x00\x1b[31m", "名前 θ", "\u202eexe", "x" * 10_000])
def test_no_name_breaks_a_picture(name: str) -> None:
    drawing = Drawing(name, (Box("a", (name, name), 0, "helper", {"failed": 1}),), ())
    assert etree.fromstring(as_svg(drawing).encode()) is not None
    with opened(drawing) as picture:
        assert picture.width < 2000
