"""moto's server in a process of its own: the AWS services that are not ours.

It listens on a socket in the file system that nobody else can reach, and it ends when the pipe
to it is closed, which happens however this process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pegbatch.errors import OutsideError

logger = logging.getLogger(__name__)
INSTALL_HINT = "install it with `pip install 'pegbatch[emulator]'`"
_MODULES = ("moto", "flask", "flask_cors", "werkzeug")
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "TMPDIR")
_SOCKET = "moto"
_STANDARD_ERROR = 2


def is_installed() -> bool:
    """Tell whether moto's server can be started here."""
    return all(importlib.util.find_spec(name) is not None for name in _MODULES)


def check_installed() -> None:
    """Refuse where moto's server is missing.

    Errors: OutsideError.
    """
    if not is_installed():
        raise OutsideError(
            "moto's server is missing; it serves S3 over the wire, IAM, CloudFormation and more",
            hint=INSTALL_HINT,
        )


class MotoProcess:
    """One such server, started by the first who needs it, and again if it has died."""

    def __init__(self, folder: Path, region: str, account: str) -> None:
        """Take a folder of this user alone, the region of calls that name none, and whose it is."""
        self._folder = folder
        self._region = region
        self._account = account
        self._place = -1
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        """Address of the embedded AWS, which stacks put their Batch resources into."""

    @property
    def pid(self) -> int | None:
        """Return its process id, None where it is not running."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to it, started if need be; it answers when it is up.

        Errors: OutsideError where it is not installed, OSError where it does not take calls.
        """
        self.start()
        return await asyncio.open_unix_connection(self._address(), limit=1 << 20)

    def start(self) -> None:
        """Start it if it is not running.

        Errors: OutsideError where it is not installed.
        """
        if self.pid is not None:
            return
        check_installed()
        if self._process is not None:
            logger.warning("moto's server has died; what it held is lost, another one is started")
            self.close()
        self._place = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        with contextlib.closing(self._listen()) as listening:
            self._process = subprocess.Popen(
                [*_WORDS, str(listening.fileno()), self.url],
                stdin=subprocess.PIPE,
                stdout=_STANDARD_ERROR,
                pass_fds=[listening.fileno()],
                cwd=self._folder,
                env=_environment(os.environ, self._region, self._account),
                start_new_session=True,
            )

    def close(self) -> None:
        """End it and wait for its end."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process = None
        os.close(self._place)
        (self._folder / _SOCKET).unlink(missing_ok=True)

    def _address(self) -> str:
        # By way of the open folder: a socket's path has at most 107 bytes.
        return f"/proc/self/fd/{self._place}/{_SOCKET}"

    def _listen(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(self._address())
        # Connections wait here from now on, while it imports what it needs.
        listening.listen(512)
        return listening


# -P: what lies in the current directory must not be taken for modules.
_WORDS = (sys.executable, "-P", "-m", "pegbatch.emulator.moto_server")


def _environment(outer: Mapping[str, str], region: str, account: str) -> dict[str, str]:
    kept = {key: outer[key] for key in _PASSED_ON if key in outer}
    chosen = {key: value for key, value in outer.items() if key.startswith("MOTO_")}
    return {
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
        **kept,
        **chosen,
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_DEFAULT_REGION": region,
        "MOTO_ACCOUNT_ID": account,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
