"""Whoever follows alerts gets each that changed, as it stands, in order, and no more."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.world import NOW, token

from placement.domain.alerts import Alert
from placement.domain.terms import AlertKind, AlertState, Revision, Verdict
from placement.service.feed import Changed, Feed


def alert(name, revision, **given):
    values = {
        "id": token(name),
        "kind": AlertKind.WORSE,
        "case": token("case"),
        "placement": token("place"),
        "organisation": "1280",
        "before": Verdict.CLEAR,
        "verdict": Verdict.REVIEW,
        "regions": ("syd",),
        "raised_at": NOW,
        "acknowledge_by": NOW,
        "revision": Revision(revision),
    }
    return Alert(**(values | given))


def everybody(_):
    return True


def read(feed, revision, most=100, wanted=everybody):
    """Return ids and revisions of what changed, and how far that goes."""
    found = feed.since(revision, wanted, most)
    return [(each.id, each.revision) for each in found.alerts], found.until


@pytest.fixture
def feed():
    """Three alerts; the first was changed, and the second was closed."""
    feed = Feed()
    first, second = alert("a", 3), alert("b", 4)
    feed.publish([first, second], Revision(5))
    feed.publish([alert("c", 6), alert("a", 7)], Revision(8))
    feed.publish([alert("b", 9, state=AlertState.CLOSED)], Revision(10))
    return feed


def test_an_empty_feed():
    """Nothing, up to nothing."""
    assert Feed().since(None, everybody, 9) == Changed(alerts=(), until=Revision(0))


def test_who_begins_gets_what_is_open(feed):
    """Each once, in the order of its last change; what is closed is over."""
    assert read(feed, None) == ([(token("c"), 6), (token("a"), 7)], 10)


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        (0, [("c", 6), ("a", 7), ("b", 9)]),
        (5, [("c", 6), ("a", 7), ("b", 9)]),
        (6, [("a", 7), ("b", 9)]),
        (7, [("b", 9)]),
        (9, []),
        (10, []),
        (11, []),
    ],
)
def test_who_goes_on_gets_what_changed_since(feed, revision, expected):
    """Also that something was closed."""
    found = [(token(name), number) for name, number in expected]

    assert read(feed, Revision(revision)) == (found, 10)


def test_no_more_than_asked_for(feed):
    """The rest is behind what is returned."""
    first = read(feed, Revision(0), 1)
    second = read(feed, first[1], 1)
    third = read(feed, second[1], 1)

    assert first == ([(token("c"), 6)], 6)
    assert second == ([(token("a"), 7)], 7)
    assert third == ([(token("b"), 9)], 10)


def test_only_what_is_wanted(feed):
    """What is somebody else's moves nobody's revision back, and leaves no gap."""

    def wanted(each):
        return each.id == token("b")

    assert read(feed, Revision(0), 1, wanted) == ([(token("b"), 9)], 10)
    assert read(feed, None, 1, wanted) == ([], 10)


@given(
    steps=st.lists(
        st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=4),
        max_size=8,
    ),
    most=st.integers(1, 3),
)
def test_nobody_who_follows_misses_or_doubles(steps, most):
    """However much comes at once, the last form of each alert comes, once, in order."""
    feed, at, revision, got = Feed(), Revision(0), 0, []
    for step in steps:
        changed = {}
        for name, closed in step:
            revision += 1
            state = AlertState.CLOSED if closed else AlertState.RAISED
            changed.pop(name, None)
            changed[name] = alert(name, revision, state=state)
        feed.publish(changed.values(), Revision(revision))
        while True:
            found = feed.since(at, everybody, most)
            got += found.alerts
            at = found.until
            if len(found.alerts) < most:
                break
        seen = [each for each in got if each in changed.values()]

        assert seen == list(changed.values())
    numbers = [each.revision for each in got]

    assert numbers == sorted(set(numbers))
    assert at == feed.until


def test_readers_and_the_writer_share_it():
    """What is read while something is published is one state or the other."""
    feed, stop, wrong = Feed(), threading.Event(), []

    def follow():
        while not stop.is_set():
            found = feed.since(None, everybody, 1000)
            if [each.revision for each in found.alerts] != list(
                range(1, len(found.alerts) + 1)
            ):
                wrong.append(found)

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 300):
        feed.publish([alert(f"a{number}", number)], Revision(number))
    stop.set()
    for thread in threads:
        thread.join()

    assert wrong == []
