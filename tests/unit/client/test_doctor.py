"""Each thing that can be wrong with a context's files is found, and said in plain words."""

import os
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from grpc_health.v1 import health_pb2
from kit.certs import TRUST_DOMAIN
from kit.diagnosed import client, diagnosed, levels, now, paths
from placement_client.findings import Level
from placement_client.labels import create_label_key

from placement.access import Role
from placement.api.v1 import registry_service_pb2 as registry
from placement.audit.note import Signer, render_key
from placement.crypto.pki import Purpose
from placement.crypto.signing import SigningKey

OK, WARNING, FAILURE = Level.OK, Level.WARNING, Level.FAILURE
STATUS = health_pb2.HealthCheckResponse
WITNESS_KEY = render_key(Signer("w.example", SigningKey(b"w" * 32), time=7).public)
URI = f"spiffe://{TRUST_DOMAIN}/caseworker/1480/cw-01"


@pytest.fixture
def found(wire, profile):
    """Examine the profile with some values changed; findings by step."""
    return diagnosed(wire, profile)


def test_a_sound_context_is_all_green(found):
    """Every step is there, in the order in which they build on one another."""
    got = found()

    assert levels(got) == {}
    assert list(got) == [
        "certificate",
        "key",
        "dates",
        "person",
        "key mode",
        "authority",
        "custodian",
        "log",
        "port",
        "TLS",
        "health",
        "pinned key",
    ]
    assert got["person"].sentence == "You are caseworker cw-01 of Göteborg."
    assert "one evaluation was spent" in got["pinned key"].sentence


# Files


def test_a_missing_certificate_is_found(found):
    """What rests on it is left out; what does not is looked at."""
    got = found(certificate="/nowhere/cw.pem")

    assert levels(got) == {"certificate": FAILURE}
    assert "can't be read as a file" in got["certificate"].sentence
    assert list(got) == ["certificate", "key mode", "custodian", "log", "port"]


@pytest.mark.parametrize("field", ["certificate", "ca"])
def test_a_file_that_is_no_certificate_is_found(found, tmp_path, field):
    """The sentence names the setting."""
    path = tmp_path / "file"
    path.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    got = found(**{field: str(path)})
    step = {"certificate": "certificate", "ca": "authority"}[field]

    assert got[step].level is FAILURE
    assert f"`{field}` holds no certificate" in got[step].sentence


def test_a_missing_key_is_found(found):
    """Both steps on the key say so."""
    got = found(key="/nowhere/cw.key")

    assert levels(got) == {"key": FAILURE, "key mode": FAILURE}


def test_a_key_of_another_certificate_is_found(pki, found):
    """A pair that was mixed up."""
    got = found(key=client(pki)["key"])

    assert levels(got) == {"key": FAILURE}
    assert "belongs to another certificate" in got["key"].sentence


def test_a_locked_key_is_found(found, pair, tmp_path):
    """A key with a password can't be used."""
    key = serialization.load_pem_private_key(pair.key, password=None)
    path = tmp_path / "locked.key"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    path.chmod(0o600)

    assert levels(found(key=str(path))) == {"key": FAILURE}


def test_a_key_open_to_others_is_found(pki, found):
    """Calls would succeed; the sentence says what to do all the same."""
    changes = client(pki)
    os.chmod(changes["key"], 0o640)  # noqa: PTH101 (a path as text)
    got = found(**changes)

    assert levels(got) == {"key mode": FAILURE}
    assert "chmod 600" in got["key mode"].sentence


# Dates


@pytest.mark.parametrize(
    ("lifetime", "left", "level"),
    [
        (timedelta(days=90), timedelta(days=15), OK),
        (timedelta(days=90), timedelta(days=13), WARNING),
        (timedelta(hours=24), timedelta(hours=9), OK),
        (timedelta(hours=24), timedelta(hours=7), WARNING),
        (timedelta(hours=24), timedelta(), FAILURE),
        (timedelta(hours=24), timedelta(hours=25), FAILURE),
    ],
    ids=["quarter", "two weeks", "day", "third", "expired", "not yet"],
)
def test_dates_are_told_in_time(pki, found, lifetime, left, level):
    """Two weeks ahead, or a third of a short life."""
    changes = client(pki, lifetime=lifetime)
    got = found(ahead=(lifetime - left).total_seconds(), **changes)

    assert got["dates"].level is level


