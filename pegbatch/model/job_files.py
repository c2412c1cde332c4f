"""A job-submit file of pegasus-aws-batch: tasks that are to run side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TRANSFER_FILES = "TRANSFER_INPUT_FILES"
"""The variable that lists what is sent along: paths with commas between."""
FILE_TYPE = "BATCH_FILE_TYPE"
FILE_URL = "BATCH_FILE_S3_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask:
    """One entry of `SubmitJob`."""

    name: str
    executable: str
    arguments: str
    """One string, as Pegasus writes it; split into words as a shell would."""
    environment: Mapping[str, str]
    where: str
    """`file:SubmitJob[n]`, for messages."""

    @property
    def is_zip(self) -> bool:
        """Tell whether the program is a script in a zip file, named by the first argument."""
        return self.environment.get(FILE_TYPE, "script") == "zip"

    @property
    def files(self) -> tuple[str, ...]:
        """Return the paths that are sent along."""
        paths = self.environment.get(TRANSFER_FILES, "").split(",")
        return tuple(path.strip() for path in paths if path.strip())
