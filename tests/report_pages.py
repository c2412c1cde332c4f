"""Reports of invented histories, for those who test the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from lxml import html

from pegbatch.cli.pricing import Pricing, priced_machine
from pegbatch.cli.reporting import page_parts, run_view
from pegbatch.engine.analysis.grouping import analyse
from pegbatch.engine.statistics.actual_cost import actual_cost
from pegbatch.model.history import History
from pegbatch.report.run_report import report


def page_of(history: History) -> str:
    """Return the report of a history, as the command writes it."""
    now = (history.ended or 0.0) + 60
    cost = actual_cost(history, *priced_machine(Pricing()))
    view = run_view(history, analyse(history, {}), cost, submit_dir="run0001", now=now)
    return report(view, page_parts())


def data_of(page: str) -> Mapping[str, Any]:
    """Return what the charts of a report are drawn from."""
    (script,) = html.document_fromstring(page).xpath("//script[@id='data']")
    found: dict[str, Any] = orjson.loads(script.text)
    return found
