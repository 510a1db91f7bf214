"""Builds ``xinyong/kernel/data/simplified.txt``: traditional character → simplified, from OpenCC's t2s dictionary.

Written once and kept, not computed at run time: compare keys are stored, so the table may not change with a package.
"""

from pathlib import Path

from opencc import OpenCC

TARGET = Path(__file__).parent.parent / "xinyong" / "kernel" / "data" / "simplified.txt"
HEADER = "# Traditional character and its simplified form. From OpenCC's t2s (Apache-2.0); tools/characters.py.\n"
RANGES = [(0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x32000)]


def main() -> None:
    characters = [chr(code) for first, last in RANGES for code in range(first, last)]
    simplified = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    pairs = [f"{a}{b}\n" for a, b in zip(characters, simplified, strict=True) if a != b and len(b) == 1]
    TARGET.write_text(HEADER + "".join(pairs), encoding="utf-8")
    print(f"{len(pairs)} characters, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
