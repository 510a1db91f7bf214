"""Builds ``xinyong/kernel/data/lunar.csv``: Spring Festival, Dragon Boat and Mid-Autumn 1950–2100 (PyPI ``holidays``)."""

import importlib
from pathlib import Path

TARGET = Path(__file__).parent.parent / "xinyong" / "kernel" / "data" / "lunar.csv"
# The package keeps its tables in a private class; this tool runs by hand, once in a long while.
Lunar = importlib.import_module("holidays.calendars.chinese")._ChineseLunisolar
TABLES = (Lunar.LUNAR_NEW_YEAR_DATES, Lunar.DRAGON_BOAT_DATES, Lunar.MID_AUTUMN_DATES)


def main() -> None:
    lines = ["# Month-day of lunar festivals. Facts of the calendar, taken from PyPI holidays 0.109; tools/lunar.py.\n"]
    lines.append("year,spring,dragon_boat,mid_autumn\n")
    for year in range(1950, 2101):
        lines.append(",".join([str(year), *(f"{table[year][0]:02}-{table[year][1]:02}" for table in TABLES)]) + "\n")
    TARGET.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
