"""How children find S3: as directories, or over the wire at the address of the embedded AWS.

`pegbatch run` says in its requests where the folder of buckets is. Whoever else submits jobs has
put their data into S3 over the wire, so that is where their children look.
"""

from __future__ import annotations

from collections.abc import Mapping

from pegbatch.emulator.settings import EmulatorSettings
from pegbatch.emulator.state.jobs import JobSpec
from pegbatch.emulator.state.waiters import is_waiter

BATCH_VARIABLE = "AWS_ENDPOINT_URL_BATCH"
FOLDER_VARIABLE = "PEGBATCH_S3_DIRECTORY"
MARK_VARIABLE = "PEGBATCH_EMULATOR"
"""Tells whose child a process is."""


class StoreVariables:
    """The variables of children that depend on where the buckets are."""

    def __init__(self, settings: EmulatorSettings, *, wire: bool) -> None:
        """Take the settings, and whether there is an S3 on the wire."""
        self._wire = wire
        self._region = settings.region
        self._mark = {MARK_VARIABLE: str(settings.folder)}
        self._directory = {FOLDER_VARIABLE: str(settings.buckets)}
        self.url = ""
        """Address of the embedded AWS, known when it listens."""

    def of(self, spec: JobSpec) -> Mapping[str, str]:
        """Return the variables of a job's children; one that runs sub-workflows finds Batch."""
        batch = {BATCH_VARIABLE: self.url} if is_waiter(spec) else {}
        if FOLDER_VARIABLE in spec.environment or not self._wire:
            return {**self._mark, **self._directory, **batch}
        return {
            **self._mark,
            **batch,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "embedded",
            "AWS_SECRET_ACCESS_KEY": "embedded",
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
        }
