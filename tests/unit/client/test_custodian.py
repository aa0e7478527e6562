"""Two custodians are asked alike; one who fails ends it."""

from dataclasses import replace
from datetime import date

import grpc
import pytest
from kit.numbers import number
from kit.wire import Wire, invalid, refusal
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
    InvalidInputError,
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


# While a key follows


def following(wires):
    """Let each custodian have a second key; return these."""
    keys = []
    for wire in wires:
        key = voprf.generate_key()
        keys.append(key)

        def evaluate(request, wire=wire, key=key):
            if request.key_id == key_id(wire.key.public):
                return wire.evaluate(request)
            if request.key_id != key_id(key.public):
                raise invalid(("key_id", "is no key of this custodian"))
            blinded = [voprf.BlindedElement.decode(e) for e in request.blinded_elements]
            evaluated = voprf.evaluate(key, blinded)
            return EvaluateResponse(
                evaluated_elements=[each.encode() for each in evaluated],
                proof=voprf.prove(key, blinded, evaluated).encode(),
                key_id=key_id(key.public),
            )

        wire.answers["Evaluate"] = evaluate
    return keys


@pytest.fixture
def changing(profile, two):
    """A session whose two custodians each have two keys; and what follows."""
    keys = following(two)
    pins = " ".join(
        f"{wire.address}={key.public.encode().hex()}"
        for wire, key in zip(two, keys, strict=True)
    )
    follows = whole([key.public for key in keys])
    both = replace(
        pinned(profile, two),
        next_custodian_key=follows.encode().hex(),
        next_custodians=pins,
    )
    with Session.open(both, patience=ONCE) as session:
        yield session, key_id(follows)


def refuses(wire, refused):
    """Let a custodian have no more, or not yet, the key of an id."""
    evaluate = wire.answers["Evaluate"]

    def answer(request):
        if request.key_id == refused:
            raise invalid(("key_id", "is no key of this custodian"))
        return evaluate(request)

    wire.answers["Evaluate"] = answer


def test_people_are_named_under_both_keys(changing, two):
    """First the pinned one; each custodian is told which it is asked for."""
    session, follows = changing
    (got,) = session.pseudonyms([somebody()])
    (pair,) = session.pairs([somebody()])
    old = key_id(whole([wire.key.public for wire in two]))

    assert (len(got), got[:32], got[64:96]) == (128, old, follows)
    assert pair == got
    assert got[32:64] != got[96:]
    assert session.custodians.following.key_id == follows
    for wire in two:
        assert wire.requests("Evaluate")[0].key_id == key_id(wire.key.public)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("who", [0, 1])
def test_a_key_that_somebody_has_not_is_left_out(changing, two, which, who):
    """The registry refuses, should it be the one in force; a pair needs both."""
    session, _ = changing
    (both,) = session.pseudonyms([somebody()])
    asked = [each.key_id for each in two[who].requests("Evaluate")]
    refuses(two[who], asked[which])
    (got,) = session.pseudonyms([somebody()])

    assert got == (both[64:], both[:64])[which]
    with pytest.raises(InvalidInputError) as caught:
        session.pairs([somebody()])
    assert caught.value.field == "key_id"


def test_without_either_key_nobody_is_named(changing, two):
    """Which one is lacking is said."""
    session, _ = changing
    two[0].answers["Evaluate"] = invalid(("key_id", "is no key of this custodian"))
    with pytest.raises(InvalidInputError) as caught:
        session.pseudonyms([somebody()])

    assert caught.value.field == "key_id"


def test_another_field_is_another_refusal(changing, two):
    """It is not taken for a key that is not there."""
    session, _ = changing
    two[0].answers["Evaluate"] = invalid(("blinded_elements[0]", "is no point"))
    with pytest.raises(InvalidInputError) as caught:
        session.pseudonyms([somebody()])

    assert caught.value.field == "blinded_elements[0]"


def test_who_is_away_ends_it_while_a_key_follows_too(changing, two):
    """Though the other key would do."""
    session, _ = changing
    two[1].answers["Evaluate"] = refusal(CODE.UNAVAILABLE, "UNAVAILABLE")
    with pytest.raises(AwayError):
        session.pseudonyms([somebody()])


def test_without_a_key_that_follows_none_is_named(session, two):
    """Older custodians know no such field; and there are no pairs."""
    session.pseudonyms([somebody()])
    with pytest.raises(InvalidInputError) as caught:
        session.pairs([somebody()])

    assert caught.value.field == "next_custodian_key"
    assert {each.key_id for wire in two for each in wire.requests("Evaluate")} == {b""}
