"""Where sealed values lie. A room that keeps some says so beside its models: ``SEALED`` in its ``models.py``.

Rotation goes through these places (security/reseal.py); a value in a place that nobody declared would stay under its old key,
so a test holds that every column named ``sealed`` and every context in the code is declared.
"""

from dataclasses import dataclass

from django.apps import apps


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values: its table, the context they were sealed with, the columns that find a row again."""

    table: str
    context: str
    column: str = "sealed"
    key: tuple[str, ...] = ("id",)

    @property
    def name(self) -> str:
        """table.column."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class SealedFiles:
    """Sealed files below the data directory, found by a pattern."""

    pattern: str
    context: str

    @property
    def name(self) -> str:
        """The pattern."""
        return self.pattern


def declared() -> tuple[SealedColumn | SealedFiles, ...]:
    """Every place where the rooms keep sealed values."""
    return tuple(
        place for room in apps.get_app_configs() for place in getattr(room.models_module, "SEALED", ())
    )  # fmt: skip
