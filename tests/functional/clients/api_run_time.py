"""Pegasus.api, by Pegasus's own commands: a sub-workflow whose file a job writes fails, is looked
into, mended, and run again from the top.

Words: a folder, in which the script works, and the file of JSON that it writes at the end.
"""

import json
import sys
from pathlib import Path

from Pegasus.api import (
    File,
    Job,
    ReplicaCatalog,
    Site,
    SiteCatalog,
    SubWorkflow,
    Transformation,
    TransformationCatalog,
    Workflow,
)
from Pegasus.client._client import PegasusClientError

folder, answer = Path(sys.argv[1]), Path(sys.argv[2])
told = {}
(folder / "kept").mkdir()
(folder / "kept" / "words.txt").write_text("b\na\n")
SiteCatalog().add_sites(Site("local"), Site("aws-batch")).write()
TransformationCatalog().add_transformations(
    Transformation("shell", site="aws-batch", pfn="/bin/sh", is_stageable=False)
).write()
ReplicaCatalog().add_replica("local", "words.txt", folder / "kept" / "words.txt").add_replica(
    "local", "written.template", folder / "kept" / "written.template"
).write()


def job(name, script, reads, makes, **of_outputs):
    """Return a job that runs a line of shell, and notes that it did."""
    made = Job("shell", _id=name).add_args("-c", f"'echo {name} >> \"$RAN\"; {script}'")
    made.add_env(RAN=str(folder / "ran")).add_dagman_profile(retry="0")
    return made.add_inputs(*reads).add_outputs(*makes, **of_outputs)


words, written, mid, inner, side, last = (
    File(name) for name in ("words.txt", "written.yml", "mid", "inner.txt", "side.txt", "last.txt")
)
template = File("written.template")

# What the run plans: `mid` is the name of a file of the workflow around it, too.
dynamic = Workflow("written")
dynamic.add_jobs(
    job("w1", "sort words.txt > mid", [words], [mid], stage_out=False),
    job(
        "w2",
        f'test -e "{folder}/gate" || {{ echo no gate >&2; exit 3; }}; cat mid > inner.txt',
        [mid],
        [inner],
    ),
    job("w3", "cat words.txt > side.txt", [words], [side]),
)
dynamic.write(str(folder / "kept" / "written.template"))

middle = Workflow("middle")
middle.add_jobs(
    job("lead", "cp written.template written.yml", [template], [written], stage_out=False),
    SubWorkflow(written, False, _id="dyn")
    .add_planner_args(basename="written", verbose=3)
    .add_inputs(words)
    .add_outputs(inner, stage_out=False),
)

wf = Workflow("run.time")
wf.add_jobs(
    job("first", "echo outer > mid", [], [mid]),
    SubWorkflow(middle, _id="sub").add_inputs(words).add_outputs(inner, stage_out=False),
    job("end", "cat mid inner.txt > last.txt", [mid, inner], [last]),
)
wf.plan(submit=True, dir=folder / "work", output_dir=folder / "out", sites=["aws-batch"])
told["submit_dir"] = str(wf.braindump.submit_dir)
wf.wait(delay=1)
told["failed"] = wf.get_status()["dags"]["root"]
told["ran"] = (folder / "ran").read_text().split()
try:
    wf.analyze(verbose=1)
except PegasusClientError as error:
    told["analyzer"] = [error.result.exit_code, error.output]

(folder / "gate").touch()
wf.run()
wf.wait(delay=1)
told["succeeded"] = wf.get_status()["dags"]["root"]
told["ran_at_last"] = (folder / "ran").read_text().split()
told["outputs"] = {path.name: path.read_text() for path in (folder / "out").iterdir()}
wf.analyze().statistics()
answer.write_text(json.dumps(told))
