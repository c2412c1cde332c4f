"""The price table and the machine in it: what commands that speak of cost ask for alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from pegbatch.adapters.files import SMALL_FILE_BYTES, read_input
from pegbatch.errors import UsageError
from pegbatch.model.estimate import MachinePrice, PriceTable
from pegbatch.parse.prices import parse_prices

Command = TypeVar("Command", bound=Callable[..., Any])

PRICES = Path(__file__).with_name("prices.json")
"""conf/prices.json, as it is installed."""

DEFAULT_MACHINE = "m5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """What the command line says of prices."""

    machine: str = DEFAULT_MACHINE
    discount_percent: float = 0.0
    prices: Path | None = None


def priced_machine(pricing: Pricing) -> tuple[MachinePrice, PriceTable]:
    """Return the machine and the table that it stands in.

    Errors: InputError for a table that is none; UsageError for a machine without a price.
    """
    data = read_input(pricing.prices or PRICES, at_most=SMALL_FILE_BYTES)
    prices = parse_prices(data, str(pricing.prices or "conf/prices.json"))
    machine = prices.machines.get(pricing.machine)
    if machine is None:
        raise UsageError(
            f"no price for the machine {pricing.machine!r}",
            hint=f"one of {', '.join(sorted(prices.machines))}; or give a table with --prices",
        )
    return machine, prices


def pricing_options(function: Command) -> Command:
    """Take `--machine`, `--discount` and `--prices`."""
    machine = click.option(
        "--machine",
        default=DEFAULT_MACHINE,
        show_default=True,
        help="Line of the price table: fargate, c5, m5, r5, …",
    )
    discount = click.option(
        "--discount",
        type=click.FloatRange(min=0, max=100),
        default=0.0,
        show_default=True,
        metavar="PERCENT",
        help="Off the price: Spot, or a savings plan.",
    )
    prices = click.option(
        "--prices",
        type=click.Path(path_type=Path, readable=False),
        help="Price table in the form of conf/prices.json.",
    )
    return machine(discount(prices(function)))
