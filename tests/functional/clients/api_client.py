"""Pegasus.api, by Pegasus's own commands: a workflow fails, is looked into, mended, and run again.

Words: a folder, in which the script works, and the file of JSON that it writes at the end.
"""

import json
import sys
from pathlib import Path

from Pegasus.api import (
    File,
    Job,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    Workflow,
)
from Pegasus.client._client import PegasusClientError

folder, answer = Path(sys.argv[1]), Path(sys.argv[2])
told = {}

f_a, f_b, f_c = File("f.a"), File("f.b"), File("f.c")
first = Job("shell", _id="first").add_args("-c", "'echo one > f.a'").add_outputs(f_a)
second = (
    Job("shell", _id="second")
    .add_args("-c", "'test -e \"$GATE\" || { echo no gate >&2; exit 3; }; cat f.a f.a > f.b'")
    .add_inputs(f_a)
    .add_outputs(f_b, stage_out=False)
    .add_env(GATE=str(folder / "gate"))
    .add_dagman_profile(retry="0")
)
third = Job("shell", _id="third").add_args("-c", "'cat f.b > f.c'").add_inputs(f_b)
third.add_outputs(f_c)

wf = Workflow("own.client")
wf.add_site_catalog(SiteCatalog().add_sites(Site("local"), Site("aws-batch")))
wf.add_transformation_catalog(
    TransformationCatalog().add_transformations(
        Transformation("shell", site="aws-batch", pfn="/bin/sh", is_stageable=False)
    )
)
wf.add_jobs(first, second, third)
wf.plan(submit=True, dir=folder / "work", output_dir=folder / "out", sites=["aws-batch"], verbose=1)
told["braindump"] = {key: str(value) for key, value in vars(wf.braindump).items()}
wf.wait(delay=1)
told["failed"] = wf.get_status()["dags"]["root"]
try:
    wf.analyze(verbose=1)
except PegasusClientError as error:
    told["analyzer"] = [error.result.exit_code, error.output]

(folder / "gate").touch()
wf.run(verbose=1)
told["run_output"] = wf.run_output
wf.wait(delay=1)
told["succeeded"] = wf.status(json=True)["dags"]["root"]
told["outputs"] = {path.name: path.read_text() for path in (folder / "out").iterdir()}
wf.analyze().statistics().graph(output="drawing.svg").status(long=True)
answer.write_text(json.dumps(told))
