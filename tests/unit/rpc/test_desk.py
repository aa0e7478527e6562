"""Between wire and engine: whatever is refused is logged before it is raised."""

import asyncio
from concurrent.futures import Future

import pytest
from kit.commands import CASEWORKER, fresh

from placement.access import Action
from placement.crypto.custody import FileCustody
from placement.crypto.keyring import KeyRing, Purpose, new_key
from placement.errors import (
    BudgetError,
    CertificateError,
    InvalidInputError,
    UnavailableError,
)
from placement.rpc.desk import CALL, Call, Desk
from placement.service.engine import Answer
from placement.service.entries import Refused

ANSWER = Answer(reply=None, revision=1, leaf=0)


class Engine:
    """Remembers what it is asked, and answers as it is told."""

    def __init__(self):
        self.asked = []
        self.outcome = ANSWER

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
def ring(tmp_path):
    custody = FileCustody.create(tmp_path / "kek")
    keys = [new_key(custody, b"owner", purpose, 1) for purpose in Purpose]
    return KeyRing(keys, custody, owner=b"owner")


@pytest.fixture
def desk(engine, ring):
    return Desk(engine, ring)


def ask(desk, parse, request="request"):
    """Ask as the door does."""

    async def run():
        CALL.set(Call(CASEWORKER, Action.CHECK))
        return await desk.ask(parse, request)

    return asyncio.run(run())


def test_a_request_is_parsed_and_submitted(desk, engine):
    """The command goes to the engine, its answer comes back."""
    answer = ask(desk, lambda request, origin: (request, origin.caller))

    assert answer is ANSWER
    assert engine.asked == [("request", CASEWORKER)]


def test_a_pseudonym_becomes_what_the_store_keeps(desk, engine, ring):
    """HMAC under the store's own key; the pseudonym goes no further."""
    ask(desk, lambda _, origin: origin.subject(b"p" * 32, "pseudonym"))

    assert engine.asked == [ring.mac(Purpose.SUBJECT, b"p" * 32)]


def test_a_form_that_does_not_hold_is_logged(desk, engine):
    """The refusal is an entry before the caller learns it."""

    def parse(_, origin):
        origin.subject(b"short", "pseudonym")

    with pytest.raises(InvalidInputError) as refused:
        ask(desk, parse)
    (logged,) = engine.asked

    assert logged == Refused(Action.CHECK, refused.value, CASEWORKER)
    assert refused.value.field == "pseudonym"


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
        CALL.set(Call(CASEWORKER, Action.CHECK))
        task = asyncio.create_task(desk.ask(lambda request, _: request, fresh()))
        await asyncio.sleep(0)  # the task's turn
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())

    assert engine.future.cancelled()
