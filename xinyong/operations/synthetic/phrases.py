"""Fills the texts of acts and licences, a column at a time."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from xinyong.operations.synthetic import draw

_SLOT = re.compile(r"\{(\w)\}")


def fill(template: str, slots: Mapping[str, draw.Texts], count: int) -> draw.Texts:
    """The template with each ``{x}`` replaced by the row's text."""
    pieces = _SLOT.split(template)
    if len(pieces) == 1:
        return draw.same(template, count)
    return draw.join(
        *(slots[piece] if place % 2 else piece for place, piece in enumerate(pieces) if piece or place % 2)
    )


def fill_each(templates: Sequence[str], which: draw.Whole, slots: Mapping[str, draw.Texts]) -> draw.Texts:
    """Row by row the template of its place, filled."""
    masks, parts = [], []
    for place, template in enumerate(templates):
        mask = which == place
        if mask.any():
            rows = np.flatnonzero(mask)
            used = {name: draw.take(slots[name], rows) for name in set(_SLOT.findall(template))}
            masks.append(mask)
            parts.append(fill(template, used, len(rows)))
    return draw.spread(masks, parts, len(which)) if parts else draw.same("", 0)


def common(seed: int, salt: str, index: draw.Whole, days: draw.Whole, addresses: draw.Texts) -> dict[str, draw.Texts]:
    """The slots every text may use: ``d`` a day before the decision, ``a`` an address, ``n``, ``k`` counts, ``m`` yuan."""
    before = days - 8 - (draw.unit(seed, salt + "/before", index) ** 2 * 120).astype(np.int64)
    amount = np.exp(draw.bell(seed, salt + "/amount", index) * 1.4 + 8.5).astype(np.int64) + 20
    return {
        "d": draw.in_words(before),
        "a": addresses,
        "n": draw.plain(draw.below(seed, salt + "/n", index, 58) + 2),
        "k": draw.plain(draw.below(seed, salt + "/k", index, 8) + 2),
        "m": draw.plain(amount),
    }
