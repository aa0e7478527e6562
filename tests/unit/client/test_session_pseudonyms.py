"""Pseudonyms are proven to come from the pinned custodian, or there are none."""

import hashlib
from dataclasses import replace
from datetime import date

import grpc
import pytest
from kit.numbers import number
from kit.wire import refusal
from placement_client.custodian import UnpinnedError
from placement_client.identifiers import parse_identifier
from placement_client.session import Session

from placement.crypto import voprf
from placement.errors import BudgetError, InvalidInputError, TamperedError

TODAY = date(2026, 6, 15)


def _other_key(wire):
    def evaluate(request):
        answer = wire.evaluate(request)
        key = voprf.generate_key()
        answer.key_id = hashlib.sha256(key.public.encode()).digest()
        return answer

    return evaluate


def pinned(wire):
    return wire.key.public.encode()


def identifier(serial=1):
    return parse_identifier(number(serial=serial), field="identifier", today=TODAY)


def test_pseudonyms_are_the_function_of_the_key(wire, session):
    """What comes out is RFC 9497 under the custodian's key, over the framed number."""
    got = session.pseudonyms([identifier(1), identifier(2)])

    assert got == wire.pseudonyms(number(serial=1), number(serial=2))
    assert [len(each) for each in got] == [64, 64]
    assert {each[:32] for each in got} == {hashlib.sha256(pinned(wire)).digest()}


def test_pseudonyms_of_nobody_need_no_call(wire, session):
    """No identifier, no question."""
    assert session.pseudonyms([]) == ()
    assert wire.seen == []


def test_many_identifiers_are_asked_for_in_batches(wire, session):
    """Fifty go in a call, under ids of their own, and the order is kept."""
    session.pseudonyms([identifier(n) for n in range(1, 53)])
    asked = wire.requests("Evaluate")

    assert [len(each.blinded_elements) for each in asked] == [50, 2]
    assert len({each.request_id for each in asked}) == 2


def test_the_wire_never_sees_the_number(wire, session):
    """Blinding hides equal numbers, even from one another."""
    for _ in range(2):
        session.pseudonyms([identifier()])
    first, second = wire.requests("Evaluate")

    assert first.blinded_elements != second.blinded_elements
    assert number().encode() not in first.SerializeToString()


def test_the_custodian_is_proven_without_anybody(wire, session):
    """One element of nobody, another one each time."""
    session.prove_custodian()
    session.prove_custodian()
    first, second = (each.blinded_elements for each in wire.requests("Evaluate"))

    assert [len(first), len(second)] == [1, 1]
    assert first != second


@pytest.mark.parametrize(
    "ask",
    [lambda s: s.prove_custodian(), lambda s: s.pseudonyms([identifier()])],
    ids=["nobody", "somebody"],
)
def test_a_custodian_of_another_key_is_told_apart(wire, session, ask):
    """Its words say what is wrong; reason and exit code are those of the class."""
    wire.answers["Evaluate"] = _other_key(wire)

    with pytest.raises(UnpinnedError) as caught:
        ask(session)
    assert isinstance(caught.value, TamperedError)
    assert caught.value.reason == "TAMPERED"
    assert str(caught.value).startswith("The custodian's key is not the one that")


def altered(field, change):
    """Return an answer of the honest custodian with one field changed."""

    def answer(wire):
        def evaluate(request):
            honest = wire.evaluate(request)
            change(wire, request, honest)
            return honest

        return evaluate

    return pytest.param(answer, id=field)


def _other_element(wire, request, answer):
    answer.evaluated_elements[0] = voprf.generate_key().public.encode()


def _bad_element(wire, request, answer):
    answer.evaluated_elements[0] = b"\x02" + bytes(31)


def _too_few(wire, request, answer):
    del answer.evaluated_elements[0]


def _proof(wire, request, answer):
    answer.proof = bytes([answer.proof[0] ^ 1]) + answer.proof[1:]


def _short_proof(wire, request, answer):
    answer.proof = answer.proof[:-1]


@pytest.mark.parametrize(
    "answer",
    [
        altered("element", _other_element),
        altered("malformed element", _bad_element),
        altered("too few", _too_few),
        altered("proof", _proof),
        altered("short proof", _short_proof),
    ],
)
def test_an_unproven_evaluation_is_never_used(wire, session, answer):
    """Anything that the pinned custodian has not proven is refused."""
    wire.answers["Evaluate"] = answer(wire)

    with pytest.raises(TamperedError):
        session.pseudonyms([identifier()])


def test_another_custodian_is_refused(wire, profile):
    """An honest custodian of another key is not the pinned one."""
    other = voprf.generate_key().public.encode().hex()
    with (
        Session.open(replace(profile, custodian_key=other)) as session,
        pytest.raises(TamperedError),
    ):
        session.pseudonyms([identifier()])


def test_without_a_pinned_key_nothing_is_asked(wire, profile):
    """No pin, no pseudonym."""
    with (
        Session.open(replace(profile, custodian_key="")) as session,
        pytest.raises(InvalidInputError) as caught,
    ):
        session.pseudonyms([identifier()])

    assert caught.value.field == "custodian_key"
    assert wire.seen == []


def test_a_spent_budget_is_said(wire, session):
    """A refusal comes out as its own class."""
    wire.answers["Evaluate"] = refusal(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "BUDGET_SPENT"
    )

    with pytest.raises(BudgetError):
        session.pseudonyms([identifier()])
