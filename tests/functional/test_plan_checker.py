"""The judge is judged: each spoilt plan must be found out."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functional.commands import planned
from tests.plan_checker import problems_of
from tests.sketches import Sketch, SketchTask, write_dax

Json = dict[str, Any]


def task(id: str, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> SketchTask:
    return SketchTask(
        id=id, name=name, memory="", inputs=dict.fromkeys(inputs, False), outputs=list(outputs)
    )


SKETCH = Sketch(
    tasks=[
        *(task(f"a{i}", "sift", ("seed.txt",), (f"a{i}.out",)) for i in range(3)),
        *(task(f"b{i}", "weigh", (f"a{i}.out",), (f"b{i}.out",)) for i in range(3)),
        task("c", "stack", tuple(f"b{i}.out" for i in range(3)), ("c.out",)),
        task("d", "stack", (), ()),
    ],
    edges=[("c", "d")],
)
"""Two arrays of three, child by child, then two plain jobs; the last is tied by an edge alone."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return submit directory and workflow of a plan without a fault."""
    folder = tmp_path_factory.mktemp("sound")
    workflow = write_dax(SKETCH, folder / "sketch.dax")
    return Path(planned(workflow, folder, "--no-catalogs")["submit_dir"]), workflow


def computing(plan: Json) -> list[Json]:
    return [job for job in plan["jobs"] if job["kind"] == "compute"]


def forget_a_link(plan: Json) -> None:
    computing(plan)[2]["depends_on"] = []


def join_child_by_child_what_is_not(plan: Json) -> None:
    computing(plan)[2]["depends_on"][0]["type"] = "N_TO_N"


def forget_the_links_of_the_verdict(plan: Json) -> None:
    plan["jobs"][-1]["depends_on"] = []


def wait_for_nothing(plan: Json) -> None:
    first, last = computing(plan)[0], computing(plan)[3]
    last["depends_on"].append({"array": first["name"], "type": "ALL"})


def put_a_level_wrong(plan: Json) -> None:
    computing(plan)[1]["level"] = 2


def count_a_child_more(plan: Json) -> None:
    computing(plan)[0]["size"] += 1


def count_a_task_less(plan: Json) -> None:
    plan["tasks"] -= 1


def turn_the_order(plan: Json) -> None:
    plan["jobs"].reverse()


def forget_the_verdict(plan: Json) -> None:
    plan["jobs"] = computing(plan)


PLAN_FAULTS = (
    forget_a_link,
    join_child_by_child_what_is_not,
    forget_the_links_of_the_verdict,
    wait_for_nothing,
    put_a_level_wrong,
    count_a_child_more,
    count_a_task_less,
    turn_the_order,
    forget_the_verdict,
)


def lose_a_task(lines: list[Json]) -> None:
    del lines[-1]


def repeat_a_task(lines: list[Json]) -> None:
    lines[-1]["id"] = lines[0]["id"]


def swap_two_bags(lines: list[Json]) -> None:
    lines[0]["id"], lines[-1]["id"] = lines[-1]["id"], lines[0]["id"]


def number_a_bag_wrong(lines: list[Json]) -> None:
    lines[-1]["bag"] += 1


def forget_an_input(lines: list[Json]) -> None:
    lines[0]["inputs"] = []


def read_elsewhere(lines: list[Json]) -> None:
    lines[0]["inputs"][0]["url"] = "data/elsewhere"


def count_tasks_wrong(lines: list[Json]) -> None:
    lines[-1]["index"] += 1


LINE_FAULTS = (
    lose_a_task,
    repeat_a_task,
    swap_two_bags,
    number_a_bag_wrong,
    forget_an_input,
    read_elsewhere,
    count_tasks_wrong,
)


def test_a_sound_plan_is_found_sound(sound: tuple[Path, Path]) -> None:
    assert problems_of(*sound) == []


@pytest.mark.parametrize("fault", PLAN_FAULTS, ids=lambda fault: fault.__name__)
def test_a_spoilt_header_is_found_out(
    fault: Callable[[Json], None], sound: tuple[Path, Path], tmp_path: Path
) -> None:
    submit_dir = copy(sound[0], tmp_path)
    plan = json.loads((submit_dir / "plan.json").read_text())
    fault(plan)
    (submit_dir / "plan.json").write_text(json.dumps(plan))
    assert problems_of(submit_dir, sound[1]) != []


@pytest.mark.parametrize("fault", LINE_FAULTS, ids=lambda fault: fault.__name__)
def test_a_spoilt_bag_is_found_out(
    fault: Callable[[list[Json]], None], sound: tuple[Path, Path], tmp_path: Path
) -> None:
    submit_dir = copy(sound[0], tmp_path)
    name = computing(json.loads((submit_dir / "plan.json").read_text()))[1]["name"]
    lines = read_lines(submit_dir, name)
    fault(lines)
    write_lines(submit_dir, name, lines)
    assert problems_of(submit_dir, sound[1]) != []


def test_a_task_that_forgets_whom_it_follows_is_found_out(
    sound: tuple[Path, Path], tmp_path: Path
) -> None:
    submit_dir = copy(sound[0], tmp_path)
    name = computing(json.loads((submit_dir / "plan.json").read_text()))[3]["name"]
    lines = read_lines(submit_dir, name)
    assert lines[0]["after"]
    lines[0]["after"] = []
    write_lines(submit_dir, name, lines)
    assert problems_of(submit_dir, sound[1]) != []


def test_an_index_that_points_past_its_bag_is_found_out(
    sound: tuple[Path, Path], tmp_path: Path
) -> None:
    submit_dir = copy(sound[0], tmp_path)
    name = computing(json.loads((submit_dir / "plan.json").read_text()))[0]["name"]
    index = submit_dir / "arrays" / f"{name}.index"
    rows = index.read_bytes().splitlines()
    bag, offset, length = map(int, rows[0].split())
    rows[0] = b"%010d %014d %010d" % (bag, offset + 1, length)
    index.write_bytes(b"\n".join(rows) + b"\n")
    assert problems_of(submit_dir, sound[1]) != []


def copy(submit_dir: Path, folder: Path) -> Path:
    return shutil.copytree(submit_dir, folder / "spoilt")


def read_lines(submit_dir: Path, array: str) -> list[Json]:
    data = (submit_dir / "arrays" / f"{array}.bags.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(data).splitlines()]


def write_lines(submit_dir: Path, array: str, lines: list[Json]) -> None:
    """Write the bags, one gzip member each, with an index that fits."""
    members: dict[int, bytes] = {}
    for line in lines:
        members[line["bag"]] = members.get(line["bag"], b"") + json.dumps(line).encode() + b"\n"
    data, index = b"", b""
    for bag, text in members.items():
        member = gzip.compress(text)
        index += b"%010d %014d %010d\n" % (bag, len(data), len(member))
        data += member
    (submit_dir / "arrays" / f"{array}.bags.jsonl.gz").write_bytes(data)
    (submit_dir / "arrays" / f"{array}.index").write_bytes(index)
