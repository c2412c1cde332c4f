"""Logins for `s3://user@site/…` URLs: `credentials.conf` and `.s3cfg`.

They serve the client alone. Keys are never printed: not by `repr`, not in an error, and what a
parser says of a line is not passed on, since the line may hold one.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backports import configparser

from pegbatch.errors import Problem
from pegbatch.planner.urls import s3_user

FILES = (("PEGASUS_CREDENTIALS", ".pegasus/credentials.conf"), ("S3CFG", ".s3cfg"))
"""Variable that names the file, and where it lies in the home directory; the first one counts."""
DEFAULT = "default"
"""The section of s3cmd's own files, which know one user and one endpoint."""
AMAZON = ".amazonaws.com"
LOGIN_REGION = "us-east-1"
"""Signed into requests to an endpoint of one's own, which seldom cares."""


@dataclass(frozen=True, slots=True)
class S3Login:
    """How one user reaches one S3 service."""

    endpoint_url: str | None
    """None: Amazon's."""
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    region: str | None = None


@dataclass(frozen=True, slots=True)
class S3Logins:
    """All logins of the user, by `user@site`."""

    by_name: Mapping[str, S3Login] = field(default_factory=dict)
    fallback: S3Login | None = None
    """Of an s3cmd file: for every `user@site` that has none of its own."""
    warnings: tuple[Problem, ...] = ()

    def find(self, url: str) -> S3Login | None:
        """Return the login of an `s3://user@site/…` URL; None for other URLs and unknown users."""
        name = s3_user(url)
        return None if name is None else self.by_name.get(name, self.fallback)


def home_directory(environment: Mapping[str, str]) -> Path | None:
    """Return the user's home directory; None where the environment names none."""
    home = environment.get("HOME")
    return Path(home) if home else None


def load_logins(home: Path | None, environment: Mapping[str, str]) -> S3Logins:
    """Read the first file that there is; without one there are no logins.

    Shapes: a file that cannot be read is a warning: whoever needs it will miss its login.
    Source: Pegasus user guide, "Credentials Management"; s3cmd for `[default]`.
    """
    for variable, usual in FILES:
        named = environment.get(variable)
        path = Path(named) if named else home / usual if home else None
        if path is not None and (named or path.is_file()):
            return _read(path)
    return S3Logins()


def _read(path: Path) -> S3Logins:
    # Raw: a key may hold a percent sign.
    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(path.read_text("utf-8"))
        mode = path.stat().st_mode
    except configparser.Error as error:
        return _unusable(f"{path}:{_line(error)}", "expected [section] and key = value")
    except UnicodeDecodeError:
        return _unusable(str(path), "this is no text")
    except OSError as error:
        return _unusable(str(path), (error.strerror or str(error)).lower())
    sections = {name: dict(parser[name]) for name in parser.sections()}
    return S3Logins(
        by_name={name: _login(name, sections) for name in sections if "@" in name},
        fallback=_s3cmd_login(sections[DEFAULT]) if DEFAULT in sections else None,
        warnings=_warnings(path, mode),
    )


def _unusable(where: str, reason: str) -> S3Logins:
    message = f"{reason}; no login for s3://user@site/ URLs is taken from this file"
    return S3Logins(warnings=(Problem(message, where, "see docs/data-reuse.md"),))


def _line(error: Exception) -> int:
    """Return where the parser stopped; its message is left alone, for it quotes the line."""
    lines = [number for number, _ in getattr(error, "errors", ())]
    return int(getattr(error, "lineno", None) or (lines or [1])[0])


def _login(name: str, sections: Mapping[str, Mapping[str, str]]) -> S3Login:
    user, site = sections[name], sections.get(name.rpartition("@")[2], {})
    endpoint = user.get("endpoint") or site.get("endpoint")
    return S3Login(
        endpoint_url=None if endpoint is None or _is_amazon(endpoint) else endpoint.rstrip("/"),
        access_key=user.get("access_key"),
        secret_key=user.get("secret_key"),
        token=user.get("session_token"),
        region=user.get("region") or site.get("region"),
    )


def _s3cmd_login(section: Mapping[str, str]) -> S3Login:
    host = section.get("host_base", "")
    scheme = "http" if section.get("use_https", "True").lower() in ("false", "no") else "https"
    return S3Login(
        endpoint_url=f"{scheme}://{host}" if host and not _is_amazon(f"//{host}") else None,
        access_key=section.get("access_key"),
        secret_key=section.get("secret_key"),
        token=section.get("access_token") or None,
        region=section.get("bucket_location") or None,
    )


def _is_amazon(endpoint: str) -> bool:
    host = endpoint.partition("//")[2].partition("/")[0].partition(":")[0]
    return host == AMAZON.removeprefix(".") or host.endswith(AMAZON)


def _warnings(path: Path, mode: int) -> tuple[Problem, ...]:
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return ()
    return (
        Problem(
            f"others may read this file ({stat.S_IMODE(mode):04o}), and it holds keys",
            str(path),
            f"chmod 600 {path}",
        ),
    )
