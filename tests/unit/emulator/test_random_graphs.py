"""Random jobs, links and outcomes: an independent replay of the events finds no wrong step."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.emulator.state.effects import Change
from tests.unit.emulator.bench import Bench

ORDER = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"]


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw jobs as (size, attempts, dependencies on earlier jobs by number)."""
    jobs: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 7))):
        size = draw(st.sampled_from([None, 2, 3, 3, 3]))
        links: list[tuple[int, str | None]] = []
        if number:
            chosen = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True))
            for other in chosen:
                fits = size is not None and jobs[other]["size"] == size
                links.append((other, draw(st.sampled_from(["N_TO_N", None])) if fits else None))
        sequential = size is not None and draw(st.booleans()) and draw(st.booleans())
        attempts = draw(st.integers(1, 2))
        jobs.append({"size": size, "links": links, "seq": sequential, "attempts": attempts})
    return jobs


@settings(max_examples=100, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_no_child_starts_before_its_dependencies_succeeded_and_none_fails_without_cause(
    graph: list[dict[str, Any]], chance: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.set_up(maxvCpus=3)
        ids = _submit(bench, graph, chance)
        while bench.running:
            _end_one(bench, chance)
            bench.step()
        final = _replay(bench, graph, ids)
        for number, job in enumerate(graph):
            for index in _indices(job):
                _check_end(graph, final, number, index)
        assert bench.world.machine.core.open_jobs == 0


def _indices(job: dict[str, Any]) -> list[int | None]:
    return [None] if job["size"] is None else list(range(job["size"]))


def _end_one(bench: Bench, chance: random.Random) -> None:
    bench.time += 1
    bench.end(chance.choice(sorted(bench.running)), chance.choice([0, 0, 0, 1]))


def _submit(bench: Bench, graph: list[dict[str, Any]], chance: random.Random) -> list[str]:
    """Submit all jobs, while children of some end; what falls in one step is up to chance."""
    ids: list[str] = []
    for number, job in enumerate(graph):
        if bench.running and chance.random() < 0.5:
            _end_one(bench, chance)
        depends: list[dict[str, Any]] = [
            {"jobId": ids[other], **({"type": kind} if kind else {})}
            for other, kind in job["links"]
        ]
        if job["seq"]:
            depends.append({"type": "SEQUENTIAL"})
        strategy = {"attempts": job["attempts"]}
        more = {"dependsOn": depends, "retryStrategy": strategy}
        ids.append(bench.send_job(f"j{number}", size=job["size"], **more))
        if chance.random() < 0.5:
            bench.step()
    bench.step()
    return ids


def _needs(
    graph: list[dict[str, Any]], number: int, index: int | None
) -> list[tuple[int, int | None]]:
    """Return the children that must succeed before a child may start."""
    found: list[tuple[int, int | None]] = []
    for other, kind in graph[number]["links"]:
        found += [(other, index)] if kind else [(other, i) for i in _indices(graph[other])]
    if graph[number]["seq"] and index:
        found.append((number, index - 1))
    return found


def _replay(
    bench: Bench, graph: list[dict[str, Any]], ids: list[str]
) -> dict[tuple[int, int | None], list[Change]]:
    seen: dict[tuple[int, int | None], list[Change]] = {}
    every = [change for effects in bench.effects for change in effects.changes]
    for change in every:
        key = (ids.index(change.job), change.child)
        seen.setdefault(key, []).append(change)
        if change.state == "STARTING":
            for need in _needs(graph, *key):
                assert seen[need][-1].state == "SUCCEEDED", f"{key} started before {need} succeeded"
        if change.state in ORDER[1:5]:
            before = [c.state for c in seen[key][:-1] if c.state != change.state]
            assert "SUCCEEDED" not in before and "FAILED" not in before
    return seen


def _check_end(
    graph: list[dict[str, Any]],
    final: dict[tuple[int, int | None], list[Change]],
    number: int,
    index: int | None,
) -> None:
    history = final[number, index]
    starts = sum(change.state == "STARTING" for change in history)
    needed = [final[need][-1].state for need in _needs(graph, number, index)]
    if "FAILED" in needed:
        assert (history[-1].state, starts) == ("FAILED", 0)
        assert history[-1].reason == "Dependent Job failed"
    else:
        assert starts >= 1
        assert history[-1].state == "SUCCEEDED" or starts == graph[number]["attempts"]
