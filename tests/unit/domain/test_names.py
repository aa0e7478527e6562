"""The names of groups, and how the label key is replaced."""

import pytest
from kit.naming import FAR, ME, NEW, OLD, OTHER, name
from kit.world import NOW, subject, token

from placement.domain.events import Record
from placement.domain.group_events import (
    ExchangeKeyPublished,
    ExchangeKeyWithdrawn,
    GroupNamed,
    GroupRegistered,
    LabelKeyHandedOver,
    LabelRenewed,
    NameEvent,
    RotationBegun,
    RotationEnded,
)
from placement.domain.names import Names, Person, digest
from placement.domain.state import State
from placement.errors import TamperedError

FIRST = (
    GroupRegistered(group=name("A", "Ab", OLD)),
    GroupRegistered(group=name("B", "Be", OLD)),
    GroupNamed(group=name("A", "Aleph", OLD)),
)
BEGUN = RotationBegun(from_key=OLD, to_key=NEW, organisation=ME[0], person=ME[1])
RENEWED = tuple(
    LabelRenewed(renews=subject(old), group=name(group, f"new {old}", NEW))
    for group, old in (("A", "Aleph"), ("B", "Be"), ("A", "Ab"))
)


def published(person: Person, key: bytes = bytes(32)) -> ExchangeKeyPublished:
    return ExchangeKeyPublished(
        organisation=person[0],
        person=person[1],
        public_key=key,
        certificate=b"c",
        signature=b"s",
    )


def handed(person: Person, key: bytes) -> LabelKeyHandedOver:
    return LabelKeyHandedOver(
        organisation=person[0],
        person=person[1],
        from_organisation="syd",
        from_person="co-01",
        certificate=b"c",
        key=key,
        sealed=b"x",
        signature=b"s",
    )


def told(*events: NameEvent) -> Names:
    names = Names()
    for event in events:
        names.apply(event)
    return names


def held(names: Names) -> list[object]:
    """Return all that there is."""
    return [
        *(names.groups, names.prints, names.key, names.rotation, names.renewed),
        names.exchange,
        {person: keys for person, keys in names.handed.items() if keys},
    ]


KEYS = (
    published(ME),
    published(OTHER),
    handed(OTHER, OLD),
    handed(OTHER, NEW),
    handed(FAR, OLD),
)


def test_a_group_has_several_names():
    """The one it was registered under is the first; each is told by its fingerprint."""
    names = told(*FIRST)

    assert [one.fingerprint for one in names] == [*map(subject, ("Ab", "Aleph", "Be"))]
    assert [names.further(one) for one in names] == [False, True, False]
    assert names.prints[subject("Aleph")] == token("A")
    assert names.key == OLD


def test_the_first_key_that_is_named_is_in_force():
    """Names that older clients registered without one don't hide it."""
    names = told(GroupRegistered(group=name("A", "Ab")), *FIRST[1:2])

    assert names.key == OLD


def test_both_fingerprints_are_known_during_a_rotation():
    """A double is refused under either key, until one is given up."""
    names = told(*FIRST, BEGUN, RENEWED[0])
    both = {*map(subject, ("Ab", "Be", "Aleph", "new Aleph"))}

    assert set(names.prints) == both
    assert (names.complete, names.key) == (False, OLD)
    names.apply(RotationEnded(done=False))
    assert set(names.prints) == both - {subject("new Aleph")}
    assert (names.key, names.rotation, names.renewed) == (OLD, None, {})


def test_the_next_key_comes_with_every_name():
    """Each keeps its group and its place."""
    names = told(*FIRST, BEGUN, *RENEWED)

    assert names.complete
    names.apply(RotationEnded(done=True))
    assert [(one.token, one.fingerprint, one.key) for one in names] == [
        (token("A"), subject("new Ab"), NEW),
        (token("A"), subject("new Aleph"), NEW),
        (token("B"), subject("new Be"), NEW),
    ]
    assert set(names.prints) == {one.fingerprint for one in names}
    assert (names.key, names.rotation, names.renewed) == (NEW, None, {})


@pytest.mark.parametrize(("done", "kept"), [(True, NEW), (False, OLD)])
def test_only_the_key_in_force_lies_ready(done, kept):
    """What was handed over of the other one is dropped."""
    names = told(*FIRST, *KEYS, BEGUN, *RENEWED, RotationEnded(done=done))
    ready = {person: set(keys) for person, keys in names.handed.items() if keys}

    assert ready == {OTHER: {kept}} | ({} if done else {FAR: {OLD}})


def test_a_new_exchange_key_makes_the_old_letters_void():
    """They were sealed to the key before."""
    names = told(*KEYS, published(OTHER, b"n" * 32))

    assert names.exchange[OTHER].public_key == b"n" * 32
    assert OTHER not in names.handed


def test_who_left_gets_nothing():
    """Neither to seal to, nor to fetch; twice is as good as once."""
    left = ExchangeKeyWithdrawn(organisation=OTHER[0], person=OTHER[1])
    names = told(*KEYS, left, left)

    assert (set(names.exchange), set(names.handed)) == ({ME}, {FAR})


@pytest.mark.parametrize("length", range(len(FIRST), 13))
def test_a_snapshot_is_a_shorter_log(length):
    """At whatever point of a rotation."""
    ends = (RotationEnded(done=True),)
    events = (*FIRST, *KEYS, BEGUN, *RENEWED, *ends)[:length]
    names = told(*events)

    assert held(told(*names.records())) == held(names)
    assert len(list(names.records())) <= length


def test_the_digest_tells_every_part():
    """Whatever is another name, fingerprint or label is another digest."""
    one = {subject("a"): name("A", "x")}
    others = (
        {},
        {subject("b"): name("A", "x")},
        {subject("a"): name("A", "y")},
        {subject("a"): name("A", "x"), subject("b"): name("B", "z")},
    )
    swapped = dict(reversed(others[3].items()))

    assert len({digest(each) for each in (one, *others)}) == 5
    assert digest(others[3]) == digest(swapped)
    assert told(*FIRST, BEGUN, *RENEWED).seen == digest(
        {each.renews: each.group for each in RENEWED}
    )


@pytest.mark.parametrize(
    "event",
    [
        RotationEnded(done=True),
        LabelRenewed(renews=subject("x"), group=name("A", "y")),
        GroupNamed(group=name("A", "x")),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_hole_in_the_log_is_an_incident(event):
    """What speaks of something that isn't there is never skipped."""
    with pytest.raises(TamperedError):
        State().apply(Record(at=NOW, event=event))
