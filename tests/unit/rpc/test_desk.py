"""Between wire and engine: whatever is refused is logged before it is raised."""

import asyncio
from concurrent.futures import Future
from functools import partial

import pytest
from kit.commands import AUDITOR, CASEWORKER, COORDINATOR, OPERATOR, fresh
from kit.faults import damage

from placement.access import Action, Caller, Role
from placement.crypto.keyring import Purpose
from placement.domain.changeover import Named
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    CertificateError,
    InvalidInputError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.rpc.desk import CALL, Call, Desk
from placement.service.batch import Answer
from placement.service.entries import Refused

WITNESS = Caller(Role.WITNESS, "imy", "wi-01", bytes(32))
ANSWER = Answer(reply=None, revision=1, leaf=0)


class Engine:
    """Remembers what it is asked, and answers as it is told."""

    def __init__(self):
        self.asked = []
        self.outcome = ANSWER

    def publish(self):
        return self.submit("a checkpoint")

    def condemn(self):
        self.asked.append("condemned")

    def submit(self, item):
        self.asked.append(item)
        future = Future()
        if isinstance(self.outcome, Exception):
            future.set_exception(self.outcome)
        elif self.outcome is not None:
            future.set_result(self.outcome)
        self.future = future
        return future


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def desk(engine, ring, bookmarks):
    return Desk(engine, ring, bookmarks)


def ask(desk, parse, request="request"):
    """Ask as the door does."""

    async def run():
        CALL.set(Call(CASEWORKER, Action.CHECK, lambda: CASEWORKER))
        return await desk.ask(parse, request)

    return asyncio.run(run())


def test_a_request_is_parsed_and_submitted(desk, engine):
    """The command goes to the engine, its answer comes back."""
    answer = ask(desk, lambda request, origin: (request, origin.caller))

    assert answer is ANSWER
    assert engine.asked == [("request", CASEWORKER)]


def test_a_pseudonym_becomes_what_the_store_keeps(desk, engine, ring):
    """HMAC under the store's own key; the pseudonym goes no further."""
    ask(desk, lambda _, origin: origin.named(b"p" * 32, "pseudonym"))
    subject = ring.mac(Purpose.SUBJECT, b"p" * 32)

    assert engine.asked == [Named("pseudonym", ((b"", subject),))]


def test_a_form_that_does_not_hold_is_logged(desk, engine):
    """The refusal is an entry before the caller learns it."""

    def parse(_, origin):
        origin.named(b"short", "pseudonym")

    with pytest.raises(InvalidInputError) as refused:
        ask(desk, parse)
    (logged,) = engine.asked

    assert logged == Refused(Action.CHECK, refused.value, CASEWORKER)
    assert refused.value.field == "pseudonym"


def test_a_defect_in_parsing_is_an_entry(desk, engine, caplog):
    """As one in deciding is; its kind is all that anybody learns."""
    with pytest.raises(PlacementError) as refused:
        ask(desk, lambda *_: int("850101-1234"))
    (logged,) = engine.asked

    assert (logged.action, logged.caller) == (Action.CHECK, CASEWORKER)
    assert logged.refusal is refused.value
    assert type(refused.value) is PlacementError
    assert caplog.messages == ["call_failed kind=ValueError"]


@pytest.mark.parametrize("error", [BudgetError(), UnavailableError()])
def test_what_the_engine_refuses_is_raised(desk, engine, error):
    """A refusal, or that there is no answer."""
    engine.outcome = error
    with pytest.raises(type(error)):
        ask(desk, lambda request, _: request)


def test_a_refusal_that_can_not_be_logged_is_another_one(desk, engine):
    """No refusal either without its entry."""
    engine.outcome = UnavailableError()
    refused = Refused(Action.CHECK, CertificateError(), None)
    with pytest.raises(UnavailableError):
        asyncio.run(desk.refuse(refused))

    assert engine.asked == [refused]


def test_who_gives_up_takes_the_command_back(desk, engine):
    """A call that ends before its turn cancels what waits."""
    engine.outcome = None

    async def run():
        CALL.set(Call(CASEWORKER, Action.CHECK, lambda: CASEWORKER))
        task = asyncio.create_task(desk.ask(lambda request, _: request, fresh()))
        await asyncio.sleep(0)  # the task's turn
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())

    assert engine.future.cancelled()


# What comes before


def prepare(desk, work, caller=CASEWORKER):
    """Prepare as a servicer does."""

    async def run():
        CALL.set(Call(caller, Action.EVALUATE, lambda: caller))
        return await desk.prepare(partial(asyncio.to_thread, work))

    return asyncio.run(run())


def test_what_is_prepared_is_no_entry(desk, engine):
    """The request that it is for will be one."""
    assert prepare(desk, lambda: "found") == "found"
    assert engine.asked == []


