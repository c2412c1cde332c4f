"""`pegbatch estimate` as a user types it, and how close plans come to what is possible."""

from __future__ import annotations

import gzip
import json
import math
import random
from pathlib import Path

import pytest

from tests.functional.commands import called
from tests.plan_simulator import simulate
from tests.shaped_workflows import SHAPES, shaped_dax

DAX = """<adag name="two"><job id="A" name="a" runtime="10"/><job id="B" name="b" runtime="20"/>
<job id="C" name="b"/><child ref="B"><parent ref="A"/></child></adag>
"""
TRACE = {
    "name": "traced",
    "schemaVersion": "1.5",
    "workflow": {
        "specification": {"tasks": [{"id": "t", "name": "t", "parents": []}], "files": []},
        "execution": {"tasks": [{"id": "t", "runtimeInSeconds": 3600}]},
    },
}
TRACED = (
    "Montage", "Epigenomics", "CyberShake", "Inspiral", "Sipht", "1000genome", "epigenomics",
    "montage", "srasearch", "genome",
)  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, made the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def estimated(*words: str):
    code, printed, said = called("estimate", "--json", *words)
    assert code == 0, said
    return json.loads(printed)


def test_a_workflow_is_played_without_catalogs(folder) -> None:
    (folder / "w.dax").write_text(DAX)
    told = estimated("w.dax", "--vcpus", "1", "--runtime", "5")
    assert told["makespan_seconds"] == 35.0
    assert told["critical_path_seconds"] == 30.0
    assert told["tasks_without_runtime"] == 1
    assert list(folder.iterdir()) == [folder / "w.dax"]


def test_tasks_without_a_runtime_are_said(folder) -> None:
    (folder / "w.dax").write_text(DAX)
    code, printed, said = called("estimate", "w.dax")
    assert code == 0
    assert "1 of 3 tasks have no profile `runtime` and count as 0 s" in said
    assert "unlimited vCPUs" in printed


@pytest.mark.parametrize("packed", [False, True])
def test_a_trace_is_played(folder, packed) -> None:
    data = json.dumps(TRACE).encode()
    (folder / "trace.json").write_bytes(gzip.compress(data) if packed else data)
    told = estimated("trace.json", "--machine", "c5", "--discount", "50")
    assert (told["workflow"], told["makespan_seconds"]) == ("traced", 3600.0)
    assert told["cost"]["amount"] == pytest.approx(0.0425 / 2, abs=1e-4)


def test_a_submit_directory_is_played_as_it_was_planned(folder) -> None:
    (folder / "w.dax").write_text(DAX)
    planned = json.loads(called("plan", "--no-catalogs", "--json", "w.dax")[1])
    for words in (["--vcpus", "1"], ["--start-seconds", "5"], ["--runtime", "7"]):
        of_plan = estimated(planned["submit_dir"], *words)
        assert of_plan == estimated("w.dax", *words)


def test_a_workflow_is_planned_for_the_conditions_it_is_played_on(folder) -> None:
    jobs = (f'<job id="j{n}" name="t" runtime="10"/>' for n in range(12))
    (folder / "w.dax").write_text(f"<adag>{''.join(jobs)}</adag>")
    options = ("-D", "pegbatch.array.by=auto", "-D", "pegbatch.pack.runtime=240", "--vcpus", "8")
    assert estimated("w.dax", *options, "--start-seconds", "30")["containers"] == 1
    free = ("-D", "pegbatch.pack.start=0")
    assert estimated("w.dax", *options, "--start-seconds", "30", *free)["containers"] == 3
    planned = json.loads(called("plan", "--no-catalogs", "--json", *options[:4], "w.dax")[1])
    assert estimated(planned["submit_dir"], *options[4:])["containers"] == 1


def test_a_machine_without_a_price_is_a_usage_error(folder) -> None:
    (folder / "w.dax").write_text(DAX)
    code, _, said = called("estimate", "w.dax", "--machine", "abacus")
    assert code == 2
    assert "one of c5, fargate" in said


def test_a_price_table_of_ones_own_is_read_and_checked(folder) -> None:
    (folder / "w.dax").write_text(DAX)
    table = {"currency": "EUR", "date": "2030-01-01", "machines": {"mine": {"vcpu_hour": 360}}}
    (folder / "prices.json").write_text(json.dumps(table))
    told = estimated("w.dax", "--prices", "prices.json", "--machine", "mine")
    assert (told["cost"]["amount"], told["cost"]["currency"]) == (3.0, "EUR")
    table["machines"] = {"mine": {"vcpu_hour": -1, "vcpu_day": 2}}
    (folder / "prices.json").write_text(json.dumps(table))
    code, _, said = called("estimate", "w.dax", "--prices", "prices.json", "--machine", "mine")
    assert code == 3
    assert "mine.vcpu_hour: -1 is not a number from 0 on" in said
    assert "mine: unknown key 'vcpu_day'" in said


