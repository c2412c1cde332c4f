"""Pegasus.api, by Pegasus's own commands: a run loses its watcher, and is removed half-way.

Words: a folder, in which the script works, and the file of JSON that it writes at the end.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from Pegasus.api import (
    Job,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    Workflow,
)

folder, answer = Path(sys.argv[1]), Path(sys.argv[2])
told = {}

wf = Workflow("removed")
wf.add_site_catalog(SiteCatalog().add_sites(Site("local"), Site("aws-batch")))
wf.add_transformation_catalog(
    TransformationCatalog().add_transformations(
        Transformation("sleep", site="aws-batch", pfn="/bin/sleep", is_stageable=False)
    )
)
wf.add_jobs(Job("sleep", _id="long").add_args("600"), Job("sleep", _id="longer").add_args("900"))
wf.plan(dir=folder / "work", output_dir=folder / "out", sites=["aws-batch"]).run()
submit_dir = wf.run_output["submit_dir"]
lock = Path(submit_dir, "watcher.lock")


def watcher(but=""):
    """Return the number of the process that watches, once it has written it down."""
    while (number := lock.read_text().strip()) in ("", but):
        time.sleep(0.05)
    return number


told["again"] = subprocess.run(["pegasus-run", submit_dir], check=False).returncode
before = watcher()
told["sessions"] = [os.getsid(int(before)) == int(before), os.getsid(0) == int(before)]
told["descriptors"] = sorted(
    os.path.realpath(link) for link in Path(f"/proc/{before}/fd").iterdir() if link.name in "012"
)
os.kill(int(before), signal.SIGKILL)
told["queue"] = wf.status(json=True)["condor_jobs"][wf.braindump.root_wf_uuid]["DAG_CONDOR_JOBS"]
told["other"] = watcher(before) != before
wf.remove()
wf.wait(delay=1)
told["removed"] = wf.get_status()["dags"]["root"]
answer.write_text(json.dumps(told))
