"""Pegasus.api, by Pegasus's own commands: a workflow in a workflow in a workflow.

Words: a folder, in which the script works, and the file of JSON that it writes at the end.
"""

import json
import sys
from pathlib import Path

from Pegasus.api import (
    Directory,
    File,
    FileServer,
    Job,
    Operation,
    ReplicaCatalog,
    Site,
    SiteCatalog,
    SubWorkflow,
    Transformation,
    TransformationCatalog,
    Workflow,
)

folder, answer = Path(sys.argv[1]), Path(sys.argv[2])
(folder / "kept").mkdir()
(folder / "kept" / "words.txt").write_text("b\na\n")

SiteCatalog().add_sites(
    Site("local"),
    Site("aws-batch").add_directories(
        Directory(Directory.SHARED_SCRATCH, "/clients/tree").add_file_servers(
            FileServer("s3://user@amazon/clients/tree", Operation.ALL)
        )
    ),
).write(str(folder / "sites.yml"))


def programs(text):
    """Return a catalog whose one program says what it is called."""
    shell = Transformation("shell", site="aws-batch", pfn="/bin/sh", is_stageable=False)
    return TransformationCatalog().add_transformations(shell.add_env(SAID=text))


def job(number, script, reads, makes, **of_outputs):
    """Return a job that runs a line of shell."""
    made = Job("shell", _id=f"job{number}").add_args("-c", f"'{script}'").add_inputs(*reads)
    return made.add_outputs(*makes, **of_outputs)


words, note, scratch, lines, result = (
    File(name) for name in ("words.txt", "note", "scratch", "lines", "result")
)

inmost = Workflow("inmost")
inmost.add_transformation_catalog(programs("inmost"))
inmost.add_jobs(
    job(1, "sort words.txt note > scratch; echo $SAID >> scratch", [words, note], [scratch]),
    job(2, "cat scratch > lines", [scratch], [lines]),
)

middle = Workflow("middle")
middle.add_transformation_catalog(programs("middle"))
middle.add_jobs(
    job(1, "echo $SAID > scratch", [], [scratch], stage_out=False),
    SubWorkflow(inmost, _id="deep")
    .add_planner_args(verbose=3, basename="deep")
    .add_inputs(words, note)
    .add_outputs(lines, stage_out=False),
    job(2, "cat scratch lines > result", [scratch, lines], [result]),
)

wf = Workflow("tree")
wf.add_transformation_catalog(programs("outer"))
wf.add_replica_catalog(ReplicaCatalog().add_replica("local", words, folder / "kept" / "words.txt"))
first = job(1, "echo $SAID > note", [], [note])
sub = (
    SubWorkflow(middle, _id="sub")
    .add_planner_args(output_sites=["local"], verbose=3, force=True, **{"dagman.retry": "0"})
    .add_inputs(words, note)
    .add_outputs(result)
)
last = job(2, "cat result result > last", [result], [File("last")])
wf.add_jobs(first, sub, last)
wf.plan(dir=folder / "work", output_dir=folder / "out", sites=["aws-batch"])
answer.write_text(json.dumps({"submit_dir": str(wf.braindump.submit_dir)}))
