"""Ways in which nothing starts, on demand, each until the embedded AWS is told to behave."""

from __future__ import annotations

from typing import Literal, get_args

from pegbatch.emulator.registry import ENVIRONMENT
from pegbatch.emulator.world import World

StuckKind = Literal["no-capacity", "invalid"]
"""There are no machines to be had; the compute environments there are, are INVALID."""
STUCK_KINDS: tuple[StuckKind, ...] = get_args(StuckKind)
NO_ROLE = (
    "CLIENT_ERROR - The embedded AWS was told that the service role of this compute environment"
    " cannot be assumed"
)


def get_stuck(world: World, kind: StuckKind) -> None:
    """Let nothing start any more; what runs goes on."""
    if kind == "no-capacity":
        world.machine.placement.no_capacity = True
        return
    for name, body in list(world.registry.all(ENVIRONMENT)):
        invalid = {**body, "status": "INVALID", "statusReason": NO_ROLE}
        world.registry.save(ENVIRONMENT, name, invalid)


def get_going(world: World) -> None:
    """Take back what `get_stuck` has done."""
    world.machine.placement.no_capacity = False
    for name, body in list(world.registry.all(ENVIRONMENT)):
        if body["statusReason"] == NO_ROLE:
            valid = {**body, "status": "VALID", "statusReason": "Compute environment Healthy"}
            world.registry.save(ENVIRONMENT, name, valid)
