"""A small soak in every test run; `make soak` is the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.run import Wishes, soak


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wire", "reading"),
    [(False, "child"), (True, "array")],
    ids=["directories, child", "over the wire, array"],
)
def test_two_hundred_tasks_come_through_bad_weather_whole(
    wire: bool, reading: str, tmp_path: Path
) -> None:
    wishes = Wishes(
        tasks=200,
        seed=2,
        wire=wire,
        n_to_n_failure=reading,
        deadly=2,
        client_kills=2,
    )
    found = soak(wishes, tmp_path / "soak")
    assert found.problems == []
    assert found.counts["children started"] >= found.counts["children"]
