"""The only reader of the clock. Dates are Beijing dates (Asia/Shanghai), instants are aware.

Verbs take their date as an argument; doors and jobs ask here and pass it on.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This instant, aware, in Beijing time."""
    return datetime.now(tz=ZONE)


def today() -> date:
    """Today's date in Beijing."""
    return now().date()


def day(at: datetime) -> date:
    """The day of an instant in Beijing."""
    return at.astimezone(ZONE).date()
