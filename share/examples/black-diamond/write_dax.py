"""Write the diamond with Pegasus's old client: `pip install pegasus-wms.dax`, then run this.

Usage: write_dax.py FILE
"""

import sys

from Pegasus.DAX3 import ADAG, File, Job, Link

diamond = ADAG("black-diamond")
a, d = File("f.a"), File("f.d")
b1, b2 = File("f.b1"), File("f.b2")
c1, c2 = File("f.c1"), File("f.c2")

preprocess = Job(namespace="diamond", name="preprocess", version="4.0")
preprocess.addArguments("-a preprocess", "-T1", "-i", a, "-o", b1, b2)
preprocess.uses(a, link=Link.INPUT)
preprocess.uses(b1, link=Link.OUTPUT, transfer=False, register=False)
preprocess.uses(b2, link=Link.OUTPUT, transfer=False, register=False)
diamond.addJob(preprocess)

finders = []
for source, target in ((b1, c1), (b2, c2)):
    findrange = Job(namespace="diamond", name="findrange", version="4.0")
    findrange.addArguments("-a findrange", "-T1", "-i", source, "-o", target)
    findrange.uses(source, link=Link.INPUT)
    findrange.uses(target, link=Link.OUTPUT, transfer=True, register=True)
    diamond.addJob(findrange)
    finders.append(findrange)

analyze = Job(namespace="diamond", name="analyze", version="4.0")
analyze.addArguments("-a analyze", "-T1", "-i", c1, c2, "-o", d)
analyze.uses(c1, link=Link.INPUT)
analyze.uses(c2, link=Link.INPUT)
analyze.uses(d, link=Link.OUTPUT, transfer=True, register=True)
diamond.addJob(analyze)

for findrange in finders:
    diamond.depends(parent=preprocess, child=findrange)
    diamond.depends(parent=findrange, child=analyze)

diamond.writeXMLFile(sys.argv[1])
