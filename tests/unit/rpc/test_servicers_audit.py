"""Auditors' and the log's methods: what is asked of whom, and in which order."""

import asyncio
import threading
from contextlib import aclosing, suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
from kit.access_log import AccessLog
from kit.commands import AUDITOR, list_entries
from kit.town import GROUND

from placement.access import SERVICE, Action, admit
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import log_service_pb2 as log
from placement.audit import note
from placement.domain.anomalies.seen import Anomaly
from placement.domain.decide.searches import Admitted
from placement.errors import (
    AccessDeniedError,
    InvalidInputError,
    NotFoundError,
    TamperedError,
)
from placement.rpc import servicers_audit as servicers
from placement.rpc.desk import CALL, Call
from placement.rpc.origin import Origin
from placement.rpc.servicers_audit import Audit, Log, Reading
from placement.service.batch import Answer
from placement.service.replay import Progress
from placement.service.search import Listed
from placement.store.ledger import Inclusion

LOG = AccessLog(4)
NOTE = note.parse(LOG.note(4))
ANSWER = Answer(reply=Admitted(search=list_entries(), cases=None), revision=1, leaf=5)
FOLLOW = audit.TailEntriesRequest(ground=GROUND)


class Room:
    """Everything that the servicers ask, and what they asked, in order."""

    def __init__(self, bookmarks=None):
        self.asked = []
        self.checkpoints = [NOTE]
        self.owned = True
        self.origin = Origin(AUDITOR, bytes, bookmarks)
        self.reading = Reading(self, self, self, self)

    def note(self, *what):
        self.asked.append(what)

    # The desk

    async def ask(self, parse, request):
        self.note("ask", parse(request, self.origin))
        return ANSWER

    async def follow(self, parse, request):
        return parse(request)

    async def prepare(self, work):
        admit(self.origin.caller, CALL.get().action)
        return await work()

    async def publish(self):
        self.note("publish")

    # The review

    def owns(self, caller, index):
        self.note("owns", caller, index)
        return self.owned

    def alias(self, case):
        return case

    def one(self, index):
        self.note("one", index)
        return SimpleNamespace(index=index, content=b"entry", details=None)

    # The ledger

    def newest(self, *, cosignatures, least_size):
        self.note("newest", cosignatures, least_size)
        if not self.checkpoints:
            raise NotFoundError
        found = self.checkpoints.pop(0)
        if found is None:
            raise NotFoundError
        return found

    def inclusion(self, index, size):
        self.note("inclusion", index, size)
        return Inclusion(b"leaf", (b"h" * 32,))


@pytest.fixture
def room(bookmarks):
    return Room(bookmarks)


def run(awaitable):
    """Run as the door lets a call in."""

    async def go():
        CALL.set(Call(AUDITOR, Action.RECEIPT_READ, lambda: AUDITOR))
        return await awaitable

    return asyncio.run(go())


async def gathered(pieces, most=None):
    """Collect what a stream sends, so many at most."""
    got = []
    async with aclosing(pieces) as open_pieces:
        async for piece in open_pieces:
            got.append(piece)
            if len(got) == most:
                break
    return got


# Checkpoints


def test_a_checkpoint_that_is_there(room):
    """Nothing is signed for it."""
    assert run(room.reading.checkpoint(0, 3)) == NOTE
    assert room.asked == [("newest", 0, 3)]


def test_a_checkpoint_that_only_has_to_be_signed(room):
    """It is waited for, and looked up again."""
    room.checkpoints = [None, NOTE]

    assert run(room.reading.checkpoint(0, 3)) == NOTE
    assert room.asked == [("newest", 0, 3), ("publish",), ("newest", 0, 3)]


def test_a_checkpoint_of_more_than_there_is(room):
    """Signed anew, and still not enough."""
    room.checkpoints = [None, None]
    with pytest.raises(NotFoundError):
        run(room.reading.checkpoint(0, 9))

    assert len(room.asked) == 3


def test_cosignatures_are_not_made_here(room):
    """Nothing is signed for somebody who waits for witnesses."""
    room.checkpoints = [None]
    with pytest.raises(NotFoundError):
        run(room.reading.checkpoint(1, 3))

    assert room.asked == [("newest", 1, 3)]


# Receipts


def receipt(room, **given):
    servicer = Log(room.reading, ())
    return run(servicer.GetReceipt(log.GetReceiptRequest(**given), None))


def test_whose_it_is_is_known_before_it_is_admitted(room):
    """Logged with what was asked; read afterwards, under a checkpoint that holds it."""
    room.checkpoints *= 2
    got = receipt(room, index=2, cosignatures=1)
    words = [what[0] for what in room.asked]
    command = room.asked[2][1]

    assert words == ["owns", "newest", "ask", "newest", "one", "inclusion"]
    assert (command.index, command.owned, command.caller) == (2, True, AUDITOR)
    assert room.asked[3:] == [("newest", 1, 3), ("one", 2), ("inclusion", 2, 4)]
    assert got == log.GetReceiptResponse(
        entry=b"entry", hashes=[b"h" * 32], note=LOG.note(4)
    )


def test_a_receipt_that_nobody_stands_behind_yet_is_admitted_as_none(room):
    """So that no entry says that something was shown which was not."""
    room.checkpoints = [None, NOTE]
    with suppress(NotFoundError):
        receipt(room, index=2, cosignatures=1)
    command = room.asked[2][1]

    assert not command.owned


def test_what_no_log_has_is_not_looked_up(room):
    """The index goes nowhere before its form is refused."""
    with pytest.raises(InvalidInputError):
        receipt(room, index=2**63)

    assert room.asked == []


