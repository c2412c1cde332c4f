"""DAX3: a workflow with two in it, of one that is there and of one that a job copies."""

import sys
from pathlib import Path

from Pegasus.DAX3 import ADAG, DAX, PFN, Executable, File, Job, Link

folder = Path(sys.argv[1])
(folder / "seed.txt").write_text("b\na\n")


def program(workflow, name, path):
    """Say where a program is."""
    known = Executable(name=name, os="linux", arch="x86_64", installed=True)
    known.addPFN(PFN(path, "aws-batch"))
    workflow.addExecutable(known)


def kept(workflow, name, path):
    """Say where a file is; return it."""
    found = File(name)
    found.addPFN(PFN(f"file://{path}", "local"))
    workflow.addFile(found)
    return found


def job(name, arguments, reads, makes):
    """Return a job whose outputs stay in the run."""
    made = Job(name)
    made.addArguments(*arguments)
    for file in reads:
        made.uses(file, link=Link.INPUT)
    for file in makes:
        made.uses(file, link=Link.OUTPUT, transfer=False, register=False)
    return made


seed, out = File("seed.txt"), File("sorted.txt")
inner = ADAG("inner")
program(inner, "sort", "/usr/bin/sort")
ordering = job("sort", ["-o", out, seed], [seed], [])
ordering.uses(out, link=Link.OUTPUT, transfer=True, register=False)
inner.addJob(ordering)
inner.writeXMLFile(str(folder / "inner.dax"))

outer = ADAG("dax3-tree")
program(outer, "copy", "/bin/cp")
kept(outer, "seed.txt", folder / "seed.txt")
there, template = (
    kept(outer, name, folder / "inner.dax") for name in ("there.dax", "template.dax")
)
written = File("written.dax")
lead = job("copy", [template, written], [template], [written])
outer.addJob(lead)
for file, place in ((there, "at-hand"), (written, "in-the-run")):
    sub = DAX(file, id=place)
    sub.addArguments("--output-dir", str(folder / place).replace(" ", "\\ "), "-vvv", "--force")
    sub.uses(seed, link=Link.INPUT)
    if file is written:
        sub.uses(written, link=Link.INPUT)
    outer.addJob(sub)
    outer.depends(parent=lead, child=sub)
outer.writeXMLFile(str(folder / "workflow.dax"))
