from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.sub_workflows import SUB_WORKFLOW
from pegbatch.model.workflow import (
    CHECKPOINT,
    INPUT,
    NO_FILE,
    OPTIONAL,
    OUTPUT,
    TRANSFER,
    SubWorkflowJob,
    TransformationName,
)
from pegbatch.parse.builder import WorkflowBuilder
from tests.workflows import uses_of

STEP = TransformationName("", "step", "")


def builder() -> WorkflowBuilder:
    return WorkflowBuilder("dir/wf.xml", "dax-xml")


def add(
    target: WorkflowBuilder,
    identifier: str,
    *,
    uses: Sequence[tuple[str, int]] = (),
    profiles: Profiles = (),
    streams: Sequence[str | None] = (None, None, None),
    transformation: TransformationName = STEP,
    line: int = 1,
) -> None:
    target.add_task(identifier, line, transformation, "-x", profiles, streams, uses)


def defects_of(target: WorkflowBuilder) -> list[str]:
    return [str(problem).partition("\n")[0] for problem in target.finish().defects]


def test_names_are_kept_once_and_tasks_point_at_them() -> None:
    target = builder()
    other = TransformationName("ns", "step", "1")
    add(target, "a", uses=[("x", INPUT), ("y", OUTPUT)], line=3)
    add(target, "b", uses=[("y", INPUT)], transformation=other, line=9)
    add(target, "c", uses=[("z", INPUT), ("x", INPUT)])
    workflow = target.finish()
    tasks = workflow.tasks
    assert (tasks.ids, list(tasks.lines), len(tasks)) == (("a", "b", "c"), [3, 9, 1], 3)
    assert workflow.transformations == (STEP, other)
    assert list(tasks.transformations) == [0, 1, 0]
    assert workflow.lfns == ("x", "y", "z")
    assert list(tasks.use_offsets) == [0, 2, 3, 5]
    assert list(tasks.use_lfns) == [0, 1, 1, 2, 0]
    assert list(tasks.use_flags) == [INPUT, OUTPUT, INPUT, INPUT, INPUT]
    assert (workflow.counts.jobs, workflow.counts.files) == (3, 3)


def test_equal_profiles_are_one_set_and_none_is_set_nought() -> None:
    target = builder()
    own = (Profile("env", "A", "1"),)
    for identifier, profiles in (("a", own), ("b", ()), ("c", (Profile("env", "A", "1"),))):
        add(target, identifier, profiles=profiles)
    workflow = target.finish()
    assert workflow.profile_sets == ((), own)
    assert list(workflow.tasks.profiles) == [1, 0, 1]


def test_profiles_of_the_workflow_come_before_those_of_each_task() -> None:
    target = builder()
    common, own = Profile("env", "A", "all"), Profile("env", "A", "own")
    add(target, "a", profiles=(own,))
    add(target, "b")
    target.common_profiles = (common,)
    workflow = target.finish()
    found = [workflow.profile_sets[number] for number in workflow.tasks.profiles]
    assert found == [(common, own), (common,)]
    assert workflow.profile_sets[0] == ()


def test_redirected_streams_are_lfns_but_no_files_in_use() -> None:
    target = builder()
    add(target, "a", uses=[("x", INPUT)], streams=("x", "out", None))
    add(target, "b", uses=[("out", INPUT)], streams=(None, "log", "log"))
    workflow = target.finish()
    tasks = workflow.tasks
    assert workflow.lfns == ("x", "out", "log")
    assert (list(tasks.stdins), list(tasks.stdouts), list(tasks.stderrs)) == (
        [0, NO_FILE],
        [1, 2],
        [NO_FILE, 2],
    )
    assert workflow.counts.files == 2


def test_a_file_named_twice_by_one_job_is_one_use() -> None:
    target = builder()
    add(target, "a", uses=[("x", OUTPUT), ("y", INPUT), ("x", OUTPUT | TRANSFER)])
    tasks = target.finish().tasks
    assert list(tasks.use_flags) == [OUTPUT | TRANSFER, INPUT]


@pytest.mark.parametrize(
    "uses", [[("x", INPUT), ("x", OUTPUT)], [("x", OUTPUT), ("x", INPUT)], [("x", INPUT | OUTPUT)]]
)
def test_a_file_that_is_input_and_output_of_a_job_is_a_defect(uses: list[tuple[str, int]]) -> None:
    target = builder()
    add(target, "a", uses=uses, line=8)
    assert defects_of(target) == ["dir/wf.xml:8: the file 'x' is input and output of the job 'a'"]


@pytest.mark.parametrize("more", [[], [("x", INPUT), ("x", OUTPUT)]])
def test_a_checkpoint_file_is_neither_a_defect_nor_a_warning(more: list[tuple[str, int]]) -> None:
    target = builder()
    add(target, "a", uses=[("x", CHECKPOINT | OPTIONAL), *more], line=4)
    workflow = target.finish()
    assert (workflow.defects, workflow.warnings) == ((), ())


def test_an_id_given_twice_is_a_defect_and_the_first_job_keeps_it() -> None:
    target = builder()
    for identifier, line in (("a", 1), ("b", 2), ("a", 3)):
        add(target, identifier, line=line)
    target.add_edge("a", "b", 4)
    workflow = target.finish()
    assert [problem.where for problem in workflow.defects] == ["dir/wf.xml:3"]
    assert (list(workflow.edges.parents), list(workflow.edges.children)) == ([0], [1])
    assert workflow.counts.jobs == 3


