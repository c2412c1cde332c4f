"""Set-ups in the shape of users' own, public ones for AWS Batch, with nothing changed in them."""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from tests.functional.commands import embedded_aws
from tests.functional.migration_desk import ACCOUNT, LOGIN, REGION, Desk

CLIENTS = Path(__file__).parent / "clients"
USER_PROPERTIES = f"""
pegasus.catalog.site.file=./conf/sites.xml
pegasus.data.configuration = nonsharedfs
pegasus.catalog.replica  File
pegasus.catalog.replica.file ./conf/rc.data
pegasus.clusterer.job.aggregator AWSBatch
pegasus.clusterer.allow.single True
pegasus.integrity.checking none
pegasus.register False
pegasus.aws.region={REGION}
pegasus.aws.account={ACCOUNT}
pegasus.aws.batch.job_definition=THE_PREFIX-job-definition
pegasus.aws.batch.compute_environment=THE_PREFIX-compute-env
pegasus.aws.batch.job_queue=THE_PREFIX-job-queue
dagman.retry = 0
"""
USER_SITES = """<?xml version="1.0" encoding="UTF-8"?>
<sitecatalog xmlns="http://pegasus.isi.edu/schema/sitecatalog" version="4.0">
  <site handle="local" arch="x86_64" os="LINUX" osrelease="" osversion="" glibc="">
    <directory path="${TOPDIR}/LOCAL/shared-storage" type="shared-storage" free-size="">
      <file-server operation="all" url="file://${TOPDIR}/LOCAL/shared-storage">
      </file-server>
    </directory>
    <profile namespace="env" key="PEGASUS_HOME">${PEGASUS_LOCAL_BIN_DIR}/..</profile>
  </site>
  <site handle="aws-batch" arch="x86_64" os="LINUX">
    <directory path="${S3_BUCKET}/${S3_BUCKET_KEY}" type="shared-scratch" free-size="">
      <file-server operation="all" url="${S3_URL_PREFIX}/${S3_BUCKET}/${S3_BUCKET_KEY}">
      </file-server>
    </directory>
    <profile namespace="pegasus" key="clusters.num">1</profile>
    <profile namespace="pegasus" key="style">condor</profile>
    <!-- <profile namespace="condor" key="universe">local</profile> -->
  </site>
</sitecatalog>
"""
USER_FILES = {
    "pegasusrc_template": USER_PROPERTIES,
    "conf/sites.xml": USER_SITES,
    "conf/job-queue.json": '{"priority": 10, "computeEnvironmentOrder": [{"order": 1}]}',
    "conf/compute-env.json": json.dumps(
        {
            "state": "ENABLED",
            "type": "MANAGED",
            "serviceRole": "AWSBatchServiceRole",
            "computeResources": {
                "type": "EC2",
                "subnets": ["subnet-1"],
                "securityGroupIds": ["sg-1"],
                "instanceRole": "ecsInstanceRole",
                "instanceTypes": ["optimal"],
                "minvCpus": 0,
                "desiredvCpus": 0,
                "maxvCpus": 256,
                "bidPercentage": 20,
            },
        }
    ),
    "conf/job-definition.json": json.dumps(
        {
            "type": "container",
            "containerProperties": {
                "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/remotehostimage",
                "jobRoleArn": "batchJobRole",
                "vcpus": 1,
                "memory": 600,
                "command": ["/bin/bash", "-c", "exit $AWS_BATCH_JOB_ATTEMPT"],
            },
            "retryStrategy": {"attempts": 1},
        }
    ),
    "create.sh": """#!/bin/bash
cp -f ${1}/pegasusrc_template ${1}/pegasusrc
sed -i "s~THE_PREFIX~${2}~g" ${1}/pegasusrc
pegasus-aws-batch \\
    --conf ${1}/pegasusrc --prefix ${2} --create \\
    --ce ${1}/conf/compute-env.json -j ${1}/conf/job-definition.json -q ${1}/conf/job-queue.json
""",
    "delete.sh": """#!/bin/bash
pegasus-aws-batch \\
    --conf ${1}/pegasusrc --prefix ${2} --delete \\
    -q ${2}-job-queue -j ${2}-job-definition:1 --ce ${2}-compute-env
""",
    "remotebin/simulate.sh": """#!/bin/bash
echo "simulate $@"
tar -xzf terrain.tar.gz
cat terrain simulation.$3 > height.$3
""",
    "remotebin/gather.sh": """#!/bin/bash
cat height.* > $1
""",
}


def save_users_files(folder: Path) -> None:
    """Write a set-up in the shape of users' own, scripts included."""
    for name, text in USER_FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.suffix == ".sh":
            path.chmod(0o755)
    (folder / "terrain").write_text("hills\n")
    with tarfile.open(folder / "terrain.tar.gz", "w:gz") as archive:
        archive.add(folder / "terrain", "terrain")
    for number in (1, 2):
        (folder / f"simulation.{number:06}").write_text(f"run {number}\n")


