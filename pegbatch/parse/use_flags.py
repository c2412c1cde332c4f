"""How a job uses a file, from the words of DAX XML and YAML alike to the bits of the model."""

from __future__ import annotations

from functools import lru_cache

from pegbatch.model.workflow import CHECKPOINT, INPUT, OPTIONAL, OUTPUT, REGISTER, TRANSFER

LINKS = {
    "": 0,
    "none": 0,
    "input": INPUT,
    "output": OUTPUT,
    "inout": INPUT | OUTPUT,
    "checkpoint": CHECKPOINT | OPTIONAL,
}
"""The words for the direction of a use; a checkpoint file is neither input nor output here."""

_SENT_OUT = OUTPUT | CHECKPOINT
_YES = frozenset(("true", "yes", "on", "y", "1"))
_NO = frozenset(("false", "no", "off", "n", "0"))


@lru_cache(maxsize=4096)
def use_flags(link: str, optional: str | None, transfer: str | None, register: str | None) -> int:
    """Return the flags of a use.

    Shapes: words as written, None where not said: not optional, transferred, registered. A
    transfer may be `optional`. Transfer and register say something of outputs only; an unknown
    link is none.
    """
    flags = LINKS.get(link, 0)
    transfer = _word(transfer)
    if transfer == "optional" or _word(optional) in _YES:
        flags |= OPTIONAL
    if flags & _SENT_OUT:
        if transfer not in _NO:
            flags |= TRANSFER
        if _word(register) not in _NO:
            flags |= REGISTER
    return flags


def _word(text: str | None) -> str:
    return (text or "").strip().lower()
