"""Statistics as text, CSV and JSON."""

from __future__ import annotations

import csv
import json
from typing import Any, get_args

import orjson
import pytest

from pegbatch.engine.statistics.actual_cost import actual_cost
from pegbatch.engine.statistics.tables import statistics
from pegbatch.model.estimate import Conditions, Cost, Estimate, MachinePrice, PriceTable
from pegbatch.model.history import History
from pegbatch.model.statistics import Level, ResourceRow, Statistics
from pegbatch.report.advice import advice, advice_lines
from pegbatch.report.cost_text import cost_lines, money
from pegbatch.report.statistics_csv import csv_lines
from pegbatch.report.statistics_json import statistics_to_json
from pegbatch.report.statistics_tables import Table, tables_of, utc
from pegbatch.report.statistics_text import text_lines
from tests.sketched_histories import attempt, history, job, ran, task

LEVELS: tuple[Level, ...] = get_args(Level)
MACHINE = MachinePrice(name="m5", vcpu_hour=0.5, gib_per_vcpu=4)
PRICES = PriceTable(currency="USD", region="here", date="2026-01-01", sources=(), machines={})


def made_of(seen: History, levels: tuple[Level, ...] = LEVELS, **cost: Any) -> Statistics:
    return statistics(seen, levels, cost=actual_cost(seen, MACHINE, PRICES, **cost))


def half() -> History:
    """Return a run of two tries: one task succeeded, one failed for good, one was skipped."""
    tasks = [
        task("a", transformation="lab::one:1"),
        task("b", bag=1, transformation="lab::one:1"),
        task("c", "L1", transformation="lab::two:1"),
    ]
    executions = [
        ran("a", cpu_seconds=4.0, max_rss_mib=310.0, bytes_in=2048, bytes_out=7, files_out=1),
        ran("b", bag=1, state="failed", exit_code=3, reason="exit code 3"),
        ran("b", bag=1, try_=2, after=7200, state="failed", exit_code=3, reason="exit code 3"),
        ran("c", "L1", try_=2, after=7300, seconds=0, state="skipped"),
    ]
    attempts = [
        attempt(host="h1", waited_seconds=1.0),
        attempt(bag=1, host="h2", state="failed", waited_seconds=2.0),
        attempt(bag=1, try_=2, after=7200, host="h2", state="failed", reason="exit code 3"),
        attempt("L1", try_=2, after=7300, seconds=1),
    ]
    return history([job("L0", 2), job("L1", level=1)], tasks, executions, attempts)


def text_of(*lines: Any, **options: Any) -> str:
    return "\n".join(text_lines(*lines, **options))


def test_the_summary_has_the_columns_and_lines_of_pegasus() -> None:
    text = text_of(made_of(half()), ("summary",))
    assert text.splitlines()[0] == "invented: failed on Amazon"
    rows = [line.split() for line in text.splitlines()]
    assert [
        "Type",
        "Succeeded",
        "Failed",
        "Incomplete",
        "Total",
        "Retries",
        "Total+Retries",
    ] in rows
    assert ["Tasks", "1", "1", "1", "3", "1", "3"] in rows
    assert ["Jobs", "1", "1", "1", "3", "1", "3"] in rows
    assert ["Sub-Workflows", "0", "0", "0", "0", "0", "0"] in rows
    assert "Of the incomplete tasks 1 was skipped: a parent had failed." in text
    assert "Workflow cumulative job badput wall time                 : 20.0 s" in text


def test_the_time_between_tries_has_a_line_where_there_were_some() -> None:
    once = text_of(made_of(history([job("L0")], [task("a")], [ran("a")])), ("summary",))
    assert "between tries" not in once
    twice = text_of(made_of(history([job("L0")], [task("a")], [ran("a")], number=2)), ("summary",))
    (line,) = (line for line in twice.splitlines() if "between tries" in line)
    assert line.split(" : ")[1] == "10.0 s"
    assert twice.splitlines()[0] == "invented: succeeded on Amazon, 2 tries"


def test_what_was_skipped_since_the_run_was_ended_is_said_so() -> None:
    seen = history([job("L0")], [task("a")], [ran("a", state="skipped")], state="cancelled")
    assert "skipped: the run was ended." in text_of(made_of(seen), ("summary",))


def test_the_breakdown_has_a_table_for_each_measure_that_is_known() -> None:
    text = text_of(made_of(half()), ("tf_stats",))
    assert [line for line in text.splitlines() if line and not line.startswith(" ")] == [
        "invented: failed on Amazon",
        "Runtime, s",
        "CPU time, s",
        "Memory, MiB",
        "Bytes in",
        "Bytes out",
        "Queue wait, s",
        "Asked for, and used at most",
        "Advice (profiles `memory` and `cores` of a transformation say what is asked for)",
    ]
    assert "lab::one:1: memory: 2,048 MiB asked, 310 used at most: 512 MiB would do" in text
    assert "2.0 KiB" in text
    unknown = history([job("L0")], [task("a")], [ran("a")])
    assert "CPU time" not in text_of(made_of(unknown), ("tf_stats",))


