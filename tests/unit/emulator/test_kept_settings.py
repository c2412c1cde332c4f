"""What an embedded AWS takes over from the last one on its folder."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.emulator.kept_settings import with_kept
from pegbatch.emulator.settings import EmulatorSettings, MachineSettings
from pegbatch.emulator.storage import Storage


def settled(folder: Path, asked: EmulatorSettings) -> EmulatorSettings:
    with closing(Storage(folder / "batch.db")) as storage:
        return with_kept(asked, storage)


@pytest.fixture
def plain(tmp_path: Path) -> EmulatorSettings:
    return EmulatorSettings(folder=tmp_path, entry=("entry",))


def test_a_new_one_has_defaults(tmp_path: Path, plain: EmulatorSettings) -> None:
    first = settled(tmp_path, plain)
    assert (first.region, first.account, first.runtime) == ("us-east-1", "123456789012", "process")
    assert first.home == "us-east-1:123456789012"
    assert (first.machine.n_to_n_failure, first.calls_per_second) == ("child", None)


def test_the_next_one_has_the_reading_the_rate_region_account_and_runtime_of_the_last(
    tmp_path: Path, plain: EmulatorSettings
) -> None:
    asked = replace(
        plain,
        machine=MachineSettings(n_to_n_failure="array"),
        calls_per_second=2.5,
        region="eu-west-1",
        account="210987654321",
        runtime="process",
    )
    assert settled(tmp_path, asked) == asked
    assert settled(tmp_path, plain) == asked
    assert settled(tmp_path, plain) == asked


def test_what_is_asked_for_anew_counts_and_a_rate_of_0_is_none(
    tmp_path: Path, plain: EmulatorSettings
) -> None:
    first = replace(plain, machine=MachineSettings(n_to_n_failure="array"), calls_per_second=2.5)
    settled(tmp_path, first)
    other = replace(plain, machine=MachineSettings(n_to_n_failure="child"), calls_per_second=0.0)
    for asked in (other, plain):
        found = settled(tmp_path, asked)
        assert (found.machine.n_to_n_failure, found.calls_per_second) == ("child", None)
