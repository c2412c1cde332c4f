from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pegbatch.adapters.files import load_settings, open_input, read_input
from pegbatch.errors import InputError, UsageError


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a b.txt"
    path.write_bytes(b"x\r\ny")
    assert read_input(path) == b"x\r\ny"


def test_a_gzipped_file_is_unpacked_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "montage.dax"
    path.write_bytes(gzip.compress(b"<adag/>"))
    with open_input(path) as stream:
        assert stream.read(5) == b"<adag"


def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert read_input(tmp_path / "empty") == b""


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing", "no such file"), ("", "a directory"), ("file/below", "no such file")],
)
def test_what_cannot_be_read_is_named_with_the_reason(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=reason) as caught:
        read_input(tmp_path / name)
    assert caught.value.problems[0].where == str(tmp_path / name)


def test_a_broken_gzip_file_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"some bytes")[:-9])
    with pytest.raises(InputError, match="broken gzip"):
        read_input(path)


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Return a directory and a home, each with properties."""
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    (home / ".pegasusrc").write_text("env.A=home\nenv.B=home\nenv.C=home\nenv.D=home\n")
    (here / "pegasus.properties").write_text("env.B=here\nenv.C=here\nenv.D=here\nenv.F=here\n")
    return here, home


def test_properties_are_searched_as_pegasus_does(places: tuple[Path, Path]) -> None:
    here, home = places
    environment = {"_PEGASUS__MODE": "debug", "_PEGASUS__REGISTER": "false"}
    settings = load_settings(None, ["env.D=line", "pegasus.mode=tutorial"], here, home, environment)
    assert [settings.get(f"env.{key}") for key in "ABCD"] == ["home", "here", "here", "line"]
    assert (settings.get("pegasus.mode"), settings.get("pegasus.register")) == ("tutorial", "false")
    assert settings.where("env.B") == f"{here / 'pegasus.properties'}:1"


def test_a_named_file_takes_the_place_of_the_one_in_the_directory(
    places: tuple[Path, Path], tmp_path: Path
) -> None:
    here, home = places
    conf = tmp_path / "mine.conf"
    conf.write_text("env.C=conf\n")
    settings = load_settings(conf, [], here, home, {})
    assert [settings.get(f"env.{key}") for key in "ACF"] == ["home", "conf", ""]


def test_nothing_to_find_is_no_error(tmp_path: Path) -> None:
    assert dict(load_settings(None, [], tmp_path, None, {}).properties) == {}


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_settings(tmp_path / "gone", [], tmp_path, None, {})


def test_a_malformed_definition_is_an_error_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="key=value"):
        load_settings(None, ["nonsense"], tmp_path, None, {})


def test_a_file_that_unpacks_to_a_thousand_times_its_size_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"# a line\n" * (4 << 20)))
    with pytest.raises(InputError, match="as only a bomb does"):
        read_input(path)


def test_a_file_may_be_asked_to_be_small(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a\n" * (1 << 19))
    assert len(read_input(path, at_most=1 << 20)) == 1 << 20
    path.write_bytes(b"a\n" * (1 << 19) + b"b")
    with pytest.raises(InputError, match="larger than a file of this kind can be"):
        read_input(path, at_most=1 << 20)


def test_one_can_go_back_in_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc\n")
    with open_input(path) as stream:
        assert stream.read(2) == b"ab"
        assert stream.seekable()
        stream.seek(0)
        assert stream.read() == b"abc\n"
