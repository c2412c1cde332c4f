"""Whatever fails and in whatever order jobs end: no file is deleted that a task may still need."""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.batch.manifests import manifests
from pegbatch.engine.findings import list_failures
from pegbatch.engine.missing import Known, find_missing
from pegbatch.engine.undone import Deliveries, find_undone, record_undone, with_undone
from pegbatch.model import layout
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.manifest import TaskFiles, task_files_from_json
from pegbatch.model.plan import Job, LinkType
from pegbatch.model.records import TaskRecord, record_line
from pegbatch.model.tries import Missing, Try, first_try
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.planner.remainder import remainder
from pegbatch.worker.child import read_child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.clean_up import CleanUpDoors, clean_up
from pegbatch.worker.stop import Stop
from tests.fakes_store import MemoryStore
from tests.task_records import task_record
from tests.unit.planner.test_level import dags
from tests.workflows import T, make_given, make_workflow

RUN = "s3://bucket/run"
Json = dict[str, Any]
PROPERTIES = (
    {},
    {"pegbatch.pack.size": "2"},
    {"pegbatch.array.by": "cluster"},
    {"pegbatch.array.by": "auto", "pegasus.file.cleanup.clusters.num": "2"},
)


@st.composite
def workflows(draw: Any) -> PlannedWorkflow:
    """Draw a workflow tied by files, some of them optional or read twice, and plan it."""
    count, edges = draw(dags())
    loose = set(draw(st.lists(st.integers(0, max(0, len(edges) - 1)), max_size=3)))
    names = [draw(st.sampled_from("xy")) for _ in range(count)]
    inputs: dict[int, list[str]] = defaultdict(list)
    optional: dict[int, list[str]] = defaultdict(list)
    for number, (parent, child) in enumerate(edges):
        (optional if number in loose else inputs)[child].append(f"f{parent}")
    tasks = [
        T(
            id=str(n),
            name=names[n],
            inputs=list(dict.fromkeys(inputs[n])),
            optional_inputs=[lfn for lfn in dict.fromkeys(optional[n]) if lfn not in inputs[n]],
            **{"outputs" if draw(st.booleans()) else "kept": [f"f{n}"]},
        )
        for n in range(count)
    ]
    properties = draw(st.sampled_from(PROPERTIES))
    cluster = draw(st.sampled_from(((), (), ("chain",), ("horizontal",))))
    strategy = draw(st.sampled_from(("inplace", "inplace", "leaf")))
    return plan_workflow(
        make_given(make_workflow(tasks), properties, cleanup=strategy, cluster=cluster)
    )


