"""Pegasus's own set-ups for AWS Batch, run as they are."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path

from lxml import etree

from pegbatch.adapters.files import load_settings
from tests.console_pages import SavedFile, steps_of
from tests.functional.commands import ROOT
from tests.functional.migration_desk import ACCOUNT, Desk

EXAMPLE = "github/pegasus-isi+pegasus/_hist-*/share/pegasus/examples/awsbatch-black-nonsharedfs"
TEST_046 = "github/pegasus-isi+pegasus/test/core/046-aws-batch-black"
KEG = "/usr/bin/pegasus-keg"
KINDS = ("compute-env", "job-definition", "job-queue")


def example_file(shared_data: Path, name: str) -> Path:
    """Return a file of the example, which lies in a folder for each version."""
    (found,) = shared_data.glob(f"{EXAMPLE}/{name}")
    return found


def diamond(user: Desk, workflow: Path, keg: Path) -> None:
    """Put the black diamond into the folder: with our keg, which only seems to work long."""
    (user.folder / "f.a").write_text("This is sample input to KEG\n")
    text = workflow.read_text().replace(KEG, str(keg)).replace("-T10", "-T0")
    text = re.sub(r"file://[^\s\"]*/f\.a", f"file://{user.folder}/f.a", text)
    # Whom it would send mail is not told that it is done.
    text = text.replace("/usr/bin/mail -s done user@example.org", "true")
    (user.folder / "blackdiamond.dax").write_text(text)


VARIABLES = """
export TOPDIR=`pwd` PEGASUS_LOCAL_BIN_DIR=`pegasus-config --bin`
export S3_URL_PREFIX=s3://bamboo@amazon
"""


def made_diamond(user: Desk) -> str:
    """Return what the last task has written to the site `local`."""
    outputs = user.folder / "LOCAL" / "shared-storage"
    assert sorted(path.name for path in outputs.iterdir()) == [
        "f.b1",
        "f.b2",
        "f.c1",
        "f.c2",
        "f.d",
    ]
    return (outputs / "f.d").read_text()


def test_the_example_of_pegasus_runs_from_create_to_outputs_and_delete(
    user: Desk, users_aws: dict[str, str], shared_data: Path
) -> None:
    for name in KINDS:
        source = example_file(shared_data, f"conf/sample-{name}.json")
        user.copies(source, f"conf/sample-{name}.json")
    user.copies(example_file(shared_data, "conf/sites.xml"), "conf/sites.xml")
    user.copies(example_file(shared_data, "pegasusrc"), "pegasusrc")
    keg = Path(users_aws["PATH"].partition(":")[0], "pegasus-keg")
    diamond(user, shared_data / "generated/pegasus-api/diamond-dax3.xml", keg)
    # Its file leaves the account open: a user fills it in, or gives it here.
    said = user.types(
        VARIABLES
        + f"""
        export S3_BUCKET=example-of-pegasus/046-aws-batch-black
        pegasus-aws-batch --conf ./pegasusrc --account {ACCOUNT} --prefix pegasus-awsbatch-example \
            --create --compute-environment ./conf/sample-compute-env.json \
            --job-definition ./conf/sample-job-definition.json \
            --job-queue ./conf/sample-job-queue.json
        pegasus-plan -Dpegasus.aws.account={ACCOUNT} --conf ./pegasusrc --sites aws-batch \
            --cluster horizontal --output-site local --dir dags --dax blackdiamond.dax --force -v \
            --submit
        pegasus-status -l -w 1 dags/*/pegasus/diamond/run0001
        """
    )
    assert "made the bucket example-of-pegasus in us-west-2" in said
    assert "Success *diamond-0.dag" in said
    assert made_diamond(user).startswith("analyze made f.d\n")
    assert "example-of-pegasus" in user.buckets()
    assert "pegasus-awsbatch-example-bucket" not in user.buckets()
    names = [f"pegasus-awsbatch-example-{kind}" for kind in KINDS]
    assert user.left("pegasus-awsbatch-example") == names
    user.types(
        f"pegasus-aws-batch -C pegasusrc -a {ACCOUNT} -p pegasus-awsbatch-example -d"
        f" -j {names[1]} --ce {names[0]} -q {names[2]}"
    )
    assert user.left("pegasus-awsbatch-example") == []
    assert "example-of-pegasus" in user.buckets()


def test_what_pegasus_tests_aws_batch_with_runs_unchanged(
    user: Desk, users_aws: dict[str, str], shared_data: Path
) -> None:
    for name in ("pegasusrc", "conf/sites.yml"):
        user.copies(shared_data / TEST_046 / name, name)
    for name in KINDS:
        user.copies(example_file(shared_data, f"conf/sample-{name}.json"), f"{name}.json")
    keg = Path(users_aws["PATH"].partition(":")[0], "pegasus-keg")
    diamond(user, shared_data / "generated/pegasus-api/aws-batch-black-046.yml", keg)
    # Its definition has another prefix than queue and environment, and an underscore in it.
    said = user.types(
        VARIABLES
        + """
        export S3_BUCKET=pegasus-batch-bamboo/046-aws-batch-black
        pegasus-aws-batch --conf pegasusrc -p karan-cmd-test -c --ce compute-env.json \
            -q job-queue.json -L INFO
        pegasus-aws-batch --conf pegasusrc -p pegasus_minimal_fetch_and_run -c \
            -j job-definition.json
        pegasus-plan --conf ./pegasusrc --sites aws-batch --cluster horizontal \
            --output-sites local --dir dags --force -v --submit blackdiamond.dax
        pegasus-status -l -w 1 dags/*/pegasus/diamond/run0001
        pegasus-aws-batch --conf pegasusrc -p karan-cmd-test -d -q karan-cmd-test-job-queue \
            --ce karan-cmd-test-compute-env
        pegasus-aws-batch --conf pegasusrc -p pegasus_minimal_fetch_and_run -d \
            -j pegasus_minimal_fetch_and_run-job-definition:1
        """
    )
    assert "is not there yet: no option asks for it" in said
    assert "names ./conf/rc.data, and there is no such file: it is taken as empty" in said
    assert made_diamond(user).startswith("analyze made f.d\n")
    assert user.left("karan-cmd-test", "pegasus_minimal") == []


def test_the_page_has_the_settings_of_the_example_of_pegasus(
    shared_data: Path, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "coming-from-pegasus.md").read_text()
    saved = {one.name: one.text for one in steps_of(page) if isinstance(one, SavedFile)}
    for name in KINDS:
        file = f"conf/sample-{name}.json"
        theirs = json.loads(example_file(shared_data, file).read_text())
        assert json.loads(saved[file]) == theirs
    theirs_xml = example_file(shared_data, "conf/sites.xml").read_bytes()
    assert canonical(saved["conf/sites.xml"].encode()) == canonical(theirs_xml)
    ours = properties(saved["pegasusrc"], tmp_path)
    account = ours.pop("pegasus.aws.account")
    assert len(account) == 12
    assert ours == properties(example_file(shared_data, "pegasusrc").read_text(), tmp_path)


def canonical(document: bytes) -> str:
    """Return XML without what means nothing: comments, and blanks between elements."""
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    tree = etree.parse(BytesIO(document), parser)
    for element in tree.iter():
        if not (element.text or "").strip():
            element.text = None
    etree.indent(tree)
    text: str = etree.tostring(tree, method="c14n").decode()
    return text


def properties(text: str, folder: Path) -> dict[str, str]:
    file = folder / "read.properties"
    file.write_text(text)
    found = load_settings(file, (), folder, None, {}).properties
    return {key: one.value for key, one in found.items()}
