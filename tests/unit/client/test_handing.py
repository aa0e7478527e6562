"""Nothing is sealed to, and nothing taken from, anybody but who it should be."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kit.certs import Pki
from placement_client.handing import Hand, person_of
from placement_client.labels import LabelKey
from placement_client.profile import Profile

from placement.access import Role
from placement.api.v1.group_service_pb2 import ExchangeKey as Published
from placement.api.v1.group_service_pb2 import HandedKey
from placement.audit.note import Signer, render_key
from placement.crypto.exchange import ExchangeKey, seal
from placement.crypto.signing import SigningKey
from placement.errors import InvalidInputError, TamperedError

SECRET = b"s" * 32
EXCHANGE = ExchangeKey(b"x" * 32)
LOG = render_key(Signer("log.test/one", SigningKey(b"l" * 32)).public)
OTHER_LOG = render_key(Signer("log.test/two", SigningKey(b"l" * 32)).public)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


def profile_of(pki, pair, **given):
    return Profile(
        server="b.test:1",
        certificate=str(pair.certificate_path),
        key=str(pair.key_path),
        ca=str(pki.paths.authority),
        **{"log_key": LOG, **given},
    )


def hand(pki, role=Role.COORDINATOR, organisation="syd", person="co-01", **given):
    return Hand.of(profile_of(pki, pki.client(role, organisation, person), **given))


@pytest.fixture(scope="module")
def sender(pki):
    return hand(pki)


@pytest.fixture(scope="module")
def receiver(pki):
    return hand(pki, organisation="nord", person="co-02")


def published(owner, person="", public=EXCHANGE.public):
    """Return an exchange key as its owner signs it."""
    name = person or person_of(owner.me)
    organisation, _, who = name.partition("/")
    return Published(
        organisation=organisation,
        person=who,
        public_key=public,
        certificate=owner.certificate,
        signature=owner.signed(owner.exchange_document(name, public)),
    )


def letter(sender, receiver, **given):
    """Return a letter as the server passes it on."""
    sealed = sender.seal_to(published(receiver), SECRET)
    values = {
        "organisation": sender.me.organisation,
        "person": sender.me.person,
        "certificate": sender.certificate,
        "key_id": sealed.key_id,
        "sealed": sealed.sealed,
        "signature": sealed.signature,
    }
    return HandedKey(**(values | given))


def test_a_key_is_handed_over(sender, receiver):
    """Sealed for one, opened by one."""
    sealed = sender.seal_to(published(receiver), SECRET)

    assert (sealed.organisation, sealed.person) == ("nord", "co-02")
    assert sealed.key_id == LabelKey(SECRET).id
    assert SECRET not in sealed.SerializeToString()
    assert receiver.open(letter(sender, receiver), EXCHANGE) == SECRET


@pytest.mark.parametrize("field", ["public_key", "certificate", "signature"])
def test_another_exchange_key_is_refused(sender, receiver, field):
    """The server's own, beside somebody's certificate and signature."""
    whole = published(receiver)
    changed = {
        "public_key": ExchangeKey(b"y" * 32).public,
        "certificate": sender.certificate,
        "signature": sender.signed(b"something else"),
    }
    setattr(whole, field, changed[field])
    with pytest.raises(TamperedError):
        sender.seal_to(whole, SECRET)


@pytest.mark.parametrize("person", ["syd/co-02", "nord/co-03"])
def test_an_exchange_key_is_its_owners(sender, receiver, person):
    """Signed by one coordinator, it is given out as no other's."""
    with pytest.raises(TamperedError):
        sender.seal_to(published(receiver, person), SECRET)


@pytest.mark.parametrize(
    ("role", "organisation", "person"),
    [(Role.CASEWORKER, "1480", "cw-01"), (Role.AUDITOR, "imy", "au-01")],
)
def test_only_coordinators_get_a_key(pki, sender, role, organisation, person):
    """Whatever else the same authority issued."""
    pair = pki.client(role, organisation, person)
    forged = replace(
        sender,
        me=replace(sender.me, organisation=organisation, person=person),
        certificate=pair.certificate,
        key=pair.key,
    )
    with pytest.raises(TamperedError):
        sender.seal_to(published(forged), SECRET)


def test_another_authority_is_refused(tmp_path, sender):
    """Anybody can issue a certificate of this name."""
    stranger = hand(Pki(tmp_path), organisation="nord", person="co-02")
    with pytest.raises(TamperedError):
        sender.seal_to(published(stranger), SECRET)


@pytest.mark.parametrize("days", [-400, 4000])
def test_a_certificate_counts_in_its_time(sender, receiver, days):
    """Neither before nor after."""
    at = (datetime.now(UTC) + timedelta(days=days)).timestamp()
    later = replace(sender, clock=lambda: at)
    with pytest.raises(TamperedError):
        later.seal_to(published(receiver), SECRET)


def test_an_exchange_key_is_for_one_store(pki, sender):
    """What was signed for another log is refused."""
    other = hand(pki, organisation="nord", person="co-04", log_key=OTHER_LOG)
    with pytest.raises(TamperedError):
        sender.seal_to(published(other), SECRET)


@pytest.mark.parametrize(
    "field", ["organisation", "person", "key_id", "sealed", "signature", "certificate"]
)
def test_an_altered_letter_is_refused(sender, receiver, field):
    """Any part of it."""
    whole = letter(sender, receiver)
    value = getattr(whole, field)
    words = {
        "organisation": "vast",
        "person": "co-07",
        "certificate": receiver.certificate,
    }
    changed = words[field] if field in words else value[:-1] + bytes([value[-1] ^ 1])
    setattr(whole, field, changed)
    with pytest.raises(TamperedError):
        receiver.open(whole, EXCHANGE)


def test_a_letter_is_for_one_person(pki, sender, receiver):
    """Another coordinator can't open it, even with the same exchange key."""
    third = hand(pki, organisation="nord", person="co-05")
    with pytest.raises(TamperedError):
        third.open(letter(sender, receiver), EXCHANGE)
    with pytest.raises(TamperedError):
        receiver.open(letter(sender, receiver), ExchangeKey(b"y" * 32))


def test_a_key_that_the_server_made_up_is_refused(pki, sender, receiver):
    """Without a coordinator's signature it is nobody's, however well it is sealed."""
    pair = pki.client(Role.AUDITOR, "imy", "au-02")
    server = replace(sender, certificate=pair.certificate, key=pair.key)
    with pytest.raises(TamperedError):
        receiver.open(letter(server, receiver), EXCHANGE)


def test_a_letter_holds_the_key_that_it_names(sender, receiver, monkeypatch):
    """A sender who names another one is refused; and so is what is no key."""
    for secret in (b"other secret".ljust(32, b"!"), b"short"):
        with monkeypatch.context() as patched:
            patched.setattr(
                "placement_client.handing.seal",
                lambda public, _, *, info, content=secret: seal(
                    public, content, info=info
                ),
            )
            made = letter(sender, receiver)
        with pytest.raises(TamperedError):
            receiver.open(made, EXCHANGE)


def test_a_hand_is_a_coordinators(pki):
    """And its context pins a log, whose origin is signed along."""
    with pytest.raises(InvalidInputError) as no_coordinator:
        hand(pki, Role.CASEWORKER, "1480", "cw-02")
    with pytest.raises(InvalidInputError) as no_log:
        hand(pki, person="co-06", log_key="")

    assert no_coordinator.value.field == "certificate"
    assert no_log.value.field == "log_key"
    assert time.time() - hand(pki, person="co-08").clock() < 60