@dataclass
class Batch:
    """A little Batch: jobs end child by child, in an order that chance decides."""

    planned: PlannedWorkflow
    store: MemoryStore
    chance: random.Random
    folder: Path
    done: set[str] = field(default_factory=set)
    """Tasks with a success on record."""
    made: set[str] = field(default_factory=set)
    """URLs of the files of such tasks."""
    lines: dict[str, dict[int, list[Json]]] = field(default_factory=dict)
    ended_well: set[str] = field(default_factory=set)
    """Jobs of which the client knows that they succeeded in the newest try that had them."""
    newest: dict[str, dict[int, str]] = field(default_factory=dict)
    """How the bags of each job of the newest try have ended."""

    def __post_init__(self) -> None:
        for name, members in manifests(self.planned):
            parts = list(members)
            data = b"".join(member for member, _ in parts)
            self.write(layout.plan_key(layout.bags_file(name)), data)
            index = b"".join(lines for _, lines in parts)
            self.write(layout.plan_key(layout.index_file(name)), index)
            bags: dict[int, list[Json]] = defaultdict(list)
            for line in gzip.decompress(data).splitlines():
                bags[json.loads(line)["bag"]].append(json.loads(line))
            self.lines[name] = bags

    def write(self, key: str, data: bytes) -> None:
        self.store.write(f"{RUN}/{key}", data)

    def run_try(self, number: int, faults: float) -> None:
        """Run the plan, or in a later try what is missing of it."""
        current = self._next_try(number)
        states: dict[str, dict[int, str]] = {
            job.name: dict.fromkeys(range(job.size), "waiting") for job in current.jobs
        }
        while ready := [
            (job, child)
            for job in current.jobs
            for child, state in states[job.name].items()
            if state == "waiting" and self._may_start(job, child, states)
        ]:
            job, child = self.chance.choice(ready)
            bags = current.bags.get(job.name, range(job.size))
            states[job.name][child] = self._run(job, child, bags[child], number, faults)
        self.newest = {
            name: {current.bags.get(name, range(len(of)))[child]: of[child] for child in of}
            for name, of in states.items()
        }
        for name, of in states.items():
            self.ended_well.discard(name)
            if set(of.values()) == {"succeeded"} and self.chance.random() < 0.8:
                self.ended_well.add(name)  # else Batch has forgotten the job before it was seen

    def _next_try(self, number: int) -> Try:
        plan = self.planned.plan
        if number == 1:
            return first_try(plan)
        known = Known(frozenset(self.ended_well), number - 1, self._suspects())
        missing = self._find_missing(known)
        assert missing == self._truly_missing()
        missing = self._with_undone(missing, number)
        if self.chance.random() < 0.2:  # the client was killed before the try had begun
            missing = self._with_undone(self._find_missing(known), number)
        current = remainder(plan, missing, number, succeeded=known.succeeded)
        for name, bags in current.bags.items():
            index = self.store.read(f"{RUN}/{layout.plan_key(layout.index_file(name))}")
            lines = b"".join(index[37 * bag : 37 * bag + 37] for bag in bags)
            self.write(layout.plan_key(layout.index_file(f"{name}.t{number}")), lines)
        return current

    def _find_missing(self, known: Known) -> Mapping[str, Missing]:
        failures = list_failures(self.store, RUN)
        plan = self.planned.plan
        return find_missing(self.store, RUN, plan, self._bag_ids, failures=failures, known=known)

    def _suspects(self) -> dict[str, frozenset[int]]:
        """Return what log and Batch say of the newest try, where Batch remembers."""
        suspects: dict[str, frozenset[int]] = {}
        for job in self.planned.plan.jobs:
            states = self.newest.get(job.name, {})
            left = frozenset(bag for bag, state in states.items() if state != "succeeded")
            if not states or (len(left) < len(states) and self.chance.random() < 0.8):
                suspects[job.name] = left
            elif len(states) < job.size:
                suspects[job.name] = frozenset(states)
        return suspects

    def _bag_ids(self, array: str, bags: Iterable[int]) -> Iterator[tuple[int, list[str]]]:
        return ((bag, [line["id"] for line in self.lines[array][bag]]) for bag in bags)

    def _with_undone(self, missing: Mapping[str, Missing], number: int) -> Mapping[str, Missing]:
        plan = self.planned.plan
        undone = find_undone(self.store, RUN, plan, missing, self._task_files, Deliveries())
        record_undone(self.store, RUN, number, undone, now=0.0)
        ids = {one.id for one in undone}
        self.done -= ids
        self.made -= self._outputs_of(ids)  # they do not count before they are made again
        found = with_undone(missing, undone)
        assert found == self._truly_missing()
        return found

    def _outputs_of(self, ids: set[str]) -> set[str]:
        rows = (line for bags in self.lines.values() for lines in bags.values() for line in lines)
        return {
            f"{RUN}/{use['url']}"
            for line in rows
            if line.get("id") in ids
            for use in line["outputs"]
        }

    def _task_files(self, array: str, bags: Iterable[int]) -> Iterator[TaskFiles]:
        return (task_files_from_json(line) for bag in bags for line in self.lines[array][bag])

    def lose_files(self, share: float) -> set[str]:
        """Delete some of the files that tasks have made, as somebody else might; return them."""
        there = sorted(url for url in self.store.objects if url.startswith(f"{RUN}/data/"))
        lost = {url for url in there if self.chance.random() < share}
        self.store.delete(lost)
        self.made -= lost
        return lost

    def _truly_missing(self) -> dict[str, Missing]:
        found: dict[str, Missing] = {}
        for job in self.planned.plan.jobs:
            if job.kind == "compute":
                left = {
                    bag: sum(line["id"] not in self.done for line in lines)
                    for bag, lines in sorted(self.lines[job.name].items())
                }
                bags = tuple(bag for bag, tasks in left.items() if tasks)
                if bags:
                    found[job.name] = Missing(bags, sum(left.values()))
        return found

    def _may_start(self, job: Job, child: int, states: dict[str, dict[int, str]]) -> bool:
        for link in job.depends_on:
            parent = states[link.array]
            wanted = [parent[child]] if link.type is LinkType.N_TO_N else list(parent.values())
            if any(state != "succeeded" for state in wanted):
                return False
        return True

    def _run(self, job: Job, child: int, bag: int, number: int, faults: float) -> str:
        match job.kind:
            case "clean-up":
                if self.chance.random() < faults / 3:
                    return "failed"  # lost before it did anything
                self._clean_up(job, child, number)
            case "verdict":
                ids = self.planned.workflow.tasks.ids
                return "succeeded" if self.done.issuperset(ids) else "failed"
            case "compute":
                return self._run_bag(job.name, bag, number, faults)
            case _:
                pass
        return "succeeded"

    def _run_bag(self, array: str, bag: int, number: int, faults: float) -> str:
        records: list[TaskRecord] = []
        counts = {"failed": 0, "skipped": 0}
        lost = self.chance.random() < faults / 3
        for line in self.lines[array][bag]:
            if line["id"] in self.done:
                continue
            if lost and self.chance.random() < 0.5:
                break
            state = self._run_task(line, faults)
            if state != "succeeded":
                counts[state] += 1
            records.append(task_record(line["id"], bag=bag, try_=number, state=state))
        text = b"".join(record_line(one) for one in records)
        self.write(layout.record_key(array, bag, number, 1), text)
        if lost:
            return "failed"
        if any(counts.values()) or number > 1:
            self.write(
                layout.failure_key(array, bag, number, counts["failed"], counts["skipped"]), b""
            )
        return "succeeded"

    def _run_task(self, line: Json, faults: float) -> str:
        for use in line["inputs"]:
            url = f"{RUN}/{use['url']}"
            # What was made with success must be there, optional or not.
            assert url in self.store.objects or url not in self.made, f"{url} was deleted"
            if url not in self.store.objects and not use.get("optional"):
                return "skipped"
        if self.chance.random() < faults:
            return "failed"
        for use in line["outputs"]:
            self.write(use["url"], b"x")
            self.made.add(f"{RUN}/{use['url']}")
        self.done.add(line["id"])
        return "succeeded"

    def _clean_up(self, job: Job, child: int, number: int) -> None:
        told = {"PEGBATCH_JOB_KIND": "clean-up", "AWS_BATCH_JOB_ARRAY_INDEX": str(child)}
        log = ChildLog(self.folder / f"log-{job.name}-{child}-{number}", None)
        array = job.name if number == 1 else f"{job.name}.t{number}"
        with ThreadPoolExecutor(1) as pool:
            clean_up(read_child([RUN, array], told), CleanUpDoors(self.store, pool, Stop(), log))
        log.close()
        assert "bug" not in log.path.read_text()


