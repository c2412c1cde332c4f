"""Workflows as Pegasus's own Python clients write them run without an edit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.commands import EXAMPLES, answer, embedded_aws
from tests.plan_checker import problems_of
from tests.workflow_reader import read_workflow

CLIENTS = Path(__file__).parent / "clients"
SITES = """\
<sitecatalog xmlns="http://pegasus.isi.edu/schema/sitecatalog" version="4.0">
  <site handle="aws-batch" arch="x86_64" os="LINUX">
    <directory type="shared-scratch" path="/clients">
      <file-server operation="all" url="s3://user@amazon/clients/dax3"/>
    </directory>
    <profile namespace="pegasus" key="clusters.num">1</profile>
  </site>
</sitecatalog>
"""


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder for files and runs, with a space in its path."""
    with embedded_aws(tmp_path / "a client") as folder:
        yield folder


def write(client: str, folder: Path) -> None:
    """Run a client's script, which writes its files into the folder."""
    words = [sys.executable, "-W", "ignore", CLIENTS / f"{client}.py", folder, CLIENTS / "tag"]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def outputs_of(workflow: str, folder: Path, *options: str) -> dict[str, str]:
    """Plan and run a workflow; return what the delivered files hold."""
    outputs = folder / "outputs"
    words = ["--dir", str(folder), "--output-dir", str(outputs), *options]
    plan = answer("plan", *words, workflow, cwd=folder)
    assert problems_of(Path(plan["submit_dir"]), folder / workflow) == []
    status = answer("run", plan["submit_dir"], cwd=folder)
    assert status["state"] == "succeeded"
    return texts(outputs)


def texts(folder: Path) -> dict[str, str]:
    """Return the text of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_dax3_with_inline_files_and_stageable_executables_runs(base: Path) -> None:
    write("dax3_inline", base)
    (base / "sites.xml").write_text(SITES)
    found = outputs_of("workflow.dax", base)
    middles = "".join(f"middle{number}(first(a))" for number in range(3))
    assert found == {"f.d": f"last({middles})"}


def test_dax3_with_streams_and_no_edge_runs(base: Path) -> None:
    write("dax3_streams", base)
    (base / "sites.xml").write_text(SITES)
    found = outputs_of("workflow.dax", base)
    assert found == {"final.txt": "S**D\n"}


def test_dax3_with_workflows_in_it_plans_one_in_and_the_other_in_the_run(base: Path) -> None:
    write("dax3_hierarchy", base)
    (base / "sites.xml").write_text(SITES)
    plan = answer("plan", "--dir", str(base), "workflow.dax", cwd=base)
    assert [(one["id"], one["planned_in"]) for one in plan["sub_workflows"]] == [
        ("at-hand", True), ("in-the-run", False),
    ]  # fmt: skip
    assert answer("run", plan["submit_dir"], cwd=base)["state"] == "succeeded"
    for place in ("at-hand", "in-the-run"):
        assert texts(base / place) == {"sorted.txt": "a\nb\n"}


def test_api_with_all_catalogs_inside_runs(base: Path) -> None:
    write("api_inline", base)
    spread = "".join(f"spread{number}(a)" for number in range(3))
    assert outputs_of("workflow.yml", base) == {"f.d": f"gather({spread})"}


def test_api_with_separate_catalogs_runs_under_the_default_names(base: Path) -> None:
    write("api_catalogs", base)
    plan = answer("plan", cwd=base)
    assert problems_of(Path(plan["submit_dir"]), base / "workflow.yml") == []
    assert answer("run", plan["submit_dir"], cwd=base)["state"] == "succeeded"
    assert texts(base / "storage") == {"f.c": "two words 10 1.5 work(a)", "f.err": "oops\n"}


def test_api_profiles_and_properties_reach_the_plan(base: Path) -> None:
    write("api_catalogs", base)
    plan = answer("plan", cwd=base)
    header = json.loads((Path(plan["submit_dir"]) / "plan.json").read_text())
    memory = {tuple(job["transformations"]): job["resources"] for job in header["jobs"]}
    assert memory["api::work:2.0",] == {"vcpus": 1, "memory_mib": 256, "gpus": 0}
    key = "pegasus.catalog.site.sites.aws-batch.profiles.pegasus.clusters.num"
    assert header["properties"][key] == "2"


@pytest.mark.parametrize(
    ("script", "workflow"), [("write_dax.py", "diamond.dax"), ("write_yaml.py", "diamond.yml")]
)
def test_the_diamond_is_what_its_script_writes(script: str, workflow: str, tmp_path: Path) -> None:
    diamond, written = EXAMPLES / "black-diamond", tmp_path / workflow
    words = [sys.executable, "-W", "ignore", diamond / script, written]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    assert read_workflow(written) == read_workflow(diamond / workflow)
