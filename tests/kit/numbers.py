"""National identifiers: of nobody, with a right check digit; and what looks like one."""

from datetime import date

NUMBERS = ("19850101-1234", "8501011234", "850101 1234", "850161-1234", "8501-01/1234")
"""What may be national numbers."""


def number(born: date = date(1990, 1, 1), serial: int = 1, *, later: int = 0) -> str:
    """Return twelve digits; ``later`` of 60 makes a coordination number."""
    nine = f"{born:%y%m}{born.day + later:02}{serial:03}"
    doubled = [int(c) * (2 - place % 2) for place, c in enumerate(nine)]
    check = -sum(each // 10 + each % 10 for each in doubled) % 10
    return f"{born:%Y}{nine[2:]}{check}"
