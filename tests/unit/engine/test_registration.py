"""From records to registered files."""

from __future__ import annotations

import json

from pegbatch.engine.deliveries import Output
from pegbatch.engine.registration import registered_files
from tests.fakes_store import MemoryStore

RUN = "s3://b/run"


def record(state: str, *outputs: tuple[str, str, int], id: str = "t") -> bytes:
    rows = [
        {"lfn": lfn, "url": "", "sha256": sha, "size_bytes": size} for lfn, sha, size in outputs
    ]
    rest = dict.fromkeys(("reason", "stdout_tail", "stderr_tail"), "")
    numbers = {"bag": 0, "try": 1, "attempt": 1, "start": 0.0, "end": 1.0}
    nothing = dict.fromkeys(("exit_code", "signal", "max_rss_mib"))
    row = {"id": id, "state": state, "outputs": rows, **rest, **numbers, **nothing}
    return json.dumps(row).encode() + b"\n"


def output(lfn: str, **more: object) -> Output:
    values = {"register": True, "array": "L0-t", "site": "local", **more}
    place = f"file:///my out/{lfn}"
    return Output(lfn=lfn, url=f"{RUN}/data/{lfn}", destination=place, **values)  # type: ignore[arg-type]


def store() -> MemoryStore:
    made = MemoryStore()
    made.write(
        f"{RUN}/records/L0-t/0/1.1.jsonl", record("failed") + record("succeeded", ("b", "22", 2))
    )
    made.write(f"{RUN}/records/L0-t/0/1.2.jsonl", record("succeeded", ("a", "11", 1), id="u"))
    made.write(f"{RUN}/records/L0-t/1/1.1.jsonl", record("succeeded", ("other", "33", 3)))
    made.write(f"{RUN}/records/L1-t/0/1.1.jsonl", record("succeeded", ("c", "44", 4)))
    made.write(f"{RUN}/records/L0-t/1/junk", b"no record")
    return made


def test_what_tasks_that_succeeded_have_put_is_registered_in_plan_order() -> None:
    wanted = [output("a"), output("b"), output("never"), output("other", register=False)]
    found = list(registered_files(store(), RUN, wanted))
    assert [(file.lfn, file.sha256, file.size_bytes) for file in found] == [
        ("a", "11", 1), ("b", "22", 2),
    ]  # fmt: skip
    assert found[0].pfn == "file:///my%20out/a"


def test_every_place_of_a_file_is_registered() -> None:
    far = Output(
        lfn="a", url="s3://o/a b", destination="s3://o/a b", site="aws", register=True, array="L0-t"
    )
    found = list(registered_files(store(), RUN, [output("a"), far]))
    assert [(file.site, file.pfn) for file in found] == [
        ("local", "file:///my%20out/a"), ("aws", "s3://o/a b"),
    ]  # fmt: skip


def test_only_the_records_of_arrays_that_make_something_are_read() -> None:
    assert list(registered_files(store(), RUN, [output("c")])) == []
    assert [f.lfn for f in registered_files(store(), RUN, [output("c", array="L1-t")])] == ["c"]


def test_a_reused_output_is_registered_without_a_record() -> None:
    reused = output("r", array=None, is_reused=True, sha256="99")
    (found,) = registered_files(store(), RUN, [reused])
    assert (found.lfn, found.sha256, found.size_bytes) == ("r", "99", None)


def test_of_a_task_that_was_undone_and_run_again_the_newest_file_is_registered() -> None:
    made = store()
    made.write(f"{RUN}/records/L0-t/0/2.0.jsonl", record("undone", id="u"))
    assert [file.lfn for file in registered_files(made, RUN, [output("a"), output("b")])] == ["b"]
    made.write(f"{RUN}/records/L0-t/0/2.1.jsonl", record("succeeded", ("a", "55", 5), id="u"))
    (found,) = registered_files(made, RUN, [output("a")])
    assert (found.sha256, found.size_bytes) == ("55", 5)
