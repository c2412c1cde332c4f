"""Planning a sub-workflow in its job: nothing of the machine of the outer plan is there."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.cli.nesting.orders import GivenFile, Orders
from pegbatch.cli.nesting.planning import plan_nested
from pegbatch.errors import InputError, PlanError
from tests.fakes_store import MemoryStore
from tests.functional.commands import planned

RUN = "s3://b/run-1"
HEAD = 'pegasus: "5.0.4"\n'
OUTER = f"""{HEAD}name: outer
replicaCatalog:
  replicas:
    - {{lfn: inherited, pfns: [{{site: local, pfn: "s3://b/inherited"}}]}}
jobs:
  - {{type: job, id: lead, name: tool, uses: [{{lfn: f.yml, type: output, stageOut: false}}]}}
  - type: pegasusWorkflow
    id: s
    file: f.yml
    uses: [{{lfn: f.yml, type: input, forPlanning: true}}]
"""
INNER = f"""{HEAD}name: inner
jobs:
  - type: job
    id: a
    name: tool
    uses:
      - {{lfn: handed, type: input}}
      - {{lfn: inherited, type: input}}
      - {{lfn: of-catalog, type: input}}
      - {{lfn: wanted, type: output, stageOut: false}}
      - {{lfn: own, type: output, stageOut: true}}
"""
SITES = f"{HEAD}sites: [{{name: local}}, {{name: here, profiles: {{env: {{SITE: outer}}}}}}]\n"
TOOLS = f"""{HEAD}transformations:
  - {{name: tool, sites: [{{name: local, pfn: bin/tool, type: stageable}}]}}
"""
STAGED = "{name: local, pfn: bin/tool, type: stageable}"
INSTALLED = "{name: here, pfn: /bin/true, type: installed}"
REPLICAS = f"""{HEAD}replicas:
  - {{lfn: of-catalog, pfns: [{{site: local, pfn: "s3://b/of-catalog"}}]}}
"""


class Desk:
    """An outer plan whose machine is gone, and the directory of the task."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = MemoryStore()
        self.home, self.task = tmp_path / "home", tmp_path / "task"
        self.task.mkdir()
        (self.home / "bin").mkdir(parents=True)
        (self.home / "bin" / "tool").write_text("#!/bin/sh\n")
        for name, text in (
            ("outer.yml", OUTER),
            ("sites.yml", SITES),
            ("transformations.yml", TOOLS),
            ("replicas.yml", REPLICAS),
        ):
            (self.home / name).write_text(text)
        monkeypatch.chdir(self.home)
        options = ("--output-dir", "results", "-Denv.FROM=properties")
        submit_dir = Path(
            planned(self.home / "outer.yml", self.home / "runs", *options)["submit_dir"]
        )
        for path in (submit_dir / "catalogs").iterdir():
            self.store.write(f"{RUN}/plan/catalogs/{path.name}", path.read_bytes())
        shutil.rmtree(self.home)
        monkeypatch.chdir(self.task)
        self.write("f.yml", INNER)
        self.folder = self.task / ".own"
        self.folder.mkdir()

    def write(self, name: str, text: str) -> None:
        """Lay a file down that came with the task."""
        (self.task / name).write_text(text)

    def plan(self, options: str = "") -> SubmitDirectory:
        """Plan the sub-workflow."""
        orders = Orders(
            run=RUN,
            task="s",
            file="f.yml",
            options=options,
            inputs=(GivenFile(lfn="handed", urls=(f"{RUN}/data/handed",)),),
            outputs=(GivenFile(lfn="wanted", urls=(f"{RUN}/data/wanted",)),),
        )
        return SubmitDirectory(plan_nested(orders, self.store, self.folder))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("HOME", str(tmp_path))
    yield Desk(tmp_path, monkeypatch)


def line_of(submitted: SubmitDirectory, task: str = "a") -> dict[str, Any]:
    """Return the bag line of a task."""
    files = (submitted.path / "arrays").glob("*.bags.jsonl.gz")
    texts = (gzip.decompress(path.read_bytes()).splitlines() for path in files)
    lines = (json.loads(line) for text in texts for line in text)
    return next(line for line in lines if line.get("id") == task)


def test_its_files_are_found_in_the_outer_run_its_inline_replicas_and_its_catalogs(
    desk: Desk,
) -> None:
    line = line_of(desk.plan())
    urls = {use["lfn"]: use["url"] for use in line["inputs"]}
    program = urls.pop("tool")
    assert program.startswith("s3://pegbatch/inputs/")
    assert urls == {
        "handed": f"{RUN}/data/handed",
        "inherited": "s3://b/inherited",
        "of-catalog": "s3://b/of-catalog",
    }
    assert line["env"] == {"FROM": "properties", "SITE": "outer"}


