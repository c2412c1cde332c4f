"""References of container images, as far as their form goes."""

from __future__ import annotations

import re

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:(?:localhost|(?=[^/]*[.:])[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d+)?/)?"
_REFERENCE = re.compile(
    rf"{_HOST}{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
).fullmatch
_ECR = re.compile(r"([^./]+)\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/.+").fullmatch
_LONGEST = 255


def image_fault(image: str) -> str:
    """Return what is wrong with a reference; empty where it has the right form.

    Source: the grammar of image references; ECR registries begin with an account number.
    """
    if not image:
        return "the definition names no image"
    if len(image) > _LONGEST or not _REFERENCE(image):
        return f"{image!r} is no reference of an image: [registry/]name[:tag]"
    registry = _ECR(image)
    if registry and not re.fullmatch(r"\d{12}", registry[1]):
        return f"{image!r} names no account: an ECR registry begins with its 12 digits"
    return ""
