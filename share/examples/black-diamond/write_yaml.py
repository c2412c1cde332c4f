"""Write the diamond with Pegasus 5's client: `pip install pegasus-wms.api`, then run this.

Usage: write_yaml.py FILE
"""

import sys

from Pegasus.api import File, Job, Workflow

a, d = File("f.a"), File("f.d")
b1, b2 = File("f.b1"), File("f.b2")
c1, c2 = File("f.c1"), File("f.c2")

preprocess = (
    Job("preprocess", namespace="diamond", version="4.0")
    .add_args("-a preprocess", "-T1", "-i", a, "-o", b1, b2)
    .add_inputs(a)
    .add_outputs(b1, b2, stage_out=False, register_replica=False)
)
finders = [
    Job("findrange", namespace="diamond", version="4.0")
    .add_args("-a findrange", "-T1", "-i", source, "-o", target)
    .add_inputs(source)
    .add_outputs(target)
    for source, target in ((b1, c1), (b2, c2))
]
analyze = (
    Job("analyze", namespace="diamond", version="4.0")
    .add_args("-a analyze", "-T1", "-i", c1, c2, "-o", d)
    .add_inputs(c1, c2)
    .add_outputs(d)
)

# The client finds the edges itself: who reads what whom wrote.
diamond = Workflow("black-diamond", infer_dependencies=True)
diamond.add_jobs(preprocess, *finders, analyze)
diamond.write(sys.argv[1])
