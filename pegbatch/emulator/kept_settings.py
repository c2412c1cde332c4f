"""Settings that an embedded AWS takes over from the last one on its folder."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.emulator.settings import (
    DEFAULT_ACCOUNT,
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

    Errors: OutsideError where another region or account is asked for than that of entities that
    are there.
    """
    runtime = settings.runtime or _known_runtime(storage.get("runtime"))
    region = _home(settings.region, "region", DEFAULT_REGION, settings, storage)
    account = _home(settings.account, "account", DEFAULT_ACCOUNT, settings, storage)
    failure = settings.machine.n_to_n_failure or _known_failure(storage.get("n_to_n_failure"))
    rate = settings.calls_per_second
    if rate is None:
        rate = _known_rate(storage.get("calls_per_second"))
    storage.set("runtime", runtime)
    storage.set("region", region)
    storage.set("account", account)
    storage.set("n_to_n_failure", failure)
    storage.set("calls_per_second", str(rate or 0))
    return replace(
        settings,
        machine=replace(settings.machine, n_to_n_failure=failure),
        calls_per_second=rate or None,
        runtime=runtime,
        region=region,
        account=account,
    )


def _home(asked: str, what: str, default: str, settings: EmulatorSettings, storage: Storage) -> str:
    """Return the region, or the account: what ARNs of the folder hold, once there are any."""
    holds = next(iter(storage.entities()), None) is not None
    kept = storage.get(what) or (default if holds else None)
    found = asked or kept or default
    if holds and kept != found:
        raise OutsideError(
            f"what this folder holds is in the {what} {kept}, not in {found}",
            where=str(settings.folder),
            hint=f"leave out --{what}, or give another --dir for {found}",
        )
    return found


def _known_failure(name: str | None) -> NToNFailure:
    return next((known for known in N_TO_N_FAILURES if known == name), "child")


def _known_rate(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _known_runtime(name: str | None) -> Runtime:
    return next((known for known in RUNTIMES if known == name), "process")
