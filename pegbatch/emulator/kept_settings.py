"""Settings that an embedded AWS takes over from the last one on its folder."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.emulator.settings import (
    DEFAULT_REGION,
    N_TO_N_FAILURES,
    RUNTIMES,
    EmulatorSettings,
    NToNFailure,
    Runtime,
)
from pegbatch.emulator.storage import Storage
from pegbatch.errors import OutsideError


def with_kept(settings: EmulatorSettings, storage: Storage) -> EmulatorSettings:
    """Return the settings in force, and keep them: jobs that wait go on as they were meant to run.

    Errors: OutsideError where another region is asked for than that of entities that are there.
    """
    runtime = settings.runtime or _known_runtime(storage.get("runtime"))
    kept = storage.get("region")
    region = settings.region or kept or DEFAULT_REGION
    if kept not in (None, region) and next(iter(storage.entities()), None) is not None:
        raise OutsideError(
            f"what this folder holds is in the region {kept}, not in {region}",
            where=str(settings.folder),
            hint=f"leave out --region, or give another --dir for {region}",
        )
    failure = settings.machine.n_to_n_failure or _known_failure(storage.get("n_to_n_failure"))
    rate = settings.calls_per_second
    if rate is None:
        rate = _known_rate(storage.get("calls_per_second"))
    storage.set("runtime", runtime)
    storage.set("region", region)
    storage.set("n_to_n_failure", failure)
    storage.set("calls_per_second", str(rate or 0))
    return replace(
        settings,
        machine=replace(settings.machine, n_to_n_failure=failure),
        calls_per_second=rate or None,
        runtime=runtime,
        region=region,
    )


def _known_failure(name: str | None) -> NToNFailure:
    return next((known for known in N_TO_N_FAILURES if known == name), "child")


def _known_rate(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _known_runtime(name: str | None) -> Runtime:
    return next((known for known in RUNTIMES if known == name), "process")
