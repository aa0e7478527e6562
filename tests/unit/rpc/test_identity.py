"""What a certificate says is believed only while everything else still holds."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from kit.certs import TRUST_DOMAIN, Pki

from placement.access import Caller, Role
from placement.errors import CertificateError, TamperedError
from placement.rpc import identity
from placement.rpc.identity import (
    Identifier,
    Revocation,
    _HandshakeFiles,
    server_credentials,
)

URI = f"spiffe://{TRUST_DOMAIN}/caseworker/1480/cw-01"


def context_of(pair, **other):
    return {
        "ssl_tls_version": [b"TLSv1.3"],
        "x509_pem_cert": [pair.certificate],
        **other,
    }


def test_handshake_files_are_read_when_they_change(tmp_path, pki):
    """Each change is handed over once, when the files fit, and never before."""
    files = _HandshakeFiles(pki.paths)
    files.read()
    got = [files.changed()]
    key = pki.paths.key.read_bytes()
    pki.paths.key.write_bytes(Pki(tmp_path / "other").server().key)
    got += [files.changed(), files.changed()]
    pki.paths.key.unlink()
    got.append(files.changed())
    pki.paths.key.write_bytes(key)

    assert got == [None] * 4
    assert isinstance(files.changed(), grpc.ServerCertificateConfiguration)
    assert files.changed() is None


def test_credentials_need_files_that_fit_at_the_start(tmp_path, pki):
    """A server that could never serve does not start."""
    pki.paths.key.write_bytes(Pki(tmp_path / "other").server().key)
    with pytest.raises(TamperedError):
        server_credentials(pki.paths)


def test_files_that_fit_by_then_are_not_accused(pki, monkeypatch):
    """They were half written when they were read first; the start failed all the same."""

    def unfit(*_given):
        monkeypatch.undo()
        raise TamperedError

    monkeypatch.setattr(identity, "read_pair", unfit)
    with pytest.raises(TamperedError) as caught:
        server_credentials(pki.paths)
    assert caught.value.notes == []


def test_revocation_needs_its_files_at_the_start(pki):
    """A server that could never let anybody in does not start."""
    pki.paths.revocations.unlink()
    with pytest.raises(FileNotFoundError):
        Revocation(pki.paths)


def test_older_list_put_back_refuses_everybody(pki, revocation, identifier, pair):
    """Putting an older list back brings nobody back to life."""
    old = pki.paths.revocations.read_bytes()
    pki.revoke(pair)
    revocation.trust()
    pki.paths.revocations.write_bytes(old)
    for _ in range(2):
        with pytest.raises(CertificateError):
            identifier.identify(context_of(pair))


def test_identify_reads_the_caller(identifier, pair):
    """The caller carries the fingerprint of exactly this certificate."""
    got = identifier.identify(context_of(pair))

    certificate = x509.load_pem_x509_certificate(pair.certificate)
    fingerprint = certificate.fingerprint(hashes.SHA256())
    assert got == Caller(Role.CASEWORKER, "1480", "cw-01", fingerprint)


def test_identify_parses_a_certificate_once(identifier, pair):
    """The second call finds the certificate parsed, as the very same caller."""
    first = identifier.identify(context_of(pair))
    got = identifier.identify(context_of(pair))

    assert got is first


@pytest.mark.parametrize(
    "change",
    [
        {"ssl_tls_version": [b"TLSv1.2"]},
        {"ssl_tls_version": []},
        {"x509_pem_cert": []},
        {"x509_pem_cert": [b""]},
        {"x509_pem_cert": [b"x", b"y"]},
    ],
)
def test_identify_refuses_other_connections(identifier, pair, change):
    """Older TLS, no certificate, or several, name nobody."""
    with pytest.raises(CertificateError):
        identifier.identify(context_of(pair, **change))


@pytest.mark.parametrize(
    "uri",
    [
        URI.replace("placement.test", "other.test"),
        URI.replace("caseworker", "clerk"),
        URI + "/more",
    ],
)
def test_identify_refuses_names_of_another_form(pki, identifier, uri):
    """A certificate whose URI is not ours in form names nobody."""
    with pytest.raises(CertificateError):
        identifier.identify(context_of(pki.client_uri(uri)))


def test_expiry_is_exclusive(pki, revocation):
    """At the very second of its expiry a certificate is expired."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    pair = pki.client(Role.CASEWORKER, "1480", "cw-01", now=now)
    end = (now + timedelta(hours=24)).timestamp()
    last = Identifier(TRUST_DOMAIN, revocation, clock=lambda: end - 1)
    late = Identifier(TRUST_DOMAIN, revocation, clock=lambda: end)

    assert last.identify(context_of(pair)).person == "cw-01"
    with pytest.raises(CertificateError):
        late.identify(context_of(pair))


def test_missing_authority_refuses_everybody(pki, identifier, pair):
    """Without authorities there is nobody to trust."""
    identifier.identify(context_of(pair))
    pki.paths.authority.unlink()
    with pytest.raises(CertificateError):
        identifier.identify(context_of(pair))