def test_who_may_have_no_receipt_has_nothing_looked_up(room):
    """A service, for example, that keeps the log's clock."""
    room.origin = replace(room.origin, caller=SERVICE)
    with pytest.raises(AccessDeniedError):
        receipt(room, index=2)

    assert room.asked == []


def test_somebody_elses_is_admitted_as_such(room):
    """The decision is the engine's, so that it is logged."""
    room.owned = False
    receipt(room, index=2)

    assert not room.asked[1][1].owned


# Pages


class Searcher:
    """Answers with the pages that a test gives."""

    def __init__(self, *pages):
        self.pages = pages
        self.asked = []

    def list(self, admitted, caller, size):
        self.asked.append((admitted, caller, size))
        return self.pages[0]

    def follow(self, admitted, caller, since):
        self.asked.append((admitted, caller, since))
        yield from self.pages


def audit_of(room, searcher=None, watch=None):
    return Audit(room.reading, searcher, watch, lambda _: None)


def test_a_reading_ends_with_its_own_entry(room):
    """What others added since is not shown, so that the size given is true."""
    searcher = Searcher(Listed(found=(), token=b"on", size=6, last=False))
    request = audit.ListEntriesRequest(page_size=3, ground=GROUND)
    got = run(audit_of(room, searcher).ListEntries(request, None))

    assert searcher.asked == [(ANSWER.reply, AUDITOR, 6)]
    assert got == audit.ListEntriesResponse(next_page_token=b"on", size=6)


def nothing(number):
    return Listed(found=(), token=b"%d" % number, size=number, last=True)


def something(number):
    found = SimpleNamespace(index=number, content=b"entry", details=None)
    return Listed(found=(found,), token=b"%d" % number, size=number, last=False)


def test_following_begins_behind_its_own_entry(room):
    """The follower does not see themselves come in."""
    searcher = Searcher(nothing(6))
    run(gathered(audit_of(room, searcher).TailEntries(FOLLOW, None)))

    assert searcher.asked == [(ANSWER.reply, AUDITOR, 6)]


def test_a_follower_hears_now_and_then_that_nothing_comes(room, monkeypatch):
    """The first answer, whatever is found, and else a token a second."""
    times = iter(5.0 + 0.3 * look for look in range(9))
    clock = SimpleNamespace(monotonic=lambda: next(times))
    monkeypatch.setattr(servicers, "FOLLOW_EVERY", 0.0)
    monkeypatch.setattr(servicers, "time", clock)
    pages = [nothing(n) for n in range(5)] + [something(5), something(6), nothing(7)]
    follow = audit_of(room, Searcher(*pages)).TailEntries(FOLLOW, None)
    got = [answer.resume_token for answer in run(gathered(follow))]

    assert got == [b"0", b"4", b"5", b"6"]


# Misuse

FOUND = Anomaly(
    pattern="NIGHT",
    organisation="1280",
    person="",
    case=b"",
    at=1,
    count=2,
    limit=1,
    entries=(1,),
)


def test_nothing_comes_again(room, monkeypatch):
    """Whoever looks on hears of a look only if it saw something new."""
    monkeypatch.setattr(servicers, "FOLLOW_EVERY", 0.0)
    steps = [
        *(Progress(1, 2), Progress(2, 2), Progress(2, 2), FOUND),
        *(Progress(3, 3), Progress(3, 3)),
    ]
    watch = SimpleNamespace(report=lambda admitted, size: iter(steps))
    request = audit.ReportAnomaliesRequest(since=0, until=9, ground=GROUND)
    got = run(gathered(audit_of(room, watch=watch).ReportAnomalies(request, None)))

    assert [
        piece.anomaly.pattern or (piece.progress.done, piece.progress.total)
        for piece in got
    ] == [(1, 2), (2, 2), "NIGHT", (3, 3)]


# What takes long

READING = Reading(None, None, None, None)


def test_items_are_drawn_in_threads():
    """In order, to the end, and never in the thread that answers everybody."""
    seen = []

    def items():
        for number in range(3):
            seen.append(threading.current_thread())
            yield number

    assert run(gathered(READING.drawn(items()))) == [0, 1, 2]
    assert threading.main_thread() not in seen


def test_of_nothing_nothing_is_drawn():
    """None is an item, too."""
    assert run(gathered(READING.drawn(iter(())))) == []
    assert run(gathered(READING.drawn(iter([None, 0])))) == [None, 0]


def test_an_error_comes_out_as_it_is():
    """After what came before it."""

    def items():
        yield 1
        raise TamperedError

    async def draw():
        pieces = READING.drawn(items())
        first = await anext(pieces)
        with pytest.raises(TamperedError):
            await anext(pieces)
        return first

    assert run(draw()) == 1


def test_whoever_stops_drawing_ends_it():
    """Between two items the iterator is let go."""
    ended = []

    def items():
        try:
            while True:
                yield 1
        finally:
            ended.append(True)

    assert run(gathered(READING.drawn(items()), most=2)) == [1, 1]
    assert ended == [True]


# The register


def test_the_register_is_the_engines(monkeypatch):
    """Nothing is read in the log for it; cases stand under their aliases."""
    room = Room()
    request = audit.ListPermitsRequest(ground=GROUND, since=3, until=4)
    monkeypatch.setattr(servicers.render, "permits", lambda *told: told)
    got = asyncio.run(Audit(room.reading, None, None, None).ListPermits(request, None))
    ((kind, command),) = room.asked

    assert (kind, command.action) == ("ask", Action.PERMIT_LIST)
    assert got == (ANSWER, room.alias)
