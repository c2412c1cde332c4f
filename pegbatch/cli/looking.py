"""How a run is looked at from the command line: at what pace, and by which prices."""

from __future__ import annotations

import shlex

from pegbatch.adapters.nested_runs import nested_reader
from pegbatch.cli.choice import service_of
from pegbatch.cli.pricing import Pricing, priced_machine
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.looking.looker import LookSettings

_PACES = {
    "local": {"list_seconds": 1.0, "why_seconds": 10.0, "quiet_seconds": 3.0},
    "aws": {"list_seconds": 15.0, "why_seconds": 60.0, "quiet_seconds": 60.0},
}
"""Amazon takes minutes to start a machine, the embedded AWS none; and Amazon counts calls."""


def look_settings(run: OpenRun, service: str) -> LookSettings:
    """Return how a run is looked at where it is.

    Shapes: service is `local`, `aws`, or empty before the first submission.
    """
    machine, prices = priced_machine(Pricing())
    on_amazon = service == "aws"
    base = "" if on_amazon else shlex.quote(str(run.local_folder.parent))
    pace = _PACES[service_of(service)]
    return LookSettings(
        machine=machine,
        prices=prices,
        submit_dir=shlex.quote(str(run.directory.path)),
        embedded_in=base,
        list_seconds=pace["list_seconds"],
        why_seconds=pace["why_seconds"],
        quiet_seconds=pace["quiet_seconds"],
        read_nested=nested_reader,
    )
