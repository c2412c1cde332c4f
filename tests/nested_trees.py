"""Runs within runs, invented: what a store would say of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pegbatch.model.known_run import KnownRun, known_run_to_json
from pegbatch.model.layout import SUMMARY_KEY, join_url, nested_key, plan_key
from pegbatch.model.plan import Plan, plan_to_json
from pegbatch.model.sub_workflows import SubWorkflowTask
from tests.fakes_store import MemoryStore
from tests.plans import QUEUE, RUN_URL, job, plan

HEX = "0123abcd"


def sub_workflow(id_: str, array: str = "L0", bag: int = 0) -> SubWorkflowTask:
    """Return a task that plans a workflow."""
    return SubWorkflowTask(id=id_, array=array, bag=bag, file="w.yml")


def inner_plan(*sub_workflows: str) -> Plan:
    """Return a plan of an array of two, a plain job, and a verdict."""
    made = plan(job("L0", size=2), job("L1", "L0"), job("verdict", "L1", kind="verdict"))
    tasks = tuple(sub_workflow(one, bag=bag) for bag, one in enumerate(sub_workflows))
    return replace(made, sub_workflows=tasks)


def nested_url(*ids: str) -> str:
    """Return the URL of a run at some depth of the sketched one."""
    url = RUN_URL
    for id_ in ids:
        url = join_url(url, nested_key(id_))
    return url


def known_run(url: str, **changes: Any) -> KnownRun:
    """Return what a run says of itself."""
    known: dict[str, Any] = {
        "service": "aws",
        "wire": False,
        "job_prefix": f"sketch-{HEX}",
        "started": 1_000.0,
        "number": 1,
        "queues": (QUEUE,),
        **changes,
    }
    return KnownRun(run_url=url, **known)


def put_run(store: MemoryStore, url: str, made: Plan, **changes: Any) -> None:
    """Put what a run says of itself, and its plan."""
    known = known_run_to_json(known_run(url, **changes))
    store.write(join_url(url, plan_key("run.json")), json.dumps(known).encode())
    store.write(join_url(url, plan_key("plan.json")), json.dumps(plan_to_json(made)).encode())


def put_summary(
    store: MemoryStore,
    url: str,
    state: str,
    counts: Mapping[str, int],
    failures: Sequence[Mapping[str, Any]] = (),
    number: int = 1,
) -> None:
    """Put what a verdict says."""
    tasks = {"total": 3, "succeeded": 0, "failed": 0, "skipped": 0, **counts}
    told = {"state": state, "try": number, "tasks": tasks, "failures": list(failures)}
    text = json.dumps({**told, "seconds": 12.5})
    store.write(join_url(url, SUMMARY_KEY), text.encode())
