"""Two custodians apart and a registry without the key, each with its own authority."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

import grpc
import pytest
from kit.certs import Pki
from kit.custodians import Keeping, public
from kit.numbers import number
from kit.terminal import run
from kit.town import Town, fresh
from placement_client import channel as channels
from placement_client.calls import Patience
from placement_client.custodian import AwayError, UnpinnedError
from placement_client.identifiers import parse_identifier
from placement_client.profile import Contexts, Profile, save
from placement_client.session import Session

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.pseudonym_service_pb2 import EvaluateRequest
from placement.audit.note import render_key
from placement.crypto import voprf
from placement.crypto.keyring import Purpose
from placement.crypto.shares import key_id
from placement.errors import InvalidInputError

KEY = voprf.generate_key()
TODAY = date(2026, 6, 15)
ONCE = Patience(pauses=())


def somebody(serial=1):
    return parse_identifier(number(serial=serial), field="identifier", today=TODAY)


@dataclass
class Apart:
    """Both custodians, a registry, and how people reach all three."""

    town: Town
    police: Keeping
    municipal: Keeping
    folder: object

    def profile(self, who=("caseworker", "1280", "cw-01"), **changed):
        pair = self.town.served.pki.client(*who)
        values = {
            "server": f"localhost:{self.town.served.port}",
            "certificate": str(pair.certificate_path),
            "key": str(pair.key_path),
            "ca": str(self.town.served.pki.paths.authority),
            "custodian_key": public(self.police, self.municipal),
            "custodians": f"{self.police.pin} {self.municipal.pin}",
            "custodian_ca": str(self.folder / "custodians.pem"),
        }
        return Profile(**(values | changed))

    def session(self, *who, **changed):
        profile = self.profile(*who, **changed)
        return Session.open(profile, patience=ONCE)


@contextmanager
def standing(folder):
    """Start everything; each authority signs its own server, and clients of all."""
    first, second = KEY.split()
    town = Town(folder, custodian_id=key_id(KEY.public).hex())
    clients = town.served.pki
    keeping = []
    for name, share in (("police", first), ("municipal", second)):
        (folder / f"{name}-authority").mkdir()
        pki = Pki(folder / f"{name}-authority")
        pki.server()
        kept = Keeping(folder / name, share, pki=pki)
        # Who may call is the clients' authority; who signed the server is its own.
        kept.settings = replace(
            kept.settings,
            authority=clients.paths.authority,
            revocations=clients.paths.revocations,
        )
        keeping.append(kept)
    (folder / "custodians.pem").write_bytes(b"".join(each.pki.ca for each in keeping))
    with keeping[0], keeping[1]:
        town.served.start()
        try:
            yield Apart(town, *keeping, folder)
        finally:
            town.served.stop()


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("apart")
    with standing(folder) as apart:
        yield apart


def expected(*serials):
    """Return what RFC 9497 says under the whole key, which nobody holds."""
    inputs = [b"placement-v1|se-pnr|" + number(serial=s).encode() for s in serials]
    blindings = voprf.blind(inputs)
    evaluated = voprf.evaluate(KEY, [each.element for each in blindings])
    outputs = voprf.finalize(blindings, evaluated)
    return tuple(key_id(KEY.public) + each for each in outputs)


def test_two_give_the_pseudonyms_of_the_key_that_was_split(apart):
    """Nobody on record has another pseudonym after the ceremony."""
    with apart.session() as session:
        assert session.pseudonyms([somebody(1), somebody(2)]) == expected(1, 2)


class Tap(grpc.UnaryUnaryClientInterceptor):
    """Keeps whatever is sent."""

    def __init__(self, sent):
        self.sent = sent

    def intercept_unary_unary(self, continuation, client_call_details, request):
        self.sent.append((client_call_details.method, request))
        return continuation(client_call_details, request)


def test_who_is_asked_sees_blinded_elements_alone(apart, monkeypatch):
    """Every byte that leaves the client while somebody is named."""
    sent = []
    opened = channels.evened

    def tapped(channel):
        return opened(grpc.intercept_channel(channel, Tap(sent)))

    monkeypatch.setattr(channels, "evened", tapped)
    with apart.session() as session:
        (pseudonym,) = session.pseudonyms([somebody()])
    paths = [path.rpartition("/")[2] for path, _ in sent]
    elements = {bytes(e) for _, asked in sent for e in asked.blinded_elements}
    bare = voprf.blind([b"placement-v1|se-pnr|" + number().encode()], blinds=[1])[0]

    assert paths == ["Evaluate", "Evaluate"]
    assert len(elements) == 1  # one blinding for both
    assert bare.element.encode() not in elements
    for _, asked in sent:
        content = asked.SerializeToString()
        assert number().encode() not in content
        assert pseudonym[32:] not in content


def test_a_registry_shows_no_budget_that_nobody_spends(apart):
    """Those of evaluations are the custodians'; whatever was evaluated."""
    with apart.session() as session:
        session.pseudonyms([somebody()])
        shown = session.budgets.show(b"", [])

    assert shown.HasField("areas")
    assert not shown.HasField("evaluations")


