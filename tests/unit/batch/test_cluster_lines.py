"""What the lines of a bag say about tasks that share it."""

from __future__ import annotations

import json

import pytest

from pegbatch.batch.bag_lines import BagLines
from pegbatch.model.manifest import task_from_json
from pegbatch.planner.pipeline import plan_workflow
from tests.workflows import T, make_given, make_workflow


def lines(aggregator, cluster, **properties):
    tasks = [
        T(id="a", outputs=["x"], profiles={"pegasus.label": "one", "pegasus.clusters.num": "1"}),
        T(id="b", inputs=["x"], profiles={"pegasus.label": "one", "pegasus.cores": "2"}),
        T(id="c"),
    ]
    given = make_given(
        make_workflow(tasks),
        {"pegasus.clusterer.job.aggregator": aggregator, **properties},
        cluster=cluster,
    )
    planned = plan_workflow(given)
    writer = BagLines(planned)
    found = [
        json.loads(line) for tasks in planned.arrays for bag in writer.lines(tasks) for line in bag
    ]
    return {line["id"]: line for line in found}


def test_tasks_side_by_side_say_what_they_take_of_how_much() -> None:
    found = lines("mpiexec", ["label"])
    said = {id: (line["cores"], line["bag_cores"]) for id, line in found.items() if id != "c"}
    assert said == {"a": (1, 4), "b": (2, 4)}
    assert "cores" not in found["c"]
    assert (found["a"]["cluster"], found["c"]["cluster"]) == ("merge_one", "")
    task = task_from_json(found["b"])
    assert (task.cores, task.bag_cores, task.strict) == (2, 4, False)


@pytest.mark.parametrize(("aggregator", "strict"), [("seqexec", True), ("AWSBatch", False)])
def test_seqexec_alone_knows_of_the_first_failure(aggregator: str, strict: bool) -> None:
    told = {"pegasus.clusterer.job.aggregator.seqexec.firstjobfail": "true"}
    found = lines(aggregator, ["label"], **told)
    assert [task_from_json(found[id]).strict for id in "abc"] == [strict, strict, False]


def test_other_clusters_leave_no_trace_but_their_name() -> None:
    for aggregator, cluster in (("seqexec", ["label"]), ("AWSBatch", ["horizontal"])):
        found = lines(aggregator, cluster)
        assert found["a"]["cluster"].startswith("merge_")
        assert not {"cores", "bag_cores", "strict"} & found["a"].keys()
