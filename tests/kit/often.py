"""How many examples a property is tried on: some by default, many at night."""

import os
from math import ceil

from hypothesis import HealthCheck, settings

TIMES = float(os.environ.get("TIMES", "1"))
"""By what the numbers below are multiplied: ``make properties TIMES=20``."""


def often(examples: int) -> settings:
    """Return the settings of a property that is tried on so many examples."""
    return settings(
        max_examples=ceil(examples * TIMES),
        deadline=None,  # the machine may be busy
        suppress_health_check=[HealthCheck.too_slow],
    )
