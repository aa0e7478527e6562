"""The events: the only things that change a state."""

from dataclasses import is_dataclass
from typing import get_args

import pytest

from placement.domain.erasure_events import ErasureAgreed
from placement.domain.events import Amendment, Event, ProviderLifted, ReleaseSigned
from placement.domain.extract_events import ExtractAgreed


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
def test_events_are_frozen(kind):
    """An event is a frozen record."""
    got = (is_dataclass(kind), kind.__dataclass_params__.frozen)

    assert got == (True, True)


def test_amendments_are_events():
    """What a change does to facts is also an event of its own; the rest is not."""
    got = set(get_args(Amendment)) - set(get_args(Event))

    assert got == {ErasureAgreed, ExtractAgreed, ProviderLifted, ReleaseSigned}
