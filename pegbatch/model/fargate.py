"""The sizes that Fargate has.

Source: AWS Batch User Guide, "Job definitions on Fargate"; API ResourceRequirement.
"""

from __future__ import annotations

from collections.abc import Mapping

_GIB = 1024

FARGATE_MEMORY: Mapping[float, tuple[int, ...]] = {
    0.25: (512, 1024, 2048),
    0.5: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1.0: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2.0: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4.0: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8.0: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16.0: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""vCPUs to the MiB that go with them, both ascending."""


def fargate_pair(vcpus: float, memory_mib: int) -> tuple[float, int] | None:
    """Return the smallest pair that holds so much; None where Fargate has none."""
    for size, memories in FARGATE_MEMORY.items():
        if size >= vcpus:
            for memory in memories:
                if memory >= memory_mib:
                    return size, memory
    return None
