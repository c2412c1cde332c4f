"""What becomes of the tasks of a cluster, as small numbers: plans hold one byte a cluster."""

from __future__ import annotations

NAMED = 0
"""Nothing: the cluster is a name, its tasks are children side by side (AWSBatch)."""
SERIAL = 1
"""One bag, task after task; a task that does not depend on a failed one still runs."""
STRICT = 2
"""One bag, task after task, and none after the first that fails (seqexec.firstjobfail)."""
PARALLEL = 3
"""One bag, as many tasks at a time as its vCPUs hold (mpiexec, PMC)."""
CHAIN = 4
"""Like SERIAL, but found by `chain`: techniques after it leave it as it is."""
