"""Who runs the command: a folder of every submit directory's path."""

from __future__ import annotations

import getpass
import os


def current_user() -> str:
    """Return the user's name, or the number where the system knows no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
