"""What a run has cost: the time of its children, priced as an estimate is."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from pegbatch.engine.statistics.billing import bill
from pegbatch.model.estimate import Cost, Estimate, MachinePrice, PriceTable
from pegbatch.model.history import History
from pegbatch.model.run_look import Spell
from pegbatch.model.statistics import ActualCost


def actual_cost(
    history: History,
    machine: MachinePrice,
    prices: PriceTable,
    *,
    discount_percent: float = 0.0,
    estimate: Estimate | None = None,
) -> ActualCost:
    """Price every attempt at a child that has ended: compute alone.

    Shapes: an attempt of which nobody knows how long it took costs nothing here.
    """
    taken = bill(_spells(history, machine.least_seconds), machine)
    return ActualCost(
        vcpu_hours=taken.vcpu_hours,
        gib_hours=taken.gib_hours,
        attempts=taken.containers,
        cost=Cost(
            amount=taken.amount * (1 - discount_percent / 100),
            currency=prices.currency,
            machine=machine.name,
            region=prices.region,
            date=prices.date,
            discount_percent=discount_percent,
        ),
        estimate=estimate,
    )


def _spells(history: History, least_seconds: float) -> Iterator[Spell]:
    """Yield what attempts have taken, a spell a size of container."""
    sizes = {job.name: (job.resources.vcpus, job.resources.memory_mib) for job in history.jobs}
    times: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for attempt in history.attempts:
        if attempt.array in sizes and attempt.start is not None and attempt.end is not None:
            times[sizes[attempt.array]].append(max(attempt.seconds, least_seconds))
    for size, seconds in times.items():
        yield Spell(*size, math.fsum(seconds), len(seconds))