def test_only_the_largest_transformations_are_shown_where_nobody_asked_for_all() -> None:
    tasks = [task(f"t{n}", bag=n, transformation=f"x{n}") for n in range(9)]
    executions = [
        ran(f"t{n}", bag=n, seconds=n + 1, max_rss_mib=1, cpu_seconds=1) for n in range(9)
    ]
    made = made_of(history([job("L0", 9)], tasks, executions))
    short = text_of(made, ("tf_stats",), at_most=2)
    assert "x8" in short and "x7" in short and "  x6 " not in short
    assert "… and 7 rows with less runtime: `-s tf_stats` shows all" in short
    assert "… and 7 more: `-s tf_stats` shows all" in short
    assert all(f"x{n} " in text_of(made, ("tf_stats",)) for n in range(9))


def test_every_level_has_its_tables_named_as_the_files_of_pegasus() -> None:
    made = made_of(half())
    names = [table.name for level in LEVELS for table in tables_of(made, level)]
    assert names == [
        *("summary", "summary-time", "cost", "workflow", "jobs", "breakdown", "resources"),
        *("time", "time-per-host", "integrity"),
    ]
    for level in LEVELS:
        for table in tables_of(made, level):
            rows = list(table.rows())
            assert rows and all(len(row) == len(table.columns) for row in rows), table.name
            assert list(table.rows()) == rows


def test_a_level_that_was_not_asked_for_has_no_tables() -> None:
    made = statistics(half(), ())
    assert [table for level in LEVELS for table in tables_of(made, level)] == []
    assert list(text_lines(made, LEVELS))[1:] == [""] * len(LEVELS)


def test_tables_are_csv_that_a_reader_understands() -> None:
    (jobs,) = tables_of(made_of(half()), "jb_stats")
    rows = list(csv.DictReader("".join(csv_lines(jobs)).splitlines()))
    assert [(row["Array"], row["Child"], row["Try"], row["State"]) for row in rows] == [
        ("L0", "0", "1", "succeeded"),
        ("L0", "1", "1", "failed"),
        ("L0", "1", "2", "failed"),
        ("L1", "0", "2", "succeeded"),
    ]
    assert (rows[0]["Wait"], rows[0]["CPU-Time"], rows[1]["CPU-Time"]) == ("1.0", "4.0", "")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(first: str) -> None:
    table = Table("x", ("a", "b"), lambda: iter([(f"{first}cmd|' /C calc'!A0", -1.5)]))
    (_, row) = csv.reader(csv_lines(table))
    assert row[0].startswith("'")
    assert row[1] == "-1.5"


def test_words_of_a_workflow_cannot_steer_a_terminal_nor_forge_a_line() -> None:
    evil = "x\x1b[31m\nTasks 9 9 9"
    seen = history(
        [job("L0")],
        [task("a", transformation=evil)],
        [ran("a")],
        [attempt(host=evil, reason=evil)],
        workflow=evil,
    )
    made = made_of(seen)
    lines = list(text_lines(made, LEVELS))
    assert not any("\x1b" in line or "\n" in line for line in lines)
    for level in LEVELS:
        for table in tables_of(made, level):
            assert all("\x1b" not in line and line.count("\n") == 1 for line in csv_lines(table))


def test_long_names_are_cut_on_the_screen_alone() -> None:
    made = made_of(history([job("L0")], [task("a", transformation="n" * 500)], [ran("a")]))
    assert max(map(len, text_lines(made, ("tf_stats",)))) < 200
    assert statistics_to_json(made)["transformations"][0]["transformation"] == "n" * 500


def test_json_has_what_was_asked_for_and_is_json() -> None:
    made = statistics_to_json(made_of(half()))
    assert json.loads(orjson.dumps(made)) == made
    assert made["summary"]["tasks"] == {
        "succeeded": 1,
        "failed": 1,
        "incomplete": 1,
        "total": 3,
        "retries": 1,
        "total_and_retries": 3,
        "skipped": 1,
    }
    assert made["transformations"][0]["memory_mib"] == {
        "count": 1,
        "min": 310.0,
        "mean": 310.0,
        "max": 310.0,
        "total": 310.0,
    }
    assert made["resources"][0]["memory_mib"] == {"asked": 2048, "used": 310.0, "advised": 512}
    assert (made["started"], len(made["jobs"])) == ("2027-01-15T08:00:00Z", 4)
    few = statistics_to_json(made_of(half(), ("int_stats",)))
    assert few["integrity"] == {"checksums": 1, "bytes": 7, "mismatches": 0}
    assert not {"summary", "jobs", "cost", "time"} & few.keys()


def test_json_takes_halves_of_characters_too() -> None:
    seen = history([job("L0")], [task("a")], [ran("a")], [attempt(host="\ud800", reason="\ud800")])
    assert b"ud800" in orjson.dumps(statistics_to_json(made_of(seen)))


def test_times_that_no_calendar_has_are_no_bug() -> None:
    assert [utc(seconds) for seconds in (None, float("nan"), 1e300)] == [None, None, None]


