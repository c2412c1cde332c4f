"""Logins of `s3://user@site/` URLs, and that their keys are shown to nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.adapters.login_stores import options_of_users
from pegbatch.adapters.s3_logins import S3Logins, load_logins

CANARY = "S3cretCanary%%20"
CONF = f"""[amazon]
endpoint = https://s3.us-east-2.amazonaws.com

[lab]
endpoint = http://127.0.0.1:9000/
region = eu-west-1

[me@amazon]
access_key = AKIA1
secret_key = {CANARY}

[me@lab]
access_key = AKIA2
secret_key = {CANARY}2
session_token = {CANARY}3

[nobody@lab]
"""


def home_with(tmp_path: Path, name: str, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return tmp_path


@pytest.fixture
def logins(tmp_path: Path) -> S3Logins:
    return load_logins(home_with(tmp_path, ".pegasus/credentials.conf", CONF), {})


def test_a_user_has_keys_and_the_endpoint_of_the_site(logins: S3Logins) -> None:
    login = logins.find("s3://me@lab/bucket/key")
    assert login is not None
    assert (login.endpoint_url, login.region) == ("http://127.0.0.1:9000", "eu-west-1")
    assert (login.access_key, login.secret_key, login.token) == (
        "AKIA2", CANARY + "2", CANARY + "3",
    )  # fmt: skip
    assert logins.warnings == ()


def test_an_endpoint_of_amazon_is_none_of_ones_own(logins: S3Logins) -> None:
    login = logins.find("s3://me@amazon/bucket")
    assert login is not None
    assert (login.endpoint_url, login.secret_key) == (None, CANARY)


@pytest.mark.parametrize("url", ["s3://bucket/key", "s3://you@lab/b", "/a@b/c", "http://me@lab/x"])
def test_other_urls_have_no_login(logins: S3Logins, url: str) -> None:
    assert logins.find(url) is None


def test_no_file_is_no_login_and_a_named_one_goes_first(tmp_path: Path) -> None:
    assert load_logins(None, {}) == load_logins(tmp_path, {}) == S3Logins()
    home = home_with(tmp_path, ".s3cfg", "[default]\naccess_key = K\nsecret_key = S\n")
    home_with(tmp_path, "elsewhere", CONF)
    assert load_logins(home, {}).fallback is not None
    named = load_logins(home, {"PEGASUS_CREDENTIALS": str(tmp_path / "elsewhere")})
    assert set(named.by_name) == {"me@amazon", "me@lab", "nobody@lab"}
    assert set(load_logins(None, {"S3CFG": str(tmp_path / "elsewhere")}).by_name) == set(
        named.by_name
    )


def test_an_s3cmd_file_serves_every_user(tmp_path: Path) -> None:
    text = (
        "[default]\naccess_key = K\nsecret_key = 5%S\nhost_base = s3.lab:9000\nuse_https = False\n"
    )
    login = load_logins(home_with(tmp_path, ".s3cfg", text), {}).find("s3://any@one/b")
    assert login is not None
    assert (login.endpoint_url, login.secret_key) == ("http://s3.lab:9000", "5%S")
    amazon = text.replace("s3.lab:9000", "s3.amazonaws.com")
    login = load_logins(home_with(tmp_path, ".s3cfg", amazon), {}).find("s3://any@one/b")
    assert login is not None
    assert login.endpoint_url is None


def test_a_file_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    home = home_with(tmp_path, ".pegasus/credentials.conf", CONF, 0o644)
    (warning,) = load_logins(home, {}).warnings
    assert "0644" in warning.message
    assert "chmod 600" in str(warning.hint)


@pytest.mark.parametrize(
    ("text", "line"),
    [(f"{CANARY}\n[a]\n", ":1"), (f"[a]\nk = v\n{CANARY} no value\n", ":3")],
)
def test_a_malformed_file_is_a_warning_that_quotes_nothing(
    tmp_path: Path, text: str, line: str
) -> None:
    found = load_logins(home_with(tmp_path, ".pegasus/credentials.conf", text), {})
    (warning,) = found.warnings
    assert str(warning.where).endswith(line)
    assert CANARY not in str(warning)
    assert found.find("s3://me@lab/b") is None


def test_what_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    (missing,) = load_logins(None, {"S3CFG": str(tmp_path / "gone")}).warnings
    assert "no such file" in missing.message
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (rubbish,) = load_logins(None, {"S3CFG": str(tmp_path / "binary")}).warnings
    assert "no text" in rubbish.message


def test_keys_are_not_in_the_repr(logins: S3Logins) -> None:
    assert CANARY not in repr(logins)
    assert "AKIA" not in repr(logins)


def test_the_store_gets_keys_and_endpoint_of_who_is_named_or_owns_the_bucket(
    logins: S3Logins,
) -> None:
    options = options_of_users(logins, {"mine": "me@lab"})
    named = options("me@amazon", "any")
    owned = options("", "mine")
    assert named is not None and named.credentials is not None
    assert owned is not None and owned.credentials is not None
    assert named.endpoint_url is None
    assert named.credentials()["secret_access_key"] == CANARY
    assert owned.endpoint_url == "http://127.0.0.1:9000"
    assert owned.credentials.config == {"region": "eu-west-1"}
    assert options("", "other") is None
    assert options("nobody@lab", "any") is None


def test_what_stands_in_for_amazon_does_so_for_logins_but_not_for_other_services(
    logins: S3Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    options = options_of_users(logins, {"mine": "me@lab"})
    named, owned = options("me@amazon", "any"), options("", "mine")
    assert named is not None and owned is not None
    assert named.endpoint_url == "http://127.0.0.1:4566"
    assert owned.endpoint_url == "http://127.0.0.1:9000"
