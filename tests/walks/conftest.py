"""What walks that take days share: a clock that is set ahead, and a town with it."""

from datetime import timedelta

import pytest
from kit.placing import cover, roomy
from kit.scenario_placing import Clock
from kit.town import Town

LONG = timedelta(days=90)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def town(tmp_path, clock):
    settings = {"clock": clock, "lifetime": LONG}
    with Town(tmp_path, **roomy(tmp_path), **settings) as town:
        cover(town)
        yield town
