"""The short time in which an environment or a queue is CREATING, UPDATING or DELETING."""

from __future__ import annotations

from pegbatch.emulator.registry import WORDS
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.world import World


def settle(world: World, kind: str, name: str) -> None:
    """Make an entity VALID after a while."""

    def valid(now: float) -> None:
        body = world.registry.get(kind, name)
        if body is not None and body["status"] in ("CREATING", "UPDATING"):
            reason = f"{WORDS[kind].capitalize()} Healthy"
            world.registry.save(kind, name, {**body, "status": "VALID", "statusReason": reason})

    _after(world, valid)


def vanish(world: World, kind: str, name: str, body: Json) -> None:
    """Make an entity DELETING, and gone after a while."""
    world.registry.save(kind, name, {**body, "status": "DELETING"})
    _after(world, lambda now: world.registry.remove(kind, name))


def _after(world: World, action: object) -> None:
    assert callable(action)
    when = world.now() + world.settings.machine.settle_seconds
    world.machine.core.later(when, action)


def finish_all(world: World) -> None:
    """Bring everything to rest that a restart found on its way."""
    for kind in ("compute-environment", "job-queue"):
        for name, body in list(world.registry.all(kind)):
            if body["status"] == "DELETING":
                world.registry.remove(kind, name)
            elif body["status"] in ("CREATING", "UPDATING"):
                world.registry.save(kind, name, {**body, "status": "VALID"})
