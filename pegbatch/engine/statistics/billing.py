"""What machines are paid for: the time of containers, from the start of each to its end.

Containers of tasks and transfers count. Helpers (barriers, clean-up, the verdict) run for about a
second each, and are left out wherever cost is told; an estimate lets them take no time, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pegbatch.model.estimate import MachinePrice
from pegbatch.model.plan import JobKind
from pegbatch.model.run_look import Spell

PAID_FOR: frozenset[JobKind] = frozenset({"compute", "stage-in"})
"""Kinds of jobs whose containers count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Containers, priced."""

    vcpu_hours: float
    gib_hours: float
    amount: float
    containers: int


def bill(spells: Iterable[Spell], machine: MachinePrice) -> Bill:
    """Price what containers have taken, each for the least time at least."""
    known = tuple(spells)
    hours = [max(spell.seconds, machine.least_seconds * spell.containers) / 3600 for spell in known]
    pairs = tuple(zip(hours, known, strict=True))
    return Bill(
        vcpu_hours=sum(hour * spell.vcpus for hour, spell in pairs),
        gib_hours=sum(hour * spell.memory_mib / 1024 for hour, spell in pairs),
        amount=sum(hour * machine.hourly(spell.vcpus, spell.memory_mib) for hour, spell in pairs),
        containers=sum(spell.containers for spell in known),
    )
