"""`pegbatch-aws-batch --delete` takes the definitions of containers away with their prefix."""

from __future__ import annotations

from pathlib import Path

from pegbatch.adapters.container_definitions import ensure_container_definitions
from tests.aws_batch_bench import DEFINITION, Bench
from tests.unit.batch.test_container_definitions import BOX


def test_definitions_of_containers_go_with_the_prefix_of_their_base(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.run()
    base = bench.aws.batch.definitions[0]["jobDefinitionName"]
    names = ensure_container_definitions(bench.aws.account.batch, base, (BOX,))
    ledger = bench.delete()
    deleted = {entity.name for entity in ledger.entities if entity.kind is DEFINITION}
    assert deleted == {base, *names.values()}
    assert {one["status"] for one in bench.aws.batch.definitions} == {"INACTIVE"}
    assert ledger.problems == []