def test_a_case_finds_who_was_recorded_before(apart):
    """A coordinator and a caseworker name one person, and mean one subject."""
    own = ("coordinator", "national", "co-09")
    with apart.session() as worker, apart.session(own) as coordinator:
        (pseudonym,) = coordinator.pseudonyms([somebody(3)])
        group = _group(apart)
        coordinator.registry.record_facts(
            [
                apart.town.fact_of(
                    affiliation=wire.Affiliation(
                        person=wire.Person(pseudonym=pseudonym), group=group, role=1
                    )
                )
            ]
        )
        worker.open_case(
            worker.pseudonyms([somebody(3)]),
            reference="SN 1",
            basis=check.BASIS_POLICE,
        )
    state = apart.town.state()
    (case,) = (c for c in state.cases.values() if c.reference == "SN 1")
    mac = apart.town.store.ring.mac(Purpose.SUBJECT, expected(3)[0][32:])

    assert case.members == (mac,)
    assert len(state.affiliations.of(mac)) == 1


def _group(apart):
    answer = apart.town.done(
        "national",
        "RegisterGroups",
        registry.RegisterGroupsRequest(
            request_id=fresh(),
            groups=[registry.NewGroup(fingerprint=fresh(32), sealed_label=b"sealed")],
        ),
        registry.RegisterGroupsResponse,
    )
    return answer.tokens[0]


@pytest.mark.parametrize(
    "sent",
    [fresh(32), fresh(64), key_id(KEY.split()[0].public) + fresh(32)],
    ids=["no key", "another key", "a share's key"],
)
def test_a_pseudonym_under_no_key_in_force_is_refused(apart, sent):
    """It would find nobody on record, and so nothing that speaks against a place."""
    got = apart.town.call("worker", "OpenCase", apart.town.open_case(pseudonyms=[sent]))

    assert (got.reason, got.fields) == ("INVALID_INPUT", ["pseudonyms[0]"])


def test_the_registry_evaluates_nothing(apart):
    """It has no key, and no method for one."""
    assert not apart.town.served.settings.custodian_key.exists()
    got = apart.town.call("worker", "Evaluate", EvaluateRequest(request_id=fresh()))

    assert got.reason == "ACCESS_DENIED"


@pytest.mark.parametrize("who", ["police", "municipal"])
def test_one_alone_is_no_custodian_of_the_key(apart, who):
    """A context that names one of both is refused before anybody is asked."""
    with pytest.raises(InvalidInputError) as refused:
        apart.profile(custodians=getattr(apart, who).pin)

    assert refused.value.description == "must add up to the custodian_key"