@pytest.mark.parametrize(("left", "submit"), [("output", "yes"), ("checkpoint", "no")])
def test_a_users_script_makes_its_queue_runs_and_deletes_it(
    user: Desk, left: str, submit: str
) -> None:
    save_users_files(user.folder)
    script = f"'{sys.executable}' -W ignore '{CLIENTS}/api_simulations.py'"
    said = user.types(f"{script} {left} {submit}")
    outputs = user.folder / "LOCAL" / "shared-storage"
    assert (outputs / "final.txt").read_text() == "hills\nrun 1\nhills\nrun 2\n"
    if left == "output":
        assert (outputs / "simulate_000002.stdout").read_text() == "simulate -nt 1 000002\n"
    assert f"made the bucket simulations-{left}" in said
    assert "Workflow Status    : success" in (user.folder / "analysis.txt").read_text()
    assert "Workflow wall time" in (user.folder / "statistics.txt").read_text()
    assert (user.folder / "graph.png").stat().st_size
    assert user.left(f"remotehost-{left}") == []


def test_the_same_set_up_runs_on_the_embedded_aws_without_its_queue(user: Desk) -> None:
    save_users_files(user.folder)
    shutil.copyfile(user.folder / "pegasusrc_template", user.folder / "pegasusrc")
    (user.folder / "workflow.yml").write_text(
        """
pegasus: '5.0'
name: alone
transformationCatalog:
  transformations:
    - name: gather
      sites: [{name: local, pfn: REMOTE/gather.sh, type: stageable}]
replicaCatalog:
  replicas: [{lfn: height.1, pfns: [{site: local, pfn: REMOTE/gather.sh}]}]
jobs:
  - {type: job, id: g, name: gather, arguments: [all.txt], uses: [
      {lfn: height.1, type: input}, {lfn: all.txt, type: output}]}
""".replace("REMOTE", str(user.folder / "remotebin"))
    )
    variables = {"TOPDIR": str(user.folder), "PEGASUS_LOCAL_BIN_DIR": "/usr/bin"}
    bucket = {"S3_URL_PREFIX": "s3://user@amazon", "S3_BUCKET": "mine", "S3_BUCKET_KEY": "key"}
    with embedded_aws(user.folder / "dags"):
        said = user.types(
            "pegbatch plan --conf pegasusrc --sites aws-batch --output-sites local --dir dags\n"
            "pegbatch run --local dags/*/pegasus/alone/run0001",
            **variables,
            **bucket,
        )
    assert "alone: succeeded on the embedded AWS" in said
    text = (user.folder / "LOCAL" / "shared-storage" / "all.txt").read_text()
    assert text == USER_FILES["remotebin/gather.sh"]


def test_a_job_submit_file_is_run_by_pegasus_aws_batch(user: Desk) -> None:
    save_users_files(user.folder)
    tasks = [
        {
            "jobName": name,
            "executable": "one.sh",
            "arguments": name,
            "environment": [
                {"name": "BATCH_FILE_TYPE", "value": "script"},
                {"name": "BATCH_FILE_S3_URL", "value": "s3://sub-bucket/gather/one.sh"},
                {"name": "TRANSFER_INPUT_FILES", "value": f"{user.folder}/simulation.000001"},
            ],
        }
        for name in ("first", "second")
    ]
    (user.folder / "merge.in").write_text(json.dumps({"SubmitJob": tasks}))
    (user.folder / "one.sh").write_text("#!/bin/sh\necho $1; cat simulation.000001 common\n")
    (user.folder / "common").write_text("common\n")
    user.types("./create.sh . sub")
    user.types(
        "aws s3 mb s3://sub-bucket && aws s3 cp one.sh s3://sub-bucket/gather/one.sh\n"
        "pegasus-aws-batch --conf pegasusrc --prefix sub --files common --merge-logs merged "
        "--log-file sub.log --log-level DEBUG merge.in\n"
        "pegasus-aws-batch --conf pegasusrc --prefix other --files common merge.in\n"
        "./delete.sh . sub"
    )
    assert (user.folder / "merged.out").read_text().startswith("first\nrun 1\ncommon\n")
    assert {"sub-bucket", "other-bucket"} <= user.buckets()
    assert "first SUCCEEDED" in (user.folder / "other.jobstate.log").read_text()


def test_a_bucket_of_another_service_is_not_made_at_amazon(user: Desk, tmp_path: Path) -> None:
    login = LOGIN.replace(
        "https://s3.us-west-2.amazonaws.com", user.environment["AWS_ENDPOINT_URL"]
    )
    home = tmp_path / "another home"
    (home / ".pegasus").mkdir(parents=True)
    (home / ".pegasus" / "credentials.conf").write_text(login)
    (home / ".pegasus" / "credentials.conf").chmod(0o600)
    save_users_files(user.folder)
    shutil.copyfile(user.folder / "pegasusrc_template", user.folder / "pegasusrc")
    (user.folder / "workflow.yml").write_text(
        "pegasus: '5.0'\nname: lone\n"
        "transformationCatalog:\n  transformations:\n    - name: 'true'\n"
        "      sites: [{name: aws-batch, pfn: /bin/true, type: installed}]\n"
        "jobs: [{type: job, id: t, name: 'true', uses: []}]\n"
    )
    bucket = {"S3_URL_PREFIX": "s3://user@amazon", "S3_BUCKET": "nowhere", "S3_BUCKET_KEY": "key"}
    said = user.types(
        "pegbatch plan -Dpegbatch.aws.platform=EC2 --conf pegasusrc --sites aws-batch --dir dags\n"
        "! pegbatch run dags/*/pegasus/lone/run0001",
        HOME=str(home),
        TOPDIR=str(user.folder),
        PEGASUS_LOCAL_BIN_DIR="/usr/bin",
        **bucket,
    )
    assert "there is no bucket nowhere" in said
    assert "nowhere" not in user.buckets()
