"""Where a workflow that is planned says who is told of its run."""

from __future__ import annotations

from pathlib import Path

from pegbatch.adapters.files import DEFAULT_PROPERTIES
from pegbatch.model.notify import KEYS, NotifyOptions, read_notify_options
from pegbatch.model.settings import Settings


def notify_options(settings: Settings) -> NotifyOptions:
    """Read the properties while a workflow is planned.

    Errors: InputError with every value that does not fit.
    """
    values = {key: settings.get(key) for key in KEYS if key in settings.properties}
    return read_notify_options(values, settings.where)


def properties_file(conf: Path | None, directory: Path) -> Path | None:
    """Return the properties file that a workflow is planned with, to be read again for secrets."""
    path = directory / (conf or DEFAULT_PROPERTIES)
    return path if conf is not None or path.is_file() else None