# Person


def test_an_auditor_needs_no_custodian(pki, found):
    """Nobody who reads the log names anybody."""
    got = found(custodian_key="", **client(pki, Role.AUDITOR, "review"))

    assert levels(got) == {}
    assert got["person"].sentence == "You are auditor p-01 of review."


def test_a_caseworker_needs_a_pinned_custodian(found):
    """Without the pin no case can be opened."""
    got = found(custodian_key="")

    assert levels(got) == {"custodian": FAILURE}
    assert "--custodian-key" in got["custodian"].sentence


def test_without_the_logs_key_there_are_no_receipts(found):
    """Calls succeed all the same, so it is a doubt."""
    got = found(log_key="")

    assert levels(got) == {"log": WARNING}
    assert "there are no receipts" in got["log"].sentence
    assert "--log-key" in got["log"].sentence


def test_an_operator_needs_no_receipts(pki, found):
    """Who runs the machines is answered nothing."""
    got = found(log_key="", **client(pki, Role.OPERATOR, "drift"))

    assert got["log"].level is OK
    assert "you need none" in got["log"].sentence


@pytest.mark.parametrize(
    ("quorum", "level", "words"),
    [("1", OK, "1 of 1 witnesses"), ("", WARNING, "--quorum")],
)
def test_witnesses_must_be_needed(found, quorum, level, words):
    """Pinned and not needed, they would be there for nothing."""
    got = found(witnesses=WITNESS_KEY, quorum=quorum)

    assert got["log"].level is level
    assert words in got["log"].sentence


def test_a_coordinator_is_asked_for_the_label_key(pki, wire, found, tmp_path):
    """Missing is a warning, unusable a failure, usable is well."""
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    changes = client(pki, Role.COORDINATOR, "vast")
    path = tmp_path / "label.key"
    create_label_key(path)
    got = [found(**changes)["label key"].level]
    got.append(found(label_key=str(path), **changes)["label key"].level)
    path.chmod(0o644)
    got.append(found(label_key=str(path), **changes)["label key"].level)

    assert got == [WARNING, OK, FAILURE]


@pytest.mark.parametrize(
    "names",
    [
        [x509.DNSName("localhost")],
        [x509.UniformResourceIdentifier("https://placement.test/caseworker")],
        [x509.UniformResourceIdentifier(URI), x509.DNSName("localhost")],
    ],
    ids=["no URI", "another URI", "two names"],
)
def test_a_certificate_that_names_nobody_is_found(pki, found, names):
    """Exactly one URI of the form names a person."""
    got = found(**paths(pki.leaf(names)))

    assert levels(got) == {"person": FAILURE}


def test_a_servers_certificate_is_found(pki, found):
    """It would be refused in the handshake, without a word."""
    names = [x509.UniformResourceIdentifier(URI)]
    got = found(**paths(pki.leaf(names, purpose=Purpose.SERVER)))

    assert levels(got) == {"person": FAILURE}


def test_a_certificate_without_purposes_is_for_clients(found, tmp_path, pki):
    """No extended key usage is every usage; no alternative name is nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])

    def made(*extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now() - timedelta(hours=1))
            .not_valid_after(now() + timedelta(days=99))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        path = tmp_path / "self.pem"
        pem = serialization.Encoding.PEM
        path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
        (tmp_path / "self.key").write_bytes(
            key.private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (tmp_path / "self.key").chmod(0o600)
        return {"certificate": str(path), "key": str(tmp_path / "self.key")}

    san = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URI)])

    assert found(**made(san))["person"].level is OK
    assert found(**made())["person"].level is FAILURE
