"""What the describe operations of entities share."""

from __future__ import annotations

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.rules.listing import page
from pegbatch.emulator.rules.names import plain_name
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

PAGE = 100


def describe_entities(world: World, call: Call, kind: str, member: str) -> Json:
    """Return the entities that a call names, or all; in pages of up to 100."""
    wanted = call.body.get(member)
    if wanted is not None and len(wanted) > PAGE:
        raise Refusal(f"{member} has {len(wanted)} entries, more than {PAGE}")
    chosen = None if not wanted else {plain_name(kind, text) for text in wanted}
    numbered = [
        (number, body)
        for number, (name, body) in enumerate(world.registry.all(kind))
        if chosen is None or name in chosen
    ]
    items, token = page(numbered, lambda item: (item[0],), call.body, PAGE)
    answer: Json = {member: [body for _, body in items]}
    return {**answer, "nextToken": token} if token else answer