def estimate(amount: float, *, without: int = 0) -> Estimate:
    price = Cost(
        amount=amount,
        currency="USD",
        machine="m5",
        region="here",
        date="2026-01-01",
        discount_percent=0.0,
    )
    return Estimate(
        workflow="w",
        tasks=3,
        tasks_without_runtime=without,
        arrays=1,
        conditions=Conditions(vcpus=float("inf"), start_seconds=0.0, losses_per_hour=0.0),
        makespan_seconds=1.0,
        critical_path_seconds=1.0,
        work_seconds=1.0,
        playable_seconds=1.0,
        tasks_too_large=0,
        billed_seconds=3600.0,
        containers=3,
        helpers=1,
        losses=0,
        cost=price,
    )


def test_actual_cost_stands_beside_the_estimate() -> None:
    seen = history([job("L0")], [task("a")], [], [attempt(seconds=7200)])
    cost = actual_cost(seen, MACHINE, PRICES, estimate=estimate(0.5, without=2))
    assert list(cost_lines(cost, is_local=False)) == [
        "Cost 1.00 USD for compute alone (m5, here, prices of 2026-01-01)",
        "  actual    2.00 vCPU h, 4.00 GiB h in 1 container of tasks",
        "  estimate  1.00 vCPU h, 0.50 USD, by expected runtimes; actual is 2.00 times that",
        "            without 2 of 3 tasks, which have no profile `runtime`",
    ]
    assert next(cost_lines(cost, is_local=True)).startswith("On Amazon it would have cost 1.00 USD")


def test_where_no_runtimes_are_expected_there_is_no_estimate() -> None:
    seen = history([job("L0")], [task("a")], [], [attempt()])
    *_, last = text_lines(made_of(seen), ("summary",))
    assert last == "  estimate  none: no task has an expected runtime (profile `runtime`)"


def test_the_estimate_is_a_row_of_the_csv_too() -> None:
    seen = history([job("L0")], [task("a")], [], [attempt(seconds=7200)])
    made = made_of(seen, estimate=estimate(0.5))
    cost = next(table for table in tables_of(made, "summary") if table.name == "cost")
    rows = list(csv.DictReader(csv_lines(cost)))
    assert [(row["Type"], row["Amount"], row["vCPU-hours"]) for row in rows] == [
        ("actual", "1.0", "2.0"),
        ("estimate", "0.5", "1.0"),
    ]
    bare = statistics(seen, ("summary",))
    assert [table.name for table in tables_of(bare, "summary")] == ["summary", "summary-time"]
    assert "vCPU" not in text_of(bare, ("summary",))


def test_a_discount_is_told_and_an_estimate_of_nothing_is_no_ratio() -> None:
    seen = history([job("L0")], [task("a")], [], [attempt(seconds=7200)])
    cost = actual_cost(seen, MACHINE, PRICES, discount_percent=70, estimate=estimate(0.0))
    first, _, third = cost_lines(cost, is_local=False)
    assert first.endswith("prices of 2026-01-01, 70 % off)")
    assert third.endswith("by expected runtimes")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00 USD"),
        (1234.5, "1,234.50 USD"),
        (0.0123, "0.012 USD"),
        (1e-7, "less than 0.0001 USD"),
    ],
)
def test_small_amounts_are_not_told_as_none(amount: float, text: str) -> None:
    assert money(amount, "USD") == text


def resource(**changes: Any) -> ResourceRow:
    known: dict[str, Any] = {
        "transformation": "t",
        "memory_asked_mib": 2048,
        "memory_used_mib": 310.4,
        "memory_advised_mib": None,
        "cores_asked": 4,
        "cores_used": 0.93,
        "cores_advised": None,
        "out_of_memory": 0,
        "may_be_out_of_memory": 0,
        **changes,
    }
    return ResourceRow(**known)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"memory_advised_mib": 512},
            "memory: 2,048 MiB asked, 310 used at most: 512 MiB would do",
        ),
        (
            {"memory_advised_mib": 4096},
            "memory: 2,048 MiB asked, 310 used at most: that is close, ask for 4,096 MiB",
        ),
        (
            {"memory_advised_mib": 4096, "out_of_memory": 3},
            "memory: 2,048 MiB asked, and 3 times that was too little: try 4,096 MiB",
        ),
        (
            {"may_be_out_of_memory": 1},
            "1 task was ended by SIGKILL, which may be lack of memory (2,048 MiB asked)",
        ),
        ({"cores_advised": 1}, "cores: 4 asked, 0.9 kept busy at most: 1 would do"),
        (
            {"cores_used": 6.2, "cores_advised": 7},
            "cores: 4 asked, 6.2 kept busy at most: ask for 7",
        ),
    ],
)
def test_advice_is_one_line_in_words(changes: dict[str, Any], text: str) -> None:
    assert advice(resource(**changes)) == [text]


def test_where_all_is_right_there_is_no_advice() -> None:
    assert list(advice_lines([resource()])) == []
