"""National identifiers of nobody: computed, with a right check digit."""

from datetime import date


def number(born: date = date(1990, 1, 1), serial: int = 1, *, later: int = 0) -> str:
    """Return twelve digits; ``later`` of 60 makes a coordination number."""
    nine = f"{born:%y%m}{born.day + later:02}{serial:03}"
    doubled = [int(c) * (2 - place % 2) for place, c in enumerate(nine)]
    check = -sum(each // 10 + each % 10 for each in doubled) % 10
    return f"{born:%Y}{nine[2:]}{check}"
