"""Whoever asks waits in order, and is never forgotten."""

import pytest
from kit.commands import open_case

from placement.errors import UnavailableError
from placement.service.waiting import Asked, Waiting


def test_what_came_is_taken_in_order():
    """As much as may be, at once."""
    waiting = Waiting(9)
    asked = [Asked(open_case(name)) for name in "hijk"]
    for each in asked:
        waiting.put(each)

    assert waiting.take(3, 0.0) == asked[:3]
    assert len(waiting) == 1
    assert waiting.take(3, 1.0) == asked[3:]
    assert waiting.take(3, 0.0) == []


def test_too_many_are_refused():
    """At once."""
    waiting = Waiting(1)
    waiting.put(Asked(None))

    with pytest.raises(UnavailableError):
        waiting.put(Asked(None))


def test_waking_brings_nothing():
    """Nor does what its caller gave up."""
    waiting = Waiting(9)
    given_up = Asked(open_case("h"))
    given_up.future.cancel()
    waiting.wake()
    waiting.put(given_up)

    assert waiting.take(3, 1.0) == []
    assert given_up.future.cancelled()


def test_whatever_waits_is_refused():
    """But what its caller gave up, and wakings."""
    waiting = Waiting(9)
    asked, given_up = Asked(open_case("h")), Asked(None)
    given_up.future.cancel()
    for each in (asked, given_up):
        waiting.put(each)
    waiting.wake()
    waiting.refuse()

    assert isinstance(asked.future.exception(0), UnavailableError)
    assert len(waiting) == 0
