"""What a run has cost, beside what was expected, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.model.estimate import Estimate
from pegbatch.model.statistics import ActualCost
from pegbatch.report.counts import count_text

LEAST = 0.0001
"""What is less is not told in digits."""


def cost_lines(cost: ActualCost, *, is_local: bool) -> Iterator[str]:
    """Yield actual cost and estimate; a run on the embedded AWS would have cost it."""
    price = cost.cost
    less = f", {price.discount_percent:g} % off" if price.discount_percent else ""
    has = "On Amazon it would have cost" if is_local else "Cost"
    yield (
        f"{has} {money(price.amount, price.currency)} for compute alone "
        f"({price.machine}, {price.region}, prices of {price.date}{less})"
    )
    yield (
        f"  actual    {hours(cost.vcpu_hours)} vCPU h, {hours(cost.gib_hours)} GiB h in "
        f"{count_text(cost.attempts, 'container')} of tasks"
    )
    if cost.estimate is not None:
        yield from _estimate(cost, cost.estimate)


def _estimate(cost: ActualCost, estimate: Estimate) -> Iterator[str]:
    expected = estimate.cost
    share = ""
    if expected.amount > 0 and cost.attempts:
        share = f"; actual is {cost.cost.amount / expected.amount:,.2f} times that"
    yield (
        f"  estimate  {hours(estimate.billed_seconds / 3600)} vCPU h, "
        f"{money(expected.amount, expected.currency)}, by expected runtimes{share}"
    )
    if estimate.tasks_without_runtime:
        yield (
            f"            without {estimate.tasks_without_runtime:,} of {estimate.tasks:,} tasks, "
            "which have no profile `runtime`"
        )


def money(amount: float, currency: str) -> str:
    """Return an amount: cents where it is some, two digits that say something where it is less."""
    if 0 < amount < LEAST:
        return f"less than {LEAST:g} {currency}"
    return f"{hours(amount)} {currency}"


def hours(number: float) -> str:
    """Return hours, or units of money, as `money` does."""
    if number >= 0.1 or number == 0:
        return f"{number:,.2f}"
    return f"{number:.2g}" if number >= LEAST else f"under {LEAST:g}"
