"""The image is real: it is built from its Dockerfile, and what it promises holds inside it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import boto3
import pytest

from tests.container_image import IMAGE, ImageStore, built_image, missing
from tests.functional.commands import EXAMPLES, called, embedded_aws, planned
from tests.functional.container_workflows import write_workflow
from tests.wire_s3 import CREDENTIALS, s3_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "can be built"),
]

SCRIPT = """#!/bin/sh
echo "$(id -u) in $(pwd): $1|$2"
exit 7
"""
ZIPAPP = """
import obstore, sys
print("zipapp", sys.argv[1:])
"""


@pytest.fixture(scope="module")
def image() -> Iterator[ImageStore]:
    """Lend a store with the image."""
    with built_image() as store:
        yield store


def packed(**members: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__dot__", "."), text)
    return data.getvalue()


def put(url: str, **objects: bytes) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    try:
        client.create_bucket(Bucket="mine")
        for key, data in objects.items():
            client.put_object(Bucket="mine", Key=key.replace("__dot__", "."), Body=data)
    finally:
        client.close()


def test_the_image_is_built_and_runs_scripts_zipapps_and_zip_files_from_s3(
    image: ImageStore,
) -> None:
    with s3_server() as url:
        put(
            url,
            script=SCRIPT.encode(),
            app__dot__pyz=packed(**{"__main____dot__py": ZIPAPP}),
            pack__dot__zip=packed(go="cat data; echo zip $1\n", data="from the archive\n"),
        )
        where = {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": url}

        def run(kind: str, key: str, *words: str) -> tuple[int, str, str]:
            variables = {"BATCH_FILE_TYPE": kind, "BATCH_FILE_S3_URL": f"s3://mine/{key}"}
            ended = image.run(*words, environment={**where, **variables})
            return ended.returncode, ended.stdout, ended.stderr

        code, out, _ = run("script", "script", "one word", "*")
        assert (code, out) == (7, "65534 in /tmp: one word|*\n")
        code, out, talk = run("script", "app.pyz", "a", "b")
        assert (code, out) == (0, "zipapp ['a', 'b']\n"), talk
        code, out, talk = run("zip", "pack.zip", "go", "x")
        assert (code, out) == (0, "from the archive\nzip x\n"), talk
        code, out, talk = run("script", "missing")
        assert (code, out) == (1, "")
        assert "s3://mine/missing" in talk


def test_a_workflow_runs_in_the_image_with_the_same_bytes(
    image: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(image.settings))
    example = EXAMPLES / "black-diamond"
    outputs = tmp_path / "outputs"
    words = ("--conf", str(example / "pegasus.properties"), "--output-dir", str(outputs))
    with embedded_aws(tmp_path / "work") as base:
        plan = planned(example / "diamond.dax", base, *words)
        code, printed, said = called("run", "--runtime", "buildah", plan["submit_dir"])
        assert code == 0, printed + said
    text = (example / "README.md").read_text()
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in outputs.iterdir()}
    assert sorted(found) == ["f.c1", "f.c2", "f.d"]
    assert all(f"{checksum}  {name}" in text for name, checksum in found.items())
    assert image.call("containers", "-q") == "", "working containers are left"


def test_tasks_run_in_the_images_of_their_transformations(
    image: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(image.settings))
    container = image.call("from", "--pull-never", IMAGE)
    image.call("config", "--env", "IMAGE=another", container)
    image.call("commit", "-q", "--rm", container, "localhost/one:1")
    image.call("tag", IMAGE, "localhost/two:1")
    workflow = write_workflow(tmp_path / "wf")
    outputs = tmp_path / "outputs"
    conf = str(tmp_path / "wf" / "pegasus.properties")
    words = ("--conf", conf, "--output-dir", str(outputs))
    with embedded_aws(tmp_path / "work") as base:
        plan = planned(workflow, base, *words)
        code, printed, said = called("run", "--runtime", "buildah", plan["submit_dir"])
        assert code == 0, printed + said
        assert "are not used" not in said
    assert (outputs / "c.txt").read_text() == "one task another\ntwo\n\n"
