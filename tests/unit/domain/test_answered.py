"""A request that is sent again finds its first answer, for some time."""

from dataclasses import replace

from kit.world import NOW, token

from placement.domain.answered import RETRIED_DAYS, Answered, Requests
from placement.domain.events import Request
from placement.domain.terms import MICROS_A_DAY, DossierId

CASE = DossierId(token("case"))


def answered(number, days=0, dossier=CASE):
    request = Request(
        organisation="1280",
        person="cw-01",
        id=token(f"request-{number}"),
        digest=bytes([number]) * 32,
        made=(),
    )
    return Answered(request, number, NOW + days * MICROS_A_DAY, dossier)


def key(each):
    return each.request.organisation, each.request.person, each.request.id


def test_what_is_older_than_a_month_is_forgotten():
    """The oldest first; one that comes again is young again."""
    kept = Requests()
    first, second = answered(1), answered(2)
    for each in (first, second, answered(1, RETRIED_DAYS)):
        kept.keep(each)
    kept.keep(answered(3, RETRIED_DAYS + 1))

    assert kept.get(key(first)) == answered(1, RETRIED_DAYS)
    assert kept.get(key(second)) is None
    assert kept.get(("1280", "cw-01", b"never")) is None


def test_nothing_is_left_of_what_was_erased():
    """But that it was answered: a retry must not do it again."""
    kept = Requests()
    mine, other = answered(1), answered(2, dossier=DossierId(token("other")))
    kept.keep(mine)
    kept.keep(other)
    kept.erase({CASE})
    left = kept.get(key(mine))

    assert left == replace(
        mine, request=replace(mine.request, digest=b""), dossier=DossierId(b"")
    )
    assert kept.get(key(other)) == other


def test_a_snapshot_keeps_them_in_their_order():
    """Each with its time and the revision of its answer."""
    kept = Requests()
    for number in (2, 1):
        kept.keep(answered(number, number))
    got = [
        (each.at, each.event.request, each.event.revision) for each in kept.records()
    ]

    assert got == [
        (each.at, each.request, each.revision)
        for each in (answered(2, 2), answered(1, 1))
    ]