def test_edges_may_come_before_their_jobs_and_keep_their_order() -> None:
    target = builder()
    target.add_edge("a", "b", 1)
    add(target, "b")
    target.add_edge("b", "b", 2)
    add(target, "a")
    target.add_edge("a", "b", 3)
    workflow = target.finish()
    assert (list(workflow.edges.parents), list(workflow.edges.children)) == ([1, 0, 1], [0, 0, 0])
    assert (workflow.counts.edges, workflow.defects) == (3, ())


def test_references_to_no_job_are_defects_with_their_lines_and_still_counted() -> None:
    target = builder()
    add(target, "a")
    for parent, child, line in (("a", "no", 5), ("gone", "a", 6), ("a", "a", 7), ("a", "no", 5)):
        target.add_edge(parent, child, line)
    workflow = target.finish()
    assert [(problem.where, "'no'" in problem.message) for problem in workflow.defects] == [
        ("dir/wf.xml:5", True),
        ("dir/wf.xml:6", False),
    ]
    assert (workflow.counts.edges, len(workflow.edges.parents)) == (4, 1)


def test_planned_workflows_are_counted_with_their_files_and_refused() -> None:
    target = builder()
    add(target, "a", uses=[("x", OUTPUT)], streams=(None, "log", None))
    target.refuse_planned_workflow("the <dag> job", "sub", 9, ["x", "y", "log"])
    target.add_unknown_job("magic", "odd", 11, ["z"])
    target.add_edge("a", "sub", 12)
    workflow = target.finish()
    counts = workflow.counts
    assert (counts.jobs, counts.edges, counts.files) == (3, 1, 4)
    assert (len(workflow.tasks), len(workflow.edges.parents)) == (1, 0)
    assert [problem.where for problem in workflow.defects] == ["dir/wf.xml:9", "dir/wf.xml:11"]
    assert "<dag>" in workflow.defects[0].message
    assert "<dax>" in (workflow.defects[0].hint or "")
    assert "'magic'" in workflow.defects[1].message


def test_a_sub_workflow_is_a_task_that_reads_its_file_whether_a_use_names_it_or_not() -> None:
    target = builder()
    named = SubWorkflowJob(file="inner.yml", for_planning=frozenset(["sites.yml"]))
    uses = [("inner.yml", 0), ("sites.yml", INPUT), ("out", OUTPUT)]
    target.add_sub_workflow("sub", 3, named, "-s here", (), uses)
    target.add_sub_workflow("other", 4, SubWorkflowJob(file="more.yml"), "", (), [])
    add(target, "last", uses=[("out", INPUT)])
    target.add_edge("sub", "other", 5)
    workflow = target.finish()
    assert workflow.defects == ()
    assert workflow.sub_workflows == {0: named, 1: SubWorkflowJob(file="more.yml")}
    tasks = workflow.tasks
    assert [workflow.transformations[number] for number in tasks.transformations][:2] == [
        SUB_WORKFLOW,
        SUB_WORKFLOW,
    ]
    assert tasks.arguments[0] == "-s here"
    assert list(tasks.use_offsets) == [0, 3, 4, 5]
    found = [
        (workflow.lfns[lfn], flags)
        for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True)
    ]
    assert found == [
        ("inner.yml", INPUT),
        ("sites.yml", INPUT),
        ("out", OUTPUT),
        ("more.yml", INPUT),
        ("out", INPUT),
    ]
    assert (workflow.counts.jobs, workflow.counts.edges, workflow.counts.files) == (3, 1, 3)


def test_jobs_marked_recursive_are_refused() -> None:
    target = builder()
    marked = (Profile("pegasus", "type", "recursive"),)
    add(target, "a", profiles=marked, line=2)
    add(target, "b", profiles=marked, line=5)
    assert [problem.where for problem in target.finish().defects] == [
        "dir/wf.xml:2",
        "dir/wf.xml:5",
    ]


def test_a_workflow_without_jobs_is_a_defect() -> None:
    assert defects_of(builder()) == ["dir/wf.xml: there are no jobs in this workflow"]


def test_problems_are_raised_together_at_the_end() -> None:
    target = builder()
    target.refuse(1, "one")
    target.refuse(2, "two")
    with pytest.raises(InputError) as caught:
        target.finish()
    assert [str(problem) for problem in caught.value.problems] == [
        "dir/wf.xml:1: one",
        "dir/wf.xml:2: two",
    ]


def test_a_workflow_without_a_name_has_that_of_its_file() -> None:
    target = builder()
    add(target, "a")
    assert target.finish().name == "wf"


def test_an_unknown_link_is_a_defect() -> None:
    target = builder()
    add(target, "a")
    target.check_link("sideways", "x", 3)
    target.check_link("input", "x", 4)
    assert defects_of(target) == ["dir/wf.xml:3: the file 'x' is used as 'sideways'"]


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("pqrst"), st.sampled_from([INPUT, OUTPUT])), max_size=4),
        max_size=6,
    )
)
def test_the_columns_say_what_was_added(jobs: list[list[tuple[str, int]]]) -> None:
    target = builder()
    for number, uses in enumerate(jobs):
        add(target, str(number), uses=uses)
    workflow = target.finish()
    for number, uses in enumerate(jobs):
        expected: dict[str, int] = {}
        for lfn, flags in uses:
            expected[lfn] = expected.get(lfn, 0) | flags
        assert uses_of(workflow, number) == expected
