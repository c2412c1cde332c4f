"""Estimate: a plan played by expected runtimes, beside the bounds that no plan can stay below."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pegbatch.model.cluster_kinds import PARALLEL
from pegbatch.model.estimate import Conditions, Cost, Estimate, MachinePrice, PriceTable
from pegbatch.model.graph import Graph
from pegbatch.model.plan import Job, LinkType
from pegbatch.planner.clusters import NO_CLUSTER
from pegbatch.planner.play import Played, Stage, Step, play
from pegbatch.planner.stages import Linked
from pegbatch.planner.urgency import longest_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Playable:
    """A plan, as far as playing it needs: the same from a workflow and from a submit directory."""

    workflow: str
    jobs: Sequence[Job]
    bags: Mapping[str, Sequence[Sequence[int]]]
    """By compute job: the tasks of each bag, in order."""
    seconds: Sequence[float]
    """By task: expected runtime; 0 where none is known."""
    cores: Sequence[int]
    """By task: vCPUs that it takes while it runs; less than its job's under mpiexec."""
    graph: Graph
    without_runtime: int = 0


def playable(linked: Linked, *, default_seconds: float = 0.0) -> Playable:
    """Return a planned workflow; a task without an expected runtime takes default_seconds."""
    table = linked.settings_table
    known = [settings.runtime_seconds for settings in table]
    of_settings = [default_seconds if seconds is None else max(0.0, seconds) for seconds in known]
    numbers = linked.task_settings
    return Playable(
        workflow=linked.workflow.name,
        jobs=linked.jobs,
        bags={
            of.name: [of.order[first:last] for first, last in pairwise(of.bag_offsets)]
            for of in linked.arrays
        },
        seconds=array("d", map(of_settings.__getitem__, numbers)),
        cores=_cores(linked),
        graph=linked.graph,
        without_runtime=sum(known[number] is None for number in numbers),
    )


def _cores(linked: Linked) -> array[int]:
    """Return, by task, its own vCPUs where it runs beside others, else those of its bag."""
    cores = array("i", bytes(4 * len(linked.levels)))
    for of, resources in zip(linked.arrays, linked.array_resources, strict=True):
        for task in of.order:
            cores[task] = resources.vcpus
    for task, cluster in enumerate(linked.clusters):
        if cluster != NO_CLUSTER and linked.cluster_kinds[cluster] == PARALLEL:
            cores[task] = linked.settings_table[linked.task_settings[task]].side_by_side.vcpus
    return cores


def estimate(
    plan: Playable,
    conditions: Conditions,
    machine: MachinePrice,
    prices: PriceTable,
    *,
    discount_percent: float = 0.0,
) -> Estimate:
    """Play a plan and price what it takes."""
    stage = Stage(
        vcpus=conditions.vcpus,
        start_seconds=conditions.start_seconds,
        losses_per_hour=conditions.losses_per_hour,
        least_billed_seconds=machine.least_seconds,
    )
    steps = _steps(plan)
    played = play(steps, stage)
    helpers = sum(job.size for job in plan.jobs if job.name not in plan.bags)
    return Estimate(
        workflow=plan.workflow,
        tasks=len(plan.seconds),
        tasks_without_runtime=plan.without_runtime,
        arrays=len(plan.jobs),
        conditions=conditions,
        makespan_seconds=played.makespan_seconds,
        critical_path_seconds=longest_path(plan.graph, plan.seconds),
        work_seconds=_work(plan, math.inf),
        playable_seconds=_work(plan, conditions.vcpus),
        tasks_too_large=sum(cores > conditions.vcpus for cores in plan.cores),
        billed_seconds=played.vcpu_seconds,
        containers=played.containers - helpers,
        helpers=helpers,
        losses=played.losses,
        cost=Cost(
            amount=_amount(steps, played, machine) * (1 - discount_percent / 100),
            currency=prices.currency,
            machine=machine.name,
            region=prices.region,
            date=prices.date,
            discount_percent=discount_percent,
        ),
    )


def _work(plan: Playable, vcpus: float) -> float:
    """Return the vCPU-seconds of the tasks, none of which takes more than so many vCPUs."""
    pairs = zip(plan.seconds, plan.cores, strict=True)
    return math.fsum(seconds * min(cores, vcpus) for seconds, cores in pairs)


def _steps(plan: Playable) -> list[Step]:
    """Return the jobs in plan order; those that run no task of the workflow take no time."""
    positions = {job.name: number for number, job in enumerate(plan.jobs)}
    steps = []
    for job in plan.jobs:
        bags = plan.bags.get(job.name)
        steps.append(
            Step(
                seconds=[_bag_seconds(plan, bag, job.resources.vcpus) for bag in bags]
                if bags is not None
                else [0.0] * job.size,
                tasks=() if bags is None else [len(bag) for bag in bags],
                vcpus=job.resources.vcpus,
                memory_mib=job.resources.memory_mib,
                waits_for=_positions(job, LinkType.ALL, positions),
                pairs_with=_positions(job, LinkType.N_TO_N, positions),
            )
        )
    return steps


def _positions(job: Job, kind: LinkType, positions: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(positions[link.array] for link in job.depends_on if link.type is kind)


def _bag_seconds(plan: Playable, bag: Sequence[int], vcpus: int) -> float:
    """Return how long a bag takes: task after task, or as many at once as its vCPUs hold."""
    if len(bag) == 1 or all(plan.cores[task] >= vcpus for task in bag):
        return sum(plan.seconds[task] for task in bag)
    places = {task: number for number, task in enumerate(bag)}
    steps = [
        Step(
            seconds=[plan.seconds[task]],
            vcpus=plan.cores[task],
            waits_for=_inside(plan.graph.parents_of(task), places),
        )
        for task in bag
    ]
    return play(steps, Stage(vcpus=float(vcpus), in_order=False)).makespan_seconds


def _inside(parents: Iterable[int], places: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(places[parent] for parent in parents if parent in places)


def _amount(steps: Sequence[Step], played: Played, machine: MachinePrice) -> float:
    """Return the price of what was played."""
    pairs = zip(steps, played.seconds_by_step, strict=True)
    paid = (seconds * machine.hourly(step.vcpus, step.memory_mib) for step, seconds in pairs)
    return math.fsum(paid) / 3600
