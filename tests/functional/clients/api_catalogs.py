"""Pegasus.api: every catalog and the properties in a file of its own, under the default names."""

import sys
from pathlib import Path

from Pegasus.api import (
    OS,
    Arch,
    Directory,
    File,
    FileServer,
    Job,
    Operation,
    Properties,
    ReplicaCatalog,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    TransformationSite,
    Workflow,
)

folder, tag = Path(sys.argv[1]), Path(sys.argv[2])
(folder / "f.a").write_text("a")

properties = Properties()
properties["pegasus.data.configuration"] = "nonsharedfs"
properties["pegasus.clusterer.job.aggregator"] = "AWSBatch"
properties.add_site_profile("aws-batch", "pegasus", "clusters.num", 2)
properties.write(str(folder / "pegasus.properties"))

SiteCatalog().add_sites(
    Site("local", arch=Arch.X86_64, os_type=OS.LINUX).add_directories(
        Directory(Directory.SHARED_SCRATCH, folder / "scratch").add_file_servers(
            FileServer(f"file://{folder / 'scratch'}", Operation.ALL)
        ),
        Directory(Directory.LOCAL_STORAGE, folder / "storage").add_file_servers(
            FileServer(f"file://{folder / 'storage'}", Operation.ALL)
        ),
    ),
    Site("aws-batch", arch=Arch.X86_64, os_type=OS.LINUX).add_directories(
        Directory(Directory.SHARED_SCRATCH, "/clients/catalogs").add_file_servers(
            FileServer("s3://user@amazon/clients/catalogs", Operation.ALL)
        )
    ),
).write(str(folder / "sites.yml"))
ReplicaCatalog().add_replica("local", "f.a", folder / "f.a", metadata={"owner": "å"}).write(
    str(folder / "replicas.yml")
)
TransformationCatalog().add_transformations(
    Transformation("work", namespace="api", version="2.0")
    .add_sites(TransformationSite("local", f"file://{tag}", is_stageable=True))
    .add_pegasus_profile(cores=1, memory="256", runtime="5")
    .add_env(FROM_CATALOG="yes"),
    Transformation("shell", site="aws-batch", pfn="/bin/sh", is_stageable=False),
).write(str(folder / "transformations.yml"))

f_a, f_b, f_c = File("f.a"), File("f.b"), File("f.c")
work = (
    Job("work", namespace="api", version="2.0")
    .add_args("work", "-", f_a)
    .add_inputs(f_a)
    .set_stdout(f_b, stage_out=False, register_replica=False)
)
shell = (
    Job("shell")
    .add_args("-c", '\'printf "%s %s %s " "$WORD" "$0" "$1"; cat; echo oops >&2\'', 10, 1.5)
    .set_stdin(f_b)
    .set_stdout(f_c)
    .set_stderr("f.err")
    .add_env(WORD="two words")
)
workflow = Workflow("api-catalogs")
workflow.add_jobs(work, shell)
workflow.add_dependency(work, children=[shell])
workflow.write(str(folder / "workflow.yml"))
