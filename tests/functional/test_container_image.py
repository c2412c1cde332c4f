"""The image is real: it is built from its Dockerfile, and what it promises holds inside it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import boto3
import pytest

from tests.container_image import built_image, missing
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


def test_the_image_is_built_and_runs_scripts_zipapps_and_zip_files_from_s3(tmp_path: Path) -> None:
    with s3_server() as url, built_image() as image:
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
