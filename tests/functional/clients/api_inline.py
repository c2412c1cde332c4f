"""Pegasus.api: one file with all three catalogs inside; edges inferred by the client."""

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
    ReplicaCatalog,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    Workflow,
)

folder, tag = Path(sys.argv[1]), Path(sys.argv[2])
(folder / "f.a").write_text("a")

f_a, f_d = File("f.a", size=1), File("f.d")
middles = [File(f"middle_{number}") for number in range(3)]
workflow = Workflow("api-inline", infer_dependencies=True)

sites = SiteCatalog().add_sites(
    Site("aws-batch", arch=Arch.X86_64, os_type=OS.LINUX)
    .add_directories(
        Directory(Directory.SHARED_SCRATCH, "/clients/inline").add_file_servers(
            FileServer("s3://user@amazon/clients/inline", Operation.ALL)
        )
    )
    .add_pegasus_profile(style="condor", clusters_num=1, data_configuration="nonsharedfs")
)
programs = TransformationCatalog()
for name in ("spread", "gather"):
    programs.add_transformations(
        Transformation(
            name, site="local", pfn=tag, is_stageable=True, arch=Arch.X86_64, os_type=OS.LINUX
        )
    )
replicas = ReplicaCatalog().add_replica("local", f_a, folder / "f.a")
workflow.add_site_catalog(sites)
workflow.add_transformation_catalog(programs)
workflow.add_replica_catalog(replicas)

for number, middle in enumerate(middles):
    workflow.add_jobs(
        Job("spread", node_label=f"spread {number}")
        .add_args(f"spread{number}", middle, f_a)
        .add_inputs(f_a)
        .add_outputs(middle, stage_out=False, register_replica=False)
        .add_metadata(number=number)
    )
workflow.add_jobs(
    Job("gather").add_args("gather", f_d, *middles).add_inputs(*middles).add_outputs(f_d)
)
workflow.write(str(folder / "workflow.yml"))
