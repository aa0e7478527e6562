"""Two custodians are asked alike; one who fails ends it."""

from dataclasses import replace
from datetime import date

import grpc
import pytest
from kit.numbers import number
from kit.wire import Wire, refusal
from placement_client.calls import Patience
from placement_client.custodian import ApartError, AwayError, Custodians
from placement_client.identifiers import parse_identifier
from placement_client.session import Session

from placement.api.v1.pseudonym_service_pb2 import EvaluateResponse
from placement.crypto import p256, voprf
from placement.crypto.shares import key_id, whole
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    TamperedError,
    UnavailableError,
)

ONCE = Patience(pauses=())
CODE = grpc.StatusCode
TODAY = date(2026, 6, 15)


@pytest.fixture(scope="module")
def _two(pki):
    two = Wire(pki), Wire(pki)
    yield two
    for each in two:
        each.stop()


@pytest.fixture
def two(_two):
    """Two custodians, each with a key of its own."""
    for each in _two:
        each.answers.clear()
        each.seen.clear()
    return _two


def pinned(profile, wires):
    keys = [wire.key.public for wire in wires]
    return replace(
        profile,
        custodian_key=whole(keys).encode().hex(),
        custodians=" ".join(
            f"{wire.address}={key.encode().hex()}"
            for wire, key in zip(wires, keys, strict=True)
        ),
    )


@pytest.fixture
def session(profile, two):
    with Session.open(pinned(profile, two), patience=ONCE) as session:
        yield session


def somebody():
    return parse_identifier(number(), field="x", today=TODAY)


def test_both_are_asked_about_the_same_elements(session, two, wire):
    """And the service about none; each call has an id of its own."""
    (got,) = session.pseudonyms([somebody()])
    (first,), (second,) = (each.requests("Evaluate") for each in two)
    key = voprf.PrivateKey.of(sum(each.key.scalar for each in two) % p256.ORDER)

    assert first.blinded_elements == second.blinded_elements
    assert first.request_id != second.request_id
    assert wire.requests("Evaluate") == []
    assert got[:32] == key_id(key.public)
    (blinding,) = voprf.blind([b"placement-v1|se-pnr|" + number().encode()])
    evaluated = voprf.evaluate(key, [blinding.element])
    assert got[32:] == voprf.finalize([blinding], evaluated)[0]


@pytest.mark.parametrize("away", [0, 1])
@pytest.mark.parametrize("code", [CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED])
def test_one_who_is_away_ends_it(session, two, away, code):
    """In words of its own; reason and exit code are those of the class."""
    two[away].answers["Evaluate"] = refusal(code, "UNAVAILABLE")
    with pytest.raises(AwayError) as caught:
        session.pseudonyms([somebody()])

    assert isinstance(caught.value, UnavailableError)
    assert caught.value.reason == "UNAVAILABLE"


def test_the_service_s_own_is_not_called_away(profile, wire):
    """It is the service that does not answer then."""
    wire.answers["Evaluate"] = refusal(CODE.UNAVAILABLE, "UNAVAILABLE")
    with (
        Session.open(profile, patience=ONCE) as session,
        pytest.raises(UnavailableError) as caught,
    ):
        session.pseudonyms([somebody()])

    assert type(caught.value) is UnavailableError


def test_a_service_without_a_custodian_says_where_they_are(profile, wire):
    """Who stands apart has an address, which the context lacks then."""
    wire.answers["Evaluate"] = refusal(CODE.PERMISSION_DENIED, "ACCESS_DENIED")
    with (
        Session.open(profile, patience=ONCE) as session,
        pytest.raises(ApartError) as caught,
    ):
        session.pseudonyms([somebody()])

    assert caught.value.reason == "ACCESS_DENIED"
    assert "--custodian twice" in caught.value.text


def test_a_custodian_apart_who_refuses_is_not_told_so(session, two):
    """Their address is there; they grant it to others."""
    two[1].answers["Evaluate"] = refusal(CODE.PERMISSION_DENIED, "ACCESS_DENIED")
    with pytest.raises(AccessDeniedError) as caught:
        session.pseudonyms([somebody()])

    assert type(caught.value) is AccessDeniedError


@pytest.mark.parametrize("spent", [0, 1])
def test_one_whose_budget_is_spent_ends_it(session, two, spent):
    """Whoever of both it is."""
    two[spent].answers["Evaluate"] = refusal(CODE.RESOURCE_EXHAUSTED, "BUDGET_SPENT")
    with pytest.raises(BudgetError):
        session.pseudonyms([somebody()])


@pytest.mark.parametrize("forger", [0, 1])
def test_one_who_proves_another_key_ends_it(session, two, forger):
    """Under the pinned key's id, with what another key evaluated."""
    honest = two[forger]
    other = voprf.generate_key()

    def forge(request):
        blinded = [voprf.BlindedElement.decode(e) for e in request.blinded_elements]
        evaluated = voprf.evaluate(other, blinded)
        return EvaluateResponse(
            evaluated_elements=[each.encode() for each in evaluated],
            proof=voprf.prove(other, blinded, evaluated).encode(),
            key_id=key_id(honest.key.public),
        )

    honest.answers["Evaluate"] = forge
    with pytest.raises(TamperedError):
        session.pseudonyms([somebody()])


def test_each_of_them_is_proven(session, two):
    """One evaluation of nobody each."""
    session.prove_custodian()

    assert [len(each.requests("Evaluate")) for each in two] == [1, 1]


def test_what_cancels_out_is_no_pseudonym(monkeypatch, session):
    """No two shares of a key that is one do; whoever answers so is not believed."""
    members = session.custodians.members
    element = voprf.EvaluatedElement(p256.GENERATOR)
    opposite = voprf.EvaluatedElement(p256.negate(p256.GENERATOR))
    answers = dict(zip(members, ([element], [opposite]), strict=True))
    monkeypatch.setattr(
        type(members[0]), "evaluate", lambda self, blinded, patience: answers[self]
    )
    with pytest.raises(TamperedError):
        Custodians(members).pseudonyms([b"somebody"], ONCE)