@pytest.mark.parametrize("error", [TamperedError(), UnavailableError()])
def test_what_can_not_be_prepared_is_logged(desk, engine, error):
    """A call that went wrong leaves its entry, too."""

    def work():
        raise error

    with pytest.raises(type(error)):
        prepare(desk, work)

    assert engine.asked == [Refused(Action.EVALUATE, error, CASEWORKER)]


def test_damage_that_a_driver_tells_of_is_an_entry(desk, engine):
    """And leaves as what condemns."""

    def work():
        raise damage().__cause__

    with pytest.raises(TamperedError):
        prepare(desk, work)

    assert [type(each.refusal) for each in engine.asked] == [TamperedError]


@pytest.mark.parametrize("through", ["prepare", "follow"])
def test_a_defect_anywhere_is_an_entry(desk, engine, caplog, through):
    """Beside the loop, or in what only hashes and signatures need."""
    go = {"prepare": prepare, "follow": follow}[through]
    with pytest.raises(PlacementError) as refused:
        go(desk, lambda *_: int("850101-1234"))
    (logged,) = engine.asked

    assert logged.refusal is refused.value
    assert type(refused.value) is PlacementError
    assert caplog.messages == ["call_failed kind=ValueError"]


def test_for_who_may_not_ask_nothing_is_prepared(desk, engine):
    """They are refused for that, whatever else is wrong."""
    done = []
    with pytest.raises(AccessDeniedError) as refused:
        prepare(desk, lambda: done.append("work"), OPERATOR)

    assert engine.asked == [Refused(Action.EVALUATE, refused.value, OPERATOR)]
    assert done == []


# What is not logged


def follow(desk, parse, caller=WITNESS, action=Action.LOG_FOLLOW):
    """Follow as the door does."""

    async def run():
        CALL.set(Call(caller, action, lambda: caller))
        return await desk.follow(parse, "request")

    return asyncio.run(run())


@pytest.mark.parametrize("caller", [CASEWORKER, COORDINATOR, AUDITOR, WITNESS])
def test_following_the_log_is_no_entry(desk, engine, caller):
    """Hashes and signatures: who may is let through, and the engine hears nothing."""
    assert follow(desk, str.upper, caller) == "REQUEST"
    assert engine.asked == []


@pytest.mark.parametrize(
    ("caller", "action"),
    [
        (OPERATOR, Action.LOG_FOLLOW),
        *(
            (caller, Action.LOG_COSIGN)
            for caller in (CASEWORKER, COORDINATOR, AUDITOR, OPERATOR)
        ),
    ],
    ids=str,
)
def test_who_may_not_follow_or_cosign_is_logged(desk, engine, caller, action):
    """Before the request is even read."""
    parsed = []
    with pytest.raises(AccessDeniedError) as refused:
        follow(desk, parsed.append, caller, action)

    assert engine.asked == [Refused(action, refused.value, caller)]
    assert parsed == []


def test_a_form_that_does_not_hold_is_logged_here_too(desk, engine):
    """The refusal is an entry, though the answer would have been none."""

    def parse(_):
        raise InvalidInputError("size", "is too large")

    with pytest.raises(InvalidInputError) as refused:
        follow(desk, parse)

    assert engine.asked == [Refused(Action.LOG_FOLLOW, refused.value, WITNESS)]


def test_a_checkpoint_can_be_waited_for(desk, engine):
    """Until it is published."""
    asyncio.run(desk.publish())

    assert engine.asked == ["a checkpoint"]


def test_a_checkpoint_that_can_not_be_signed(desk, engine):
    """Nobody is told that there is one."""
    engine.outcome = UnavailableError()
    with pytest.raises(UnavailableError):
        asyncio.run(desk.publish())


def test_what_does_not_verify_condemns_the_engine(desk, engine):
    """Whoever found it says so here."""
    desk.condemn()

    assert engine.asked == ["condemned"]


def test_a_token_is_opened_for_its_caller(desk, engine, bookmarks):
    """The desk's bookmarks know whose search goes on."""
    token = bookmarks.seal(CASEWORKER, bytes(32), 5)
    ask(desk, lambda _, origin: origin.resume(bytes(32), token, "page_token"))
    other = bookmarks.seal(COORDINATOR, bytes(32), 5)
    with pytest.raises(InvalidInputError):
        ask(desk, lambda _, origin: origin.resume(bytes(32), other, "page_token"))

    assert engine.asked[0] == (5,)
    assert engine.asked[1].refusal.field == "page_token"


def test_a_bookmark_is_its_callers(desk, bookmarks):
    """Whoever is served gets it, and nobody else can open it."""

    async def run():
        CALL.set(Call(COORDINATOR, Action.ALERT_WATCH, lambda: COORDINATOR))
        return desk.bookmark(bytes(32), 7, 9)

    made = asyncio.run(run())

    assert bookmarks.open(COORDINATOR, bytes(32), made, "token") == (7, 9)
    with pytest.raises(InvalidInputError):
        bookmarks.open(CASEWORKER, bytes(32), made, "token")
