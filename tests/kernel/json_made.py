"""JSON texts, sound and hostile, made by the thousand: what a strict reader must survive and judge the same each time."""

import json
import random
from collections.abc import Iterator
from typing import Any

_SCRAPS = (
    "{", "}", "[", "]", ":", ",", '"', "\\", "\\u0000", "\\ud800", "\\udc00\\ud800", "\\u12", "NaN", "-Infinity", "Infinity",
    "nan", "1e999999999", "-0", "0.0", "01", "+1", ".5", "9" * 41, "9" * 5000, "1e400", "1E-400", "null", "true", "tru",
    "\x00", "\x01", "\ufeff", "\u2028", "　", "//", "/* */", "'a'", '{"a":1,"a":2}', "[" * 33, "]" * 33, '{"a":' * 40,
    "0x10", "1_000", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\\/", "\\x41", "\t", "\r\n",
)  # fmt: skip
_KEYS = ("name", "code", "name", "行政相对人名称", "", "__proto__", "$ref", "a\\u0062", "nested")


def texts(count: int, *, seed: int = 26) -> Iterator[bytes]:
    """So many texts: sound ones, sound ones with scraps put in or bytes changed, scraps alone, and random bytes."""
    chance = random.Random(seed)
    for number in range(count):
        kind = number % 5
        if kind == 0:
            yield _sound(chance).encode()
        elif kind == 1:
            yield _with_scraps(chance).encode("utf-8", "surrogatepass")
        elif kind == 2:
            yield _with_bytes(chance)
        elif kind == 3:
            yield "".join(chance.choices(_SCRAPS, k=chance.randrange(1, 12))).encode("utf-8", "surrogatepass")
        else:
            yield chance.randbytes(chance.randrange(0, 60))


def _value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(9 if depth else 6)
    if kind < 6:
        return chance.choice(
            ["甲公司", "", 'a"b\\', "\u0000" * chance.randrange(2), 0, -17, 10**20, 1.5, True, False, None]
        )
    if kind == 6:
        return [_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(_KEYS): _value(chance, depth - 1) for _ in range(chance.randrange(4))}


def _sound(chance: random.Random) -> str:
    return json.dumps(_value(chance, 5), ensure_ascii=chance.random() < 0.5)


def _with_scraps(chance: random.Random) -> str:
    text = _sound(chance)
    if chance.random() < 0.5:  # in the place of a value, where some parsers would take it
        return text.replace(chance.choice(['""', "0", "null", "true"]), chance.choice(_SCRAPS), 1)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(_SCRAPS) + text[at:]
    return text


def _with_bytes(chance: random.Random) -> bytes:
    content = bytearray(_sound(chance).encode())
    for _ in range(chance.randrange(1, 4)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)
