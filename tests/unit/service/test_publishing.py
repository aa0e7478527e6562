"""When a log is signed, and when it is filled up; engines show the rest."""

import pytest
from kit.engines import SIGNER
from kit.stored import leaf

from placement.service.publishing import LATE, PUBLISH_EVERY, Publishing
from placement.service.ticks import Ticks


@pytest.fixture
def write(store, clock):
    """Return a function that writes a leaf and says whether that was signed."""

    def run(publishing, *, idle=False, wanted=False, ending=False):
        with store.writing() as log:
            log.append([], [leaf(b"entry")])
            publishing.write(log, None, wanted=wanted, idle=idle, ending=ending)
            head = log.head
        publishing.written(head)
        return head.published == head.leaves

    return run


def test_without_ticks_a_log_is_signed_each_second(store, clock, write):
    """Or when somebody asks, or nobody does anything."""
    publishing = Publishing(store, SIGNER, clock, None)
    signed = [write(publishing), write(publishing)]
    clock.now += PUBLISH_EVERY
    signed += [write(publishing), write(publishing)]
    signed += [write(publishing, wanted=True), write(publishing, idle=True)]

    assert signed == [True, False, True, False, True, True]


def test_what_is_not_signed_is_owed(store, clock, write):
    """Without ticks, once nobody writes; with them, when one is over."""
    publishing = Publishing(store, SIGNER, clock, None)
    for _ in range(2):
        write(publishing)
    ticked = Publishing(store, SIGNER, clock, Ticks(60_000_000))
    ticked.begin(store.read_head())
    head = store.read_head()
    owed = [
        each.owes(head, quiet=quiet, ending=False)
        for each in (publishing, ticked)
        for quiet in (True, False)
    ]
    clock.now += 60_000_000

    assert owed == [True, False, False, False]
    assert ticked.owes(head, quiet=False, ending=False)


def test_what_is_owed_does_not_wait_for_ever(store, clock, write):
    """Whoever wakes the engine every second does not keep the log from being signed."""
    publishing = Publishing(store, SIGNER, clock, None)

    def owed():
        return publishing.owes(store.read_head(), quiet=False, ending=False)

    def later(microseconds):
        clock.now += microseconds
        return owed()

    write(publishing)
    signed = [owed(), later(LATE)]
    write(publishing)  # which signs, since that was long ago
    write(publishing)
    waits = [owed(), later(LATE - 1), later(1)]
    write(publishing)  # which signs
    write(publishing)
    again = [owed(), later(LATE - 1), later(1)]

    assert signed == [False, False]
    assert waits == again == [False, False, True]


def test_with_ticks_the_first_of_one_is_signed(store, clock, write):
    """And nothing behind it unless somebody asks."""
    publishing = Publishing(store, SIGNER, clock, Ticks(60_000_000))
    publishing.begin(store.read_head())
    signed = [write(publishing, idle=True) for _ in range(2)]

    assert [*signed, write(publishing, wanted=True)] == [True, False, True]


def test_nothing_is_over_without_ticks(store, clock):
    """Also at the end."""
    assert not Publishing(store, SIGNER, clock, None).over(ending=True)
