"""The price table: `conf/prices.json`, or one of the user's own in the same form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pegbatch.errors import InputError, Problem
from pegbatch.model.estimate import MachinePrice, PriceTable
from pegbatch.parse.json_files import as_mapping, as_sequence, load_json

_KEYS = ("vcpu_hour", "gib_hour", "gib_per_vcpu", "least_seconds")


def parse_prices(data: bytes, source: str) -> PriceTable:
    """Read a price table.

    Errors: InputError with everything that does not fit.
    """
    document = as_mapping(load_json(data, source)[0])
    problems: list[Problem] = []
    machines = {
        str(name): _machine(str(name), as_mapping(row), source, problems)
        for name, row in as_mapping(document.get("machines")).items()
    }
    if not machines:
        problems.append(Problem("no machines with prices", source, "see conf/prices.json"))
    if problems:
        raise InputError(problems=problems)
    return PriceTable(
        currency=str(document.get("currency", "USD")),
        region=str(document.get("region", "")),
        date=str(document.get("date", "")),
        sources=tuple(map(str, as_sequence(document.get("sources")))),
        machines=machines,
    )


def _machine(
    name: str, row: Mapping[str, Any], source: str, problems: list[Problem]
) -> MachinePrice:
    """Return one machine's prices; what does not fit is added to the problems."""
    found: dict[str, float] = {}
    for key, value in row.items():
        if key not in _KEYS:
            problems.append(Problem(f"{name}: unknown key {key!r}", source, "one of " + _known()))
        elif isinstance(value, int | float) and 0 <= value < math.inf and value is not True:
            found[key] = float(value)
        else:
            problems.append(Problem(f"{name}.{key}: {value!r} is not a number from 0 on", source))
    if "vcpu_hour" not in found:
        problems.append(Problem(f"{name} has no vcpu_hour", source, "give the price of a vCPU"))
    if found.get("gib_per_vcpu") == 0:
        problems.append(Problem(f"{name}.gib_per_vcpu is 0", source, "leave it out"))
    return MachinePrice(
        name=name,
        vcpu_hour=found.get("vcpu_hour", 0.0),
        gib_hour=found.get("gib_hour", 0.0),
        gib_per_vcpu=found.get("gib_per_vcpu"),
        least_seconds=found.get("least_seconds", 0.0),
    )


def _known() -> str:
    return ", ".join(_KEYS)
