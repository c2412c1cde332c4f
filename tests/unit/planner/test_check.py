"""The workflow holds together before anything else is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError, PlanError, Problem
from pegbatch.planner.check import check
from pegbatch.planner.legal_names import illegal_names, why_illegal
from tests.workflows import T, make_given, make_workflow


def parents(tasks, edges=(), properties=None):
    graph = check(make_given(make_workflow(tasks, edges), properties)).graph
    return [list(graph.parents_of(task)) for task in range(len(tasks))]


def test_a_file_ties_its_reader_to_its_producer() -> None:
    tasks = [T(id="a", outputs=["x"]), T(id="b", inputs=["x"])]
    assert parents(tasks) == [[], [0]]


def test_data_edges_can_be_turned_off() -> None:
    tasks = [T(id="a", outputs=["x"]), T(id="b", inputs=["x"])]
    switched_off = {"pegasus.parser.dax.data.dependencies": "false"}
    assert parents(tasks, properties=switched_off) == [[], []]


def test_an_edge_that_is_explicit_and_by_file_counts_once() -> None:
    tasks = [T(id="a", outputs=["x"]), T(id="b", inputs=["x"])]
    assert parents(tasks, [("a", "b"), ("a", "b")]) == [[], [0]]


def test_of_several_producers_the_last_counts_and_a_warning_says_so() -> None:
    tasks = [T(id="a", outputs=["x"]), T(id="b", outputs=["x"]), T(id="c", inputs=["x"])]
    checked = check(make_given(make_workflow(tasks)))
    assert list(checked.graph.parents_of(2)) == [1]
    assert "several jobs write the same file (x)" in checked.warnings[0].message


def test_many_doubled_files_are_counted_not_listed() -> None:
    names = [f"x{number}" for number in range(8)]
    tasks = [T(id="a", outputs=names), T(id="b", outputs=names)]
    checked = check(make_given(make_workflow(tasks)))
    assert "and 3 more" in checked.warnings[0].message


def test_a_cycle_is_told_job_by_job_with_lines_and_files() -> None:
    tasks = [
        T(id="a", inputs=["z"], outputs=["x"]),
        T(id="b", inputs=["x"], outputs=["y"]),
        T(id="c", outputs=["z"]),
    ]
    with pytest.raises(InputError) as caught:
        check(make_given(make_workflow(tasks, [("b", "c")])))
    text = str(caught.value)
    assert text.startswith("workflow.xml:1: the workflow has a cycle: a (line 1) waits for c")
    assert "for file z" in text
    assert "c (line 3) waits for b, b (line 2) waits for a for file x" in text


def test_a_job_that_waits_for_itself_is_a_cycle() -> None:
    with pytest.raises(InputError, match=r"a \(line 1\) waits for a"):
        check(make_given(make_workflow([T(id="a")], [("a", "a")])))


def test_backward_edges_without_a_cycle_are_fine() -> None:
    tasks = [T(id="a"), T(id="b"), T(id="c")]
    assert parents(tasks, [("c", "a"), ("b", "a"), ("c", "b")]) == [[1, 2], [2], []]


def test_tasks_behind_a_cycle_are_not_said_to_be_on_it() -> None:
    tasks = [T(id="late"), T(id="a"), T(id="b"), T(id="free")]
    edges = [("a", "b"), ("b", "a"), ("b", "late"), ("free", "late")]
    with pytest.raises(InputError) as caught:
        check(make_given(make_workflow(tasks, edges)))
    assert "late" not in str(caught.value)


def test_defects_open_quotes_and_bad_names_come_together_in_the_order_of_lines() -> None:
    workflow = make_workflow([T(id="a", arguments="say 'hello"), T(id="b", inputs=["/abs"])])
    broken = replace(workflow, defects=(Problem("unknown parent b", "workflow.xml:9"),))
    with pytest.raises(InputError) as caught:
        check(make_given(broken))
    assert [problem.where for problem in caught.value.problems] == [
        "workflow.xml:1",
        "workflow.xml:2",
        "workflow.xml:9",
    ]
    assert "no closing quotation" in caught.value.problems[0].message
    assert "absolute path" in caught.value.problems[1].message


@pytest.mark.parametrize(
    "lfn",
    ["../x", "a/../b", "/etc/passwd", "a//b", "a/", "./a", "a\nb", "a\x7f", "x" * 254, "a:", "a#12",
     "", "\u2028"],
)  # fmt: skip
def test_names_that_no_run_can_hold_are_refused(lfn: str) -> None:
    with pytest.raises(PlanError) as caught:
        check(make_given(make_workflow([T(id="a", outputs=["fine", lfn])])))
    assert caught.value.problems[0].where == "workflow.xml:1"
    assert "rename the file" in str(caught.value)


@pytest.mark.parametrize(
    "lfn", ["a b", "ä/ö.txt", "a:b", "a#b", "#1/x", "-rf", "$(x);", "x" * 253, "%2e%2e", "*?"]
)
def test_odd_but_harmless_names_are_accepted(lfn: str) -> None:
    assert why_illegal(lfn) == ""
    assert check(make_given(make_workflow([T(id="a", outputs=[lfn])]))).graph.producers[0] == 0


@settings(max_examples=300)
@given(
    st.lists(
        st.text(st.sampled_from("ab0._-~/#:\n \x00\u2028é%+=,@" + '"'), max_size=4)
        | st.sampled_from(["plain", "x" * 201, "x" * 202, "x" * 254, "a" * 202 + "/b", "..", "."]),
        unique=True,
    )
)
def test_a_glance_at_all_names_misses_none_that_is_illegal_by_itself(lfns: list[str]) -> None:
    workflow = make_workflow([T(id="a", inputs=lfns)])
    told = "\n".join(problem.message for problem in illegal_names(workflow))
    assert [lfn for lfn in lfns if why_illegal(lfn) and f"file name {lfn!r} " not in told] == []


def test_a_file_beside_a_folder_of_its_name_is_refused() -> None:
    tasks = [T(id="a", outputs=["d/e/f"]), T(id="b", inputs=["d"])]
    with pytest.raises(PlanError, match="'d' is also the folder of 'd/e/f'") as caught:
        check(make_given(make_workflow(tasks)))
    assert caught.value.problems[0].where == "workflow.xml:2"


def test_a_name_that_a_checksum_may_need_is_refused() -> None:
    tasks = [T(id="a", outputs=["x"]), T(id="b", inputs=["x"], outputs=["x.sha256"])]
    with pytest.raises(PlanError, match="kept free for the checksum of 'x'"):
        check(make_given(make_workflow(tasks)))
    alone = [T(id="a", outputs=["y.sha256"])]
    assert check(make_given(make_workflow(alone))).graph.producers[0] == 0


def test_names_of_streams_are_checked_too() -> None:
    with pytest.raises(PlanError, match="absolute path"):
        check(make_given(make_workflow([T(id="a", stdout="/tmp/out")])))


def test_a_stdin_that_is_no_input_of_the_job_is_warned_of_once() -> None:
    tasks = [T(id="a", inputs=["x"], stdin="x"), T(id="b", stdin="y"), T(id="c", stdin="y")]
    (warning,) = check(make_given(make_workflow(tasks))).warnings
    assert warning.where == "workflow.xml:2"
    assert "job b reads its stdin from y" in warning.message
