"""Files that are being written, and get their name when they are whole.

They have no name until then, so that they are gone with a writer that is killed. Where a file
system has no files without a name, they have a hidden one (`#` and digits) and are renamed.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

OWN_FILES = Path("/proc/self/fd")
"""Where a file without a name can be given one; not there in a bare chroot."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_UNNAMED = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)
"""What open says to O_TMPFILE where a file system, or an old kernel, does not know it."""


def is_full(error: OSError) -> bool:
    """Say whether an error means that there is no space left."""
    return error.errno in _FULL


class Draft:
    """A file that is being written through its descriptor, and is no object yet."""

    def __init__(self, path: Path) -> None:
        """Take the object's path, below which folders are made as needed."""
        self._path = path
        self._folder = path.parent
        self._hidden = path
        self._named = False
        """Whether the hidden name is in use."""

    def __enter__(self) -> Draft:
        try:
            self.descriptor = self._open()
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            self.descriptor = self._open()
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self.descriptor)
        if self._named:
            with suppress(OSError):
                self._hidden.unlink()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CLOEXEC
        if OWN_FILES.is_dir():
            try:
                return os.open(self._folder, flags | os.O_TMPFILE, 0o666)
            except OSError as error:
                if error.errno not in _NO_UNNAMED:
                    raise
        self._hidden = self._unused_name()
        descriptor = os.open(self._hidden, flags | os.O_CREAT | os.O_EXCL, 0o666)
        self._named = True
        return descriptor

    def publish(self, *, create: bool) -> bool:
        """Give the file its name; with create, one that has it keeps it (False)."""
        if self._named:
            return self._publish_named(create=create)
        try:
            self._link(self._path)
        except FileExistsError:
            if create:
                return False
            self._hidden = self._unused_name()
            self._link(self._hidden)
            self._named = True
            self._rename()
        return True

    def _unused_name(self) -> Path:
        return self._folder / f"#{int.from_bytes(os.urandom(7), 'big')}"

    def _link(self, path: Path) -> None:
        # With a folder it is linkat(2), which follows the link to the file without a name.
        own = self.descriptor
        os.link(f"{OWN_FILES}/{own}", path, src_dir_fd=own, follow_symlinks=True)

    def _publish_named(self, *, create: bool) -> bool:
        if create:
            try:
                self._path.hardlink_to(self._hidden)
            except FileExistsError:
                return False
            except OSError as error:
                # Where there are no hard links, the look before writing has to do.
                if is_full(error):
                    raise
            else:
                return True
        self._rename()
        return True

    def _rename(self) -> None:
        self._hidden.rename(self._path)
        self._named = False