@given(workflows(), st.randoms(use_true_random=False), st.sampled_from((0.0, 0.1, 0.4)))
@settings(max_examples=150, deadline=None)
def test_no_file_is_deleted_that_a_task_still_to_run_needs(
    tmp_path_factory: Any, planned: PlannedWorkflow, chance: random.Random, faults: float
) -> None:
    batch = Batch(planned, MemoryStore(), chance, tmp_path_factory.mktemp("logs"))
    for number in (1, 2, 3):
        batch.run_try(number, faults)
    batch.run_try(4, 0.0)
    assert batch.done == set(planned.workflow.tasks.ids)
    left = {url.removeprefix(f"{RUN}/data/") for url in batch.store.objects if "/data/" in url}
    delivered = {
        lfn for number, lfn in enumerate(planned.workflow.lfns) if planned.delivered[number]
    }
    assert left == delivered


@given(workflows(), st.randoms(use_true_random=False), st.sampled_from((0.1, 0.5, 1.0)))
@settings(max_examples=150, deadline=None)
def test_one_try_without_faults_makes_again_what_was_deleted_and_is_needed(
    tmp_path_factory: Any, planned: PlannedWorkflow, chance: random.Random, share: float
) -> None:
    batch = Batch(planned, MemoryStore(), chance, tmp_path_factory.mktemp("logs"))
    lost: set[str] = set()
    for number in (1, 2, 3):
        batch.run_try(number, 0.3)
        lost |= batch.lose_files(share)
    batch.run_try(4, 0.0)
    assert batch.done == set(planned.workflow.tasks.ids)
    left = {url for url in batch.store.objects if "/data/" in url}
    delivered = {
        f"{RUN}/data/{lfn}"
        for number, lfn in enumerate(planned.workflow.lfns)
        if planned.delivered[number]
    }
    assert left <= delivered
    assert delivered - left <= lost
