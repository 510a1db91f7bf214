"""Names of organisations as this node reads them: shown form, key, trade name, lexemes."""

import re
from collections.abc import Iterable

import pyarrow as pa

from xinyong.kernel import names
from xinyong.security import identity
from xinyong.subjects import grams

_ENDING = re.compile(r"(省|市|县|区|旗|镇|乡|街道)$")


class Reader:
    """Reads names, knowing this node's own divisions (townships, or a division that kernel's table does not have)."""

    def __init__(self) -> None:
        own = set(identity.regions().values())
        own |= {short for name in own if len(short := _ENDING.sub("", name)) > 1}
        self._places = tuple(sorted(own, key=len, reverse=True))

    def dissect(self, name: str) -> names.NameParts:
        """The parts of a name; a division of this node before the trade name goes to the division."""
        parts = names.dissect(name)
        division, trade = parts.division, parts.trade_name
        while trade.startswith(self._places) and self._places:
            place = next(place for place in self._places if trade.startswith(place))
            if len(trade) - len(place) < 2:
                break
            division, trade = division + place, trade[len(place) :]
        if trade == parts.trade_name:
            return parts
        return names.NameParts(division, trade, parts.industry, parts.legal_form, parts.branch)

    def columns(self, given: Iterable[str | None]) -> dict[str, pa.Array]:
        """``name``, ``name_key``, ``trade_name`` (its key) and ``grams`` of every name; a missing one is empty."""
        shown = [names.normalise(text) if text else "" for text in given]
        keys = names.key_column(pa.array(shown, pa.string())).to_pylist()
        trades = names.key_column(
            pa.array([self.dissect(text).trade_name if text else "" for text in shown], pa.string())
        ).to_pylist()
        lexemes = [grams.of_name(key, trade_key=trade) for key, trade in zip(keys, trades, strict=True)]
        columns = {"name": shown, "name_key": keys, "trade_name": trades, "grams": lexemes}
        return {column: pa.array(values, pa.string()) for column, values in columns.items()}
