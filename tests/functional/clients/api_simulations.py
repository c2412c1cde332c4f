"""A user's script for AWS Batch: makes its queue, runs, looks back, deletes the queue.

In the shape of public ones: launch scripts brought from the submit host, a profile key that means
nothing, an archive that every task unpacks, and one prefix a run. The arguments are what the first
tasks leave for the next (`output`, or `checkpoint`, as an early one had it), and whether planning
submits (`yes`, `no`).
"""

import os
import subprocess
import sys

from Pegasus.api import (
    OS,
    Arch,
    File,
    Job,
    Namespace,
    ReplicaCatalog,
    Transformation,
    TransformationCatalog,
    Workflow,
)

HERE = os.getcwd()
LEFT, SUBMIT = sys.argv[1], sys.argv[2] == "yes"
COUNT = 2
PREFIX = f"remotehost-{LEFT}"
os.environ["TOPDIR"] = HERE
os.environ["PEGASUS_LOCAL_BIN_DIR"] = "/usr/bin"
os.environ["S3_URL_PREFIX"] = "s3://user@amazon"
os.environ["S3_BUCKET"] = f"simulations-{LEFT}"
os.environ["S3_BUCKET_KEY"] = "pegasus-workflow"

workflow, programs, inputs = Workflow("simulations"), TransformationCatalog(), ReplicaCatalog()
workflow.add_transformation_catalog(programs)
workflow.add_replica_catalog(inputs)


def launcher(name):
    """Add a script of the submit host, which is brought to the tasks."""
    place = os.path.join(HERE, "remotebin", f"{name}.sh")
    made = Transformation(
        name, site="local", pfn=place, is_stageable=True, arch=Arch.X86_64, os_type=OS.LINUX
    )
    made.add_profiles(Namespace.PEGASUS, key="clusters_size", value=COUNT)
    made.add_profiles(Namespace.PEGASUS, key="clusters_num", value=COUNT)
    programs.add_transformations(made)
    return made


def brought(name):
    """Add an input of the submit host."""
    inputs.add_replica("local", File(name), os.path.join(HERE, name))
    return File(name)


simulate, gather = launcher("simulate"), launcher("gather")
terrain = brought("terrain.tar.gz")
last = Job(gather).add_args("""final.txt""").add_outputs(File("final.txt"), stage_out=True)
workflow.add_jobs(last)
for number in range(1, COUNT + 1):
    height = File(f"height.{number:06}")
    job = Job(simulate).add_args(f"""-nt 1 {number:06}""").add_metadata(time="10")
    job.add_inputs(terrain, brought(f"simulation.{number:06}"))
    if LEFT == "checkpoint":
        job.add_checkpoint(height, stage_out=False)
    else:
        job.add_outputs(height, stage_out=False)
        job.set_stdout(File(f"simulate_{number:06}.stdout"), stage_out=True)
    workflow.add_jobs(job)
    last.add_inputs(height)
    workflow.add_dependency(last, parents=[job])

workflow.write()
workflow.graph(include_files=True, label="xform-id", output="graph.png")
subprocess.run(["./create.sh", HERE, PREFIX], check=True)
workflow.plan(
    conf="./pegasusrc",
    cluster=["horizontal"],
    sites=["aws-batch"],
    output_sites=["local"],
    dir="./dags",
    force=True,
    submit=SUBMIT,
)
submit_dir = str(workflow.braindump.submit_dir)
if not SUBMIT:
    workflow.run()
workflow.wait()
subprocess.run(f"pegasus-analyzer {submit_dir} > analysis.txt", shell=True, check=True)
subprocess.run(f"pegasus-statistics {submit_dir} > statistics.txt", shell=True, check=True)
subprocess.run(["./delete.sh", HERE, PREFIX], check=True)
