"""The samples in conf/ of what jobs are submitted to: whole, valid, and made as they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pegbatch.adapters.aws_entity_files import OPERATIONS, read_entity_file
from pegbatch.batch.entity_bodies import prepare
from pegbatch.cli import aws_batch_main
from pegbatch.emulator.background import ensure_running, local_folder, stop
from pegbatch.model.entities import EntityKind
from tests.wire_s3 import s3_server, use_credentials

ROOT = Path(__file__).parents[2]
SAMPLES = {
    EntityKind.DEFINITION: ROOT / "conf" / "job-definition.json",
    EntityKind.ENVIRONMENT: ROOT / "conf" / "compute-environment.json",
    EntityKind.QUEUE: ROOT / "conf" / "job-queue.json",
}


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.words)
def test_a_sample_is_a_request_that_amazon_s_own_client_would_send(kind: EntityKind) -> None:
    written = read_entity_file(SAMPLES[kind])
    body = prepare(kind, written, prefix="sky", environment="sky-compute-env")
    model = botocore.session.get_session().get_service_model("batch")
    shape = model.operation_model(OPERATIONS[kind]).input_shape
    assert not ParamValidator().validate(body, shape).has_errors()


def test_everything_is_made_from_the_samples_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for sample in SAMPLES.values():
        shutil.copy(sample, tmp_path)
    folder = local_folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    use_credentials(monkeypatch)
    with s3_server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BATCH", ensure_running(folder).url)
        try:
            assert create(capsys) == {"created"}
            assert create(capsys) == {"unchanged"}
        finally:
            stop(folder)


def create(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Make definition, environment, queue and bucket; return what was done to the four."""
    words = ["--create", "-p", "sky", "-a", "123456789012", "--json"]
    names = [SAMPLES[kind].name for kind in SAMPLES]
    files = ["-j", names[0], "--ce", names[1], "-q", names[2]]
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        aws_batch_main.main([*words, *files])
    said = capsys.readouterr()
    assert end.value.code == 0, said.err
    entities = json.loads(said.out)["entities"]
    assert len(entities) == 4
    return {one["action"] for one in entities}
