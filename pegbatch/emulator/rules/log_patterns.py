"""Filter patterns of CloudWatch Logs for unstructured text.

Source: CloudWatch Logs User Guide, "Filter pattern syntax": terms that must all be there, `"…"` for
several words, `?term` for alternatives, `-term` for what must not be there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pegbatch.emulator.refusals import Refusal

_TERM = re.compile(r'([?-]?)(?:"([^"]*)"|(\S+))')


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return the test of a message that a pattern makes; an empty one takes all.

    Errors: Refusal for JSON, space-delimited and regular-expression patterns.
    """
    text = pattern.strip()
    if text.startswith(("{", "[", "%")):
        raise Refusal(
            f"the embedded AWS takes patterns of words only, not {text!r}",
            error_type="InvalidParameterException",
        )
    terms = [(match[1], match[2] or match[3]) for match in _TERM.finditer(text)]
    needed = [term for sign, term in terms if not sign]
    banned = [term for sign, term in terms if sign == "-"]
    either = [term for sign, term in terms if sign == "?"]

    def test(message: str) -> bool:
        return (
            all(term in message for term in needed)
            and not any(term in message for term in banned)
            and (not either or any(term in message for term in either))
        )

    return test
