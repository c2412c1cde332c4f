"""DAX3: the diamond with its files and stageable executables written inside, and profiles."""

import sys
from pathlib import Path

from Pegasus.DAX3 import ADAG, PFN, Executable, File, Job, Link, Profile

folder, tag = Path(sys.argv[1]), Path(sys.argv[2])
(folder / "in put").mkdir()
(folder / "in put" / "f.a").write_text("a")

workflow = ADAG("dax3-inline")
f_a = File("f.a")
f_a.addPFN(PFN(str(folder / "in put" / "f.a"), "local"))
workflow.addFile(f_a)
for name in ("first", "middle", "last"):
    executable = Executable(
        namespace="dax3", name=name, version="1.0", os="linux", arch="x86_64", installed=False
    )
    executable.addPFN(PFN(f"file://{tag}", "local"))
    executable.addProfile(Profile("pegasus", "clusters.size", "2"))
    workflow.addExecutable(executable)

middles = [File(f"b/{number}") for number in range(3)]
results = [File(f"c/{number}") for number in range(3)]
first = Job("first", namespace="dax3", version="1.0")
first.addArguments("first", "-", f_a)
first.uses(f_a, link=Link.INPUT)
first.setStdout(middles[0])
first.uses(middles[0], link=Link.OUTPUT, transfer=False, register=False)
workflow.addJob(first)

# Written before those it waits for: the order of a document is not the order of work.
last = Job("last", namespace="dax3", version="1.0")
last.addArguments("last", "f.d", *results)
last.uses(File("f.d"), link=Link.OUTPUT, transfer=True, register=True)
workflow.addJob(last)
for number in range(3):
    middle = Job("middle", namespace="dax3", version="1.0", node_label=f'a "label" <{number}>')
    middle.addArguments(f"middle{number}", results[number], middles[0])
    middle.addProfile(Profile("env", "LANG", "C.UTF-8"))
    middle.addProfile(Profile("pegasus", "runtime", "5"))
    middle.uses(middles[0], link=Link.INPUT)
    middle.uses(results[number], link=Link.OUTPUT, transfer=False, register=False)
    last.uses(results[number], link=Link.INPUT)
    workflow.addJob(middle)
    workflow.depends(parent=first, child=middle)
    workflow.depends(parent=middle, child=last)
workflow.metadata("purpose", "a test")
workflow.writeXMLFile(str(folder / "workflow.dax"))
