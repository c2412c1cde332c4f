"""`--set NAME=VALUE`, held against what the template says of its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pegbatch.errors import Problem, UsageError

TEMPLATE = Path(__file__).with_name("bootstrap.yml")
"""conf/bootstrap.yml, which the package carries."""
PREFIX = "Prefix"

Json = Mapping[str, Any]


class _Loader(yaml.SafeLoader):
    """Reads a template; CloudFormation's short tags mean nothing here."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def stack_parameters(prefix: str, settings: Sequence[str]) -> dict[str, str]:
    """Return the parameters of the stack of a prefix.

    Errors: UsageError with each setting that the template does not take.
    """
    known = yaml.load(TEMPLATE.read_text("utf-8"), _Loader)["Parameters"]
    problems = []
    if not re.fullmatch(known[PREFIX]["AllowedPattern"], prefix):
        hint = "up to 22 small letters, digits and hyphens, a letter first"
        problems.append(Problem(f"{prefix!r} cannot begin the name of a bucket", "--prefix", hint))
    found = {PREFIX: prefix}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not sign or name not in known or name == PREFIX:
            names = ", ".join(one for one in known if one != PREFIX)
            problems.append(Problem(f"{setting!r} is no NAME=VALUE", "--set", f"names: {names}"))
            continue
        for fault in _faults(known[name], value):
            problems.append(Problem(f"{setting}: {fault}", "--set", known[name]["Description"]))
        found[name] = value
    for pair in (("VpcId", "Subnets"), ("Schedule", "ScheduleImage")):
        if len([name for name in pair if found.get(name)]) == 1:
            text = f"{' and '.join(pair)} go together"
            problems.append(Problem(text, "--set", "give both, or neither"))
    if problems:
        raise UsageError(problems=problems)
    return found


def _faults(parameter: Json, value: str) -> Iterator[str]:
    allowed = [str(one) for one in parameter.get("AllowedValues", ())]
    if allowed and value not in allowed:
        yield f"must be one of {', '.join(allowed)}"
    elif parameter["Type"] == "Number":
        least, most = parameter.get("MinValue", 0), parameter.get("MaxValue")
        number = int(value) if value.isascii() and value.isdecimal() else -1
        if number < least or (most is not None and number > most):
            yield f"must be a whole number from {least}" + (f" to {most}" if most else "")
    elif "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
        yield "is not of the form that is wanted"
    elif parameter["Type"] != "String" and not value:
        yield "must not be empty"
