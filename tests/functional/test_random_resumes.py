"""Invented workflows run again and again until all is done: nothing twice, every byte right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.commands import embedded_aws
from tests.resume_checker import invent_curable, judge


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 4])
def test_an_invented_workflow_is_resumed_to_the_right_end(seed: int, tmp_path: Path) -> None:
    with embedded_aws(tmp_path) as base:
        _, problems = judge(invent_curable(seed), base)
    assert problems == []
