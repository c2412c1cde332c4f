"""Clustered workflows on the embedded AWS: the bags of each kind bring the same outputs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.emulator.background import local_folder, stop
from tests.functional.commands import answer, pegbatch
from tests.functional.workflow_texts import shell_workflow

HEAD = shell_workflow("clusters", "jobs:\n")


def job(name: str, script: str, reads: list[str], writes: str, **profiles: object) -> str:
    uses = [{"lfn": lfn, "type": "input"} for lfn in reads]
    uses.append({"lfn": writes, "type": "output", "stageOut": writes == "end"})
    found = {
        "type": "job",
        "id": name,
        "name": "sh",
        "arguments": ["-c", f"'{script}'"],
        "uses": uses,
        "profiles": {"pegasus": {"runtime": 1, **profiles}},
    }
    return f"  - {json.dumps(found)}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    lines = []
    for n in range(4):
        own = {"label": f"l{n % 2}", "clusters.num": 2}
        lines.append(job(f"a{n}", f"echo {n} >a{n}", [], f"a{n}", **own))
        lines.append(job(f"b{n}", f"cat a{n} a{n} >b{n}", [f"a{n}"], f"b{n}", **own))
    lines.append(job("end", "cat b? >end", [f"b{n}" for n in range(4)], "end"))
    (tmp_path / "wf.yml").write_text(HEAD + "".join(lines))
    yield tmp_path
    stop(local_folder(tmp_path))


@pytest.mark.parametrize(
    ("technique", "aggregator", "bags"),
    [
        ("label", "mpiexec", [4, 4, 1]),
        ("whole", "AWSBatch", [9]),
        ("horizontal", "seqexec", [2, 2, 2, 2, 1]),
    ],
)
def test_a_clustered_workflow_runs_to_the_same_end(
    desk: Path, technique: str, aggregator: str, bags: list[int]
) -> None:
    properties = [
        f"-Dpegasus.clusterer.job.aggregator={aggregator}",
        "-Dpegasus.clusterer.preference=Runtime",
        "-Dpegbatch.pmc.vcpus=2",
    ]
    words = ["--cluster", technique, *properties, "--dir", desk, "-s", "here", "-O", desk / "out"]
    plan = answer("plan", *words, "wf.yml", cwd=desk)
    assert bag_sizes(Path(plan["submit_dir"])) == bags
    ran = pegbatch("run", plan["submit_dir"], cwd=desk)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (desk / "out" / "end").read_text().split() == list("00112233")


def bag_sizes(submit_dir: Path) -> list[int]:
    sizes: dict[tuple[str, int], int] = {}
    for file in sorted(submit_dir.glob("arrays/L*.bags.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            key = file.name, json.loads(line)["bag"]
            sizes[key] = sizes.get(key, 0) + 1
    return list(sizes.values())