def traces(shared_data: Path) -> list[Path]:
    found = [
        *shared_data.glob("github/WorkflowSim*/config/dax/*.xml"),
        *shared_data.glob("wfcommons-real/instances/*.json.gz"),
        *shared_data.glob("wfcommons-real/converted/*"),
        *shared_data.glob("generated/wfcommons/instances/*.json"),
        *shared_data.glob("github/wrench-project+wrench/**/genome.dax"),
    ]
    return sorted(path for path in found if path.name.startswith(TRACED))


@pytest.mark.slow
def test_on_unlimited_vcpus_auto_takes_hardly_more_than_the_critical_path(
    shared_data,
) -> None:
    ratios = []
    for path in traces(shared_data):
        auto, level = (
            estimated(str(path), "-D", f"pegbatch.array.by={by}")["makespan_seconds"]
            / estimated(str(path))["critical_path_seconds"]
            for by in ("auto", "level")
        )
        assert auto <= level + 1e-9, path
        ratios.append(auto)
    assert len(ratios) >= 15
    assert math.exp(sum(map(math.log, ratios)) / len(ratios)) <= 1.02


ON_64_VCPUS = (
    *("-D", "pegbatch.array.by=auto", "-D", "pegbatch.pack.runtime=120"),
    *("--cluster", "chain", "--vcpus", "64", "--start-seconds", "5"),
)


@pytest.mark.slow
def test_packed_and_chained_plans_fill_64_vcpus_with_few_containers(shared_data) -> None:
    seen = 0
    for path in traces(shared_data):
        told = estimated(str(path), *ON_64_VCPUS)
        if told["work_vcpu_hours"] < 1:
            continue
        seen += 1
        assert told["billed_vcpu_hours"] <= 1.15 * told["work_vcpu_hours"], path
        assert told["makespan_seconds"] <= 1.2 * told["bound_seconds"], path
        if told["work_vcpu_hours"] * 3600 / told["tasks"] <= 15:
            assert told["containers"] <= told["tasks"] / 4, path
    assert seen >= 9


def shaped(folder: Path, shape: str, tasks: int, seed: int) -> str:
    """Write a workflow in the shape of a public one, and return its path."""
    path = folder / f"{shape}-{tasks}.dax"
    path.write_text(shaped_dax(shape, tasks, seed))
    return str(path)


@pytest.mark.slow
def test_in_other_sizes_auto_stays_at_the_critical_path_too(folder) -> None:
    ratios = []
    for shape, tasks in ((shape, tasks) for shape in SHAPES for tasks in (100, 400, 1000)):
        path = shaped(folder, shape, tasks, tasks)
        level, auto = (estimated(path, "-D", f"pegbatch.array.by={by}") for by in ("level", "auto"))
        assert auto["makespan_seconds"] <= level["makespan_seconds"] + 1e-9, path
        ratios.append(auto["makespan_seconds"] / auto["critical_path_seconds"])
    assert math.exp(sum(map(math.log, ratios)) / len(ratios)) <= 1.02


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_in_other_sizes_64_vcpus_are_filled_too(folder, shape) -> None:
    # With 1,500 tasks both bounds are about alike, and no plan comes as near to them.
    for tasks, most in ((1500, 1.5), (4000, 1.2)):
        told = estimated(shaped(folder, shape, tasks, tasks), *ON_64_VCPUS)
        assert told["billed_vcpu_hours"] <= 1.15 * told["work_vcpu_hours"]
        assert told["makespan_seconds"] <= most * told["bound_seconds"]
        if shape == "short_tasks":
            assert told["containers"] <= told["tasks"] / 4


@pytest.mark.parametrize("seed", range(12))
def test_an_independent_simulation_of_the_plans_files_agrees(folder, seed) -> None:
    draw = random.Random(seed)
    text = drawn_dax(draw, draw.randint(2, 60))
    if seed % 2:
        text = shaped_dax(draw.choice(list(SHAPES)), 60, seed)
    (folder / "w.dax").write_text(text)
    words = ["-D", f"pegbatch.array.by={draw.choice(('auto', 'level', 'cluster'))}"]
    words += draw.choice(([], ["-D", "pegbatch.pack.runtime=60"], ["-D", "pegbatch.pack.size=3"]))
    words += draw.choice(([], ["-D", "pegbatch.pack.vcpus=4"]))
    words += draw.choice(([], ["--cluster", "chain"]))
    plan = json.loads(called("plan", "--no-catalogs", "--json", *words, "w.dax")[1])["submit_dir"]
    for vcpus, start in ((None, 0), (draw.choice((1, 3, 8)), 5)):
        limit = [] if vcpus is None else ["--vcpus", str(vcpus)]
        told = estimated(plan, "--start-seconds", str(start), *limit)
        own = simulate(Path(plan), vcpus or math.inf, start)
        assert told["makespan_seconds"] == pytest.approx(own.makespan_seconds, abs=1e-2)
        assert told["billed_vcpu_hours"] == pytest.approx(own.billed_vcpu_hours, abs=1e-5)
        assert told["containers"] + told["helpers"] == own.containers


