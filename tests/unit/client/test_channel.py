"""One server over mutual TLS: the one named, with files that can be used."""

from dataclasses import replace

import pytest
from kit.asked import CASE
from kit.certs import Pki
from placement_client.calls import Patience
from placement_client.custodian import AwayError
from placement_client.session import Session

from placement.access import Role
from placement.api.v1 import check_service_pb2 as check
from placement.errors import InvalidInputError, UnavailableError


def test_the_server_must_be_the_one_named(wire, profile):
    """A name that the certificate does not bear ends the connection."""
    patience = Patience(pauses=())
    with (
        Session.open(
            replace(profile, server_name="other.test"), patience=patience
        ) as s,
        pytest.raises(UnavailableError),
    ):
        s.show_case(CASE)
    assert wire.seen == []


def test_the_name_can_differ_from_the_address(wire, profile):
    """The server name of the profile is the one that counts."""
    wire.answers["ShowCase"] = check.ShowCaseResponse(reference="SN 1")
    address = f"127.0.0.1:{wire.port}"
    with Session.open(
        replace(profile, server=address, server_name="localhost")
    ) as session:
        got = session.show_case(CASE)

    assert got.reference == "SN 1"


def test_a_stranger_never_gets_in(wire, profile, tmp_path):
    """A certificate of another authority opens no connection."""
    other = type(wire.pki)(tmp_path).client(Role.CASEWORKER, "1480", "cw-01")
    stranger = replace(
        profile, certificate=str(other.certificate_path), key=str(other.key_path)
    )
    with (
        Session.open(stranger, patience=Patience(pauses=())) as session,
        pytest.raises(UnavailableError),
    ):
        session.show_case(CASE)
    assert wire.seen == []


def test_files_that_cannot_be_used_are_named(profile, tmp_path):
    """The error names the file that is wrong."""
    broken = tmp_path / "broken"
    broken.write_text("no certificate")
    fields = []
    for change in (
        {"certificate": str(broken)},
        {"key": str(broken)},
        {"ca": str(tmp_path / "missing")},
        {"ca": "nul\0"},
    ):
        with pytest.raises(InvalidInputError) as caught:
            Session.open(replace(profile, **change))
        fields.append(caught.value.field)

    assert fields == ["certificate", "key", "ca", "ca"]


def test_the_authority_of_custodians_is_their_own(wire, profile, tmp_path):
    """They are asked only if it signed them; a file that is none is named."""
    key = wire.key.public.encode().hex()
    other = Pki(tmp_path, name="another CA").paths.authority
    broken = tmp_path / "broken"
    broken.write_text("no certificate")
    apart = replace(profile, custodians=f"{wire.address}={key}")
    patience = Patience(pauses=())
    with (
        Session.open(
            replace(apart, custodian_ca=str(other)), patience=patience
        ) as session,
        pytest.raises(AwayError),
    ):
        session.prove_custodian()
    before = list(wire.seen)
    with Session.open(replace(apart, custodian_ca=apart.ca, ca=str(other))) as session:
        session.prove_custodian()
    with pytest.raises(InvalidInputError) as refused:
        Session.open(replace(apart, custodian_ca=str(broken)))

    assert before == []
    assert len(wire.requests("Evaluate")) == 1
    assert refused.value.field == "custodian_ca"
