"""What is fetched at the end of a run, and what counts as missing."""

from __future__ import annotations

from pegbatch.engine.deliveries import Fetched, Output, fetch_outputs


def output(lfn: str, *, optional: bool = False) -> Output:
    return Output(
        lfn=lfn, url=f"s3://b/r/data/{lfn}", destination=f"file:///o/{lfn}", is_optional=optional
    )


def test_an_optional_output_that_was_not_made_is_not_missing() -> None:
    made = {"a": 5}
    report = fetch_outputs(
        [output("a"), output("b"), output("c", optional=True)],
        lambda wanted: Fetched(wanted, made.get(wanted.lfn), moved=wanted.lfn in made),
    )
    assert (report.files, report.size_bytes) == (1, 5)
    assert report.missing == ("b",)