def test_pseudonyms_of_one_alone_are_refused(apart):
    """Whoever pins one share as the whole gets answers that the registry won't take."""
    with apart.session(
        custodian_key=apart.police.custodian.public_key.hex(),
        custodians=apart.police.pin,
    ) as session:
        found = session.pseudonyms([somebody()])
        with pytest.raises(InvalidInputError):
            session.open_case(found, reference="SN 2", basis=check.BASIS_POLICE)


def test_addresses_that_are_mixed_up_are_told(apart):
    """The other one answers, with a key that is not pinned for that address."""
    port = {each: f"localhost:{each.port}" for each in (apart.police, apart.municipal)}
    key = {each: each.custodian.public_key.hex() for each in port}
    mixed = (
        f"{port[apart.police]}={key[apart.municipal]} "
        f"{port[apart.municipal]}={key[apart.police]}"
    )
    with apart.session(custodians=mixed) as session, pytest.raises(UnpinnedError):
        session.pseudonyms([somebody()])


def test_a_custodian_of_another_authority_is_not_asked(apart):
    """Nobody who can't show a certificate sees even a blinded element."""
    own = str(apart.town.served.pki.paths.authority)
    before = [len(_entries(each)) for each in (apart.police, apart.municipal)]
    with apart.session(custodian_ca=own) as session, pytest.raises(AwayError):
        session.pseudonyms([somebody()])

    assert [len(_entries(each)) for each in (apart.police, apart.municipal)] == before


def _entries(keeping):
    return keeping.app.engine._store.entries(0, 10_000)


def test_each_has_its_entry_before_anything_is_answered(apart):
    """The same call stands in two logs, of two authorities, and in no third."""
    before = [len(_entries(each)) for each in (apart.police, apart.municipal)]
    registry_before = len(apart.town.entries(0))
    with apart.session() as session:
        session.pseudonyms([somebody()])
    after = [len(_entries(each)) for each in (apart.police, apart.municipal)]

    assert after == [each + 1 for each in before]
    assert len(apart.town.entries(0)) == registry_before


def test_the_doctor_asks_each_of_them(apart, tmp_path):
    """By its address."""
    save(Contexts().add("here", apart.profile()), tmp_path / "contexts.toml")
    result = run(["doctor", "--json"], PLACEMENT_CONFIG=str(tmp_path / "contexts.toml"))

    assert result.exit_code == 0
    for each in (apart.police, apart.municipal):
        assert f"custodian localhost:{each.port}" in result.output


def test_when_one_is_away_nobody_is_named(tmp_path):
    """Nothing is asked of the registry; what the other one evaluated is worth nothing."""
    with standing(tmp_path) as apart:
        before = len(apart.town.entries(0))
        with apart.session() as session:
            apart.municipal.stop()
            with pytest.raises(AwayError) as refused:
                session.pseudonyms([somebody()])
            apart.municipal.start()
        with apart.session() as session:
            again = session.pseudonyms([somebody()])

        assert refused.value.reason == "UNAVAILABLE"
        assert "nobody can be named" in refused.value.text
        assert len(apart.town.entries(0)) == before
        assert again == expected(1)


def test_its_log_is_read_as_any(apart, tmp_path):
    """An auditor names the custodian as the server, and pins its log's key."""
    with apart.session() as session:
        session.pseudonyms([somebody()])
    keeping = apart.police
    profile = apart.profile(
        ("auditor", "imy", "au-01"),
        server=f"localhost:{keeping.port}",
        ca=str(keeping.pki.paths.authority),
        custodian_key="",
        custodians="",
        log_key=render_key(keeping.log_key),
    )
    save(Contexts().add("here", profile), tmp_path / "contexts.toml")
    words = ("--purpose", "supervision", "--matter", "DI 1", "--person", "cw-01")
    result = run(
        ["audit", "list", *words, "--json"],
        PLACEMENT_CONFIG=str(tmp_path / "contexts.toml"),
    )

    assert result.exit_code == 0
    found = json.loads(result.stdout)["entries"]
    assert {each["action"] for each in found} == {"EVALUATE"}
