"""How one embedded AWS is set up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

NToNFailure = Literal["child", "array"]
N_TO_N_FAILURES: tuple[NToNFailure, ...] = get_args(NToNFailure)
Runtime = Literal["process", "docker", "podman", "buildah"]
RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings:
    """What the state machine must know of the machine and of undocumented corners."""

    vcpus: float | None = None
    """vCPUs of all compute environments together; None: each environment's own bound alone."""
    memory_mib: int | None = None
    """Memory of this machine; a job that asks for more runs capped. None: no bound."""
    strict: bool = False
    """A job larger than its environments stays RUNNABLE, as on Amazon; else it runs capped."""
    n_to_n_failure: NToNFailure | None = None
    """What a failed child does to an N_TO_N dependent: fails the child of its index, or, when
    its array has ended, every child that has not started. None: as in the last embedded AWS of
    the folder, else the child."""
    kill_after_seconds: float = 30.0
    """From SIGTERM to SIGKILL."""
    late_seconds: float = 0.0
    """For how long a fresh job id is not shown."""
    settle_seconds: float = 0.05
    """How long environments and queues stay CREATING, UPDATING or DELETING."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """One embedded AWS: its folder, address and habits."""

    folder: Path
    """`<dir>/local-aws`: database, events, logs, buckets."""
    machine: MachineSettings = MachineSettings()
    port: int = 0
    """0: the one of the last time where free, else any."""
    region: str = ""
    """Empty: that of the last embedded AWS of the folder, else us-east-1."""
    account: str = ""
    """12 digits. Empty: that of the last embedded AWS of the folder, else 123456789012."""
    idle_seconds: float | None = 60.0
    """Ends so long after the last job and call; None: never."""
    lock_patience_seconds: float = 15.0
    """How long to wait for another emulator on this folder to end."""
    runtime: Runtime | None = None
    """What children run in; None: that of the last embedded AWS of the folder, else processes."""
    entry: tuple[str, ...]
    """The words before a child's command: interpreter and entry script."""
    entry_for_all: bool = False
    """Start every child so, not only those whose image has the entry script."""
    minimum_timeout_seconds: int = 60
    """Smallest attemptDurationSeconds; Amazon's is 60, tests want less."""
    wire: bool = False
    """Start moto's server at once, not when the first call for it comes."""
    calls_per_second: float | None = None
    """Answer 429 above this rate; Amazon's is 50. 0: no bound; None: as in the last embedded AWS
    of the folder, else no bound."""

    @property
    def home(self) -> str:
        """Return region and account as they stand in ARNs, `us-east-1:123456789012`."""
        return f"{self.region or DEFAULT_REGION}:{self.account or DEFAULT_ACCOUNT}"

    @property
    def buckets(self) -> Path:
        """Return the folder whose folders are the buckets."""
        return self.folder / "s3"
