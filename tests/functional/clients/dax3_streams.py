"""DAX3: standard input and output joined by files alone, no edge, an installed executable."""

import sys
from pathlib import Path

from Pegasus.DAX3 import ADAG, PFN, Executable, File, Job, Link

folder = Path(sys.argv[1])
(folder / "seed.txt").write_text("seed\n")

workflow = ADAG("dax3-streams")
seed = File("seed.txt")
seed.addPFN(PFN(f"file://{folder / 'seed.txt'}", "local"))
workflow.addFile(seed)
translate = Executable(name="translate", os="linux", arch="x86_64", installed=True)
translate.addPFN(PFN("/usr/bin/tr", "aws-batch"))
workflow.addExecutable(translate)

files = [seed, File("upper.txt"), File("final.txt")]
for number, (source, target) in enumerate((("a-z", "A-Z"), ("E", "'* '"))):
    job = Job("translate")
    job.addArguments(source, target)
    job.setStdin(files[number])
    job.uses(files[number], link=Link.INPUT)
    job.setStdout(files[number + 1])
    job.uses(files[number + 1], link=Link.OUTPUT, transfer=number == 1, register=False)
    workflow.addJob(job)
workflow.writeXMLFile(str(folder / "workflow.dax"))
