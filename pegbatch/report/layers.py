"""The order of boxes in a drawing in layers, so that their links cross little."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SWEEPS = 4


def ordered_layers(layers: Mapping[str, int], links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the keys layer by layer, each moved towards the middle of what it is linked with.

    Shapes: links between keys that are not there are passed over.
    """
    by_layer: dict[int, list[str]] = {}
    for key, layer in layers.items():
        by_layer.setdefault(layer, []).append(key)
    rows = [by_layer[number] for number in sorted(by_layer)]
    neighbours: dict[str, list[str]] = {key: [] for key in layers}
    for start, end in links:
        if start in neighbours and end in neighbours:
            neighbours[start].append(end)
            neighbours[end].append(start)
    for _ in range(SWEEPS):
        places = {key: (i + 0.5) / len(row) for row in rows for i, key in enumerate(row)}
        for row in rows:
            row.sort(key=lambda key: _mean([places[other] for other in neighbours[key]]))
            places |= {key: (i + 0.5) / len(row) for i, key in enumerate(row)}
    return rows


def _mean(places: Sequence[float]) -> float:
    return sum(places) / len(places) if places else 0.5