def test_a_job_that_makes_a_file_of_a_name_that_is_handed_over_runs(desk: Desk) -> None:
    maker = "  - {type: job, id: m, name: tool, uses: [{lfn: handed, type: output}]}\n"
    (desk.task / "f.yml").write_text(INNER + maker)
    submitted = desk.plan()
    assert line_of(submitted, "m")["id"] == "m"
    (handed,) = (use for use in line_of(submitted)["inputs"] if use["lfn"] == "handed")
    assert handed["url"] == "data/handed"


def test_what_the_outer_workflow_wants_goes_there_and_the_rest_where_its_outputs_go(
    desk: Desk, tmp_path: Path
) -> None:
    submitted = desk.plan()
    outputs = {use["lfn"]: use["url"] for use in line_of(submitted)["outputs"]}
    assert outputs == {"wanted": f"{RUN}/data/wanted", "own": "data/own"}
    destinations = {one.lfn: one.destination for one in submitted.outputs("s3://b/nested")}
    assert destinations["own"] == f"file://{tmp_path}/home/results/own"


def test_nothing_is_sent_that_the_outer_run_has_sent(desk: Desk) -> None:
    submitted = desk.plan()
    assert submitted.plan().uploads == 0
    assert list(submitted.path.glob("uploads*")) != []


def test_options_of_the_job_come_first_and_relative_places_are_those_of_the_outer_plan(
    desk: Desk, tmp_path: Path
) -> None:
    submitted = desk.plan("--output-dir other -Denv.FROM=job --basename ignored")
    assert line_of(submitted)["env"]["FROM"] == "job"
    destinations = {one.lfn: one.destination for one in submitted.outputs("s3://b/nested")}
    assert destinations["own"] == f"file://{tmp_path}/home/other/own"


def test_a_catalog_that_came_with_the_workflow_takes_the_place_of_the_outer_one(
    desk: Desk,
) -> None:
    desk.write("sites.yml", SITES.replace("outer", "inner"))
    assert line_of(desk.plan())["env"]["SITE"] == "inner"


def test_properties_of_its_own_bring_their_own_catalogs(desk: Desk) -> None:
    desk.write("own.properties", "pegasus.catalog.site.file = sites.yml\nenv.FROM = own\n")
    desk.write("sites.yml", SITES.replace("outer", "inner"))
    with pytest.raises(PlanError, match="no entry for transformation tool"):
        desk.plan("--conf own.properties")
    desk.write("transformations.yml", TOOLS.replace(STAGED, INSTALLED))
    desk.write("replicas.yml", REPLICAS)
    line = line_of(desk.plan("--conf own.properties --sites here"))
    assert line["env"] == {"FROM": "own", "SITE": "inner"}


def test_it_hands_down_what_it_was_planned_with(desk: Desk) -> None:
    desk.write("f.yml", f"{OUTER.replace('outer', 'inner')}")
    submitted = desk.plan()
    text = (submitted.path / "catalogs" / "handed-down.json").read_bytes()
    handed = json.loads(text)["scopes"][""]
    assert set(handed["copies"].values()) >= {"sites.yml", "transformations.yml"}
    assert [path for path in handed["files"] if path.endswith("home/bin/tool")]
    assert handed["properties"]["env.FROM"] == "properties"


def test_a_file_that_nobody_has_is_told_of_as_by_every_plan(desk: Desk) -> None:
    desk.write("f.yml", INNER.replace("lfn: handed", "lfn: unknown"))
    with pytest.raises(PlanError, match="input unknown of job a is made by no job") as raised:
        desk.plan()
    assert raised.value.problems[0].where == "f.yml:4"


def test_a_workflow_that_is_none_is_refused(desk: Desk) -> None:
    desk.write("f.yml", "pegasus: [")
    with pytest.raises(InputError):
        desk.plan()


def test_a_site_to_stage_at_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(PlanError, match="there is no site 'nosuch' in the site catalog"):
        desk.plan("--staging-site nosuch")


SUB = f"""{HEAD}name: inner
jobs:
  - {{type: pegasusWorkflow, id: i, file: deeper.yml, uses: [{{lfn: deeper.yml, type: input}}]}}
"""


def test_a_deeper_workflow_that_is_nowhere_belongs_into_the_uses_of_the_outer_job(
    desk: Desk,
) -> None:
    desk.write("f.yml", SUB)
    with pytest.raises(InputError, match="the sub-workflow 'i': its workflow, deeper") as raised:
        desk.plan()
    (problem,) = raised.value.problems
    assert problem.hint == (
        "name it as an input, forPlanning, in the uses of the job s of the outer workflow"
    )


def test_a_workflow_that_names_itself_is_not_told_to_be_written_in_the_run(desk: Desk) -> None:
    desk.write("f.yml", SUB.replace("deeper.yml", "f.yml"))
    with pytest.raises(InputError, match="contain each other without end") as raised:
        desk.plan()
    assert [problem.hint for problem in raised.value.problems] == ["name another file"]