def test_machines_are_lost_as_often_as_is_said(folder) -> None:
    """Of a task of a tenth of the mean time to a loss, each start is lost with 1 - exp(-0.1)."""
    jobs = "".join(f'<job id="t{n}" name="t" runtime="360"/>' for n in range(10_000))
    (folder / "w.dax").write_text(f'<adag name="w">{jobs}</adag>')
    told = estimated("w.dax", "--losses-per-hour", "1")
    assert told["losses"] == pytest.approx(10_000 * (math.exp(0.1) - 1), rel=0.1)
    again = math.exp(0.1) - 1  # hours that a task takes with what is done again
    assert told["billed_vcpu_hours"] == pytest.approx(10_000 * again, rel=0.01)


def drawn_dax(draw: random.Random, tasks: int) -> str:
    """Return a workflow of any shape, with runtimes."""
    jobs, edges = [], []
    for task in range(tasks):
        seconds = draw.choice((0, 1, 5, draw.random() * 100, draw.expovariate(0.01)))
        jobs.append(f'<job id="t{task}" name="p{draw.randrange(4)}" runtime="{seconds}"/>')
        parents = (
            {draw.randrange(task) for _ in range(draw.choice((0, 1, 1, 2, 3)))} if task else ()
        )
        refs = "".join(f'<parent ref="t{parent}"/>' for parent in parents)
        edges.append(f'<child ref="t{task}">{refs}</child>' if refs else "")
    return f'<adag name="drawn">{"".join(jobs + edges)}</adag>'


@pytest.mark.parametrize("seed", [7, 28, *range(100, 115)])
def test_auto_is_never_worse_than_levels_and_no_plan_beats_the_bounds(folder, seed) -> None:
    draw = random.Random(seed)
    (folder / "w.dax").write_text(drawn_dax(draw, draw.randint(2, 40)))
    by_level, auto = (
        estimated("-D", f"pegbatch.array.by={by}", "w.dax") for by in ("level", "auto")
    )
    assert auto["makespan_seconds"] <= by_level["makespan_seconds"]
    on_few = estimated("--vcpus", str(draw.choice((1, 3, 8))), "--start-seconds", "5", "w.dax")
    for played in (by_level, auto, on_few):
        assert played["makespan_seconds"] >= played["bound_seconds"] - 0.002


def test_the_partner_that_arrays_apart_would_lose_is_kept(folder) -> None:
    """Behind one task, two chains whose programs change: apart, both would wait for the slower."""
    (folder / "w.dax").write_text(
        """<adag name="chains"><job id="R" name="root" runtime="5"/>
        <job id="A1" name="same" runtime="100"/><job id="B1" name="same" runtime="10"/>
        <job id="A2" name="one" runtime="10"/><job id="B2" name="other" runtime="100"/>
        <job id="A3" name="other" runtime="10"/><job id="B3" name="one" runtime="10"/>
        <child ref="A1"><parent ref="R"/></child><child ref="B1"><parent ref="R"/></child>
        <child ref="A2"><parent ref="A1"/></child><child ref="B2"><parent ref="B1"/></child>
        <child ref="A3"><parent ref="A2"/></child><child ref="B3"><parent ref="B2"/></child></adag>
        """
    )
    by_cluster = estimated("-D", "pegbatch.array.by=cluster", "w.dax")
    auto = estimated("-D", "pegbatch.array.by=auto", "w.dax")
    assert by_cluster["makespan_seconds"] == 215
    assert auto["makespan_seconds"] == auto["critical_path_seconds"] == 125


def test_a_task_larger_than_all_vcpus_is_said_and_does_not_raise_the_bound(folder) -> None:
    (folder / "w.dax").write_text(
        '<adag name="w"><job id="A" name="a" runtime="100">'
        '<profile namespace="pegasus" key="cores">4</profile></job></adag>'
    )
    code, printed, said = called("estimate", "--json", "--vcpus", "2", "w.dax")
    played = json.loads(printed)
    assert code == 0 and "1 of 1 tasks ask for more than 2 vCPUs" in said
    assert played["tasks_too_large"] == 1
    assert played["makespan_seconds"] == played["bound_seconds"] == 100


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1" + 400 * "0"])
def test_a_runtime_that_is_no_number_in_a_trace_is_none(folder, text) -> None:
    (folder / "t.json").write_text(json.dumps(TRACE).replace("3600", text))
    assert estimated("t.json")["tasks_without_runtime"] == 1
