"""Who is told of a run: what the plan says, and what is secret beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pegbatch.adapters.files import load_settings
from pegbatch.adapters.s3_logins import home_directory
from pegbatch.cli.wiring import OpenRun
from pegbatch.model.notify import KEYS, WEBHOOK, NotifyOptions, read_notify_options


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Who is told, and of what."""

    options: NotifyOptions
    webhook: str = ""

    @property
    def anybody(self) -> bool:
        """Tell whether there is anybody."""
        return bool(self.options.topic or self.webhook)


def recipients(run: OpenRun) -> Recipients:
    """Return who is told of a run.

    Shapes: what the plan says counts; what it does not say, the webhook among that, is read where
    the user has it: environment, the properties file of the plan, `~/.pegasusrc`.
    Errors: InputError where a value does not fit, or the file cannot be read.
    """
    conf = run.directory.properties_file()
    settings = load_settings(
        conf if conf is not None and conf.is_file() else None,
        (),
        run.directory.path,
        home_directory(os.environ),
        os.environ,
    )
    own = {key: settings.get(key) for key in KEYS if key in settings.properties}
    planned = {key: run.plan.properties[key] for key in KEYS if key in run.plan.properties}
    webhook = own.get(WEBHOOK, "").strip()
    return Recipients(
        options=read_notify_options({**own, **planned}, settings.where), webhook=webhook
    )
