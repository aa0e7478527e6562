"""Only what a trusted authority signed, in the one form, is read."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from kit.certs import Pki

from placement.crypto.certificate import (
    read_authorities,
    read_client,
    read_pair,
    read_revocations,
)
from placement.errors import CertificateError, TamperedError

URI = "spiffe://placement.test/caseworker/1480/cw-01"


@pytest.fixture
def pki(tmp_path):
    return Pki(tmp_path)


@pytest.fixture
def other(tmp_path):
    """Return another authority of the same name."""
    return Pki(tmp_path / "other")


def flip(pem, at):
    """Return a PEM block with one bit of its DER changed."""
    begin, *body, end = pem.decode().splitlines()
    der = bytearray(base64.b64decode("".join(body)))
    der[at] ^= 1
    return "\n".join([begin, base64.b64encode(der).decode(), end]).encode()


def test_client_is_read(pki):
    """A client certificate gives serial, expiry, URI and fingerprint."""
    pair = pki.client_uri(URI)
    got = read_client(pair.certificate, read_authorities(pki.ca))

    certificate = x509.load_pem_x509_certificate(pair.certificate)
    assert got.serial == pair.serial
    assert got.uri == URI
    assert got.not_after == certificate.not_valid_after_utc.timestamp()
    assert got.fingerprint == certificate.fingerprint(hashes.SHA256())


def test_client_of_any_trusted_authority_is_read(pki, other):
    """While one authority succeeds another, both sign."""
    authorities = read_authorities(pki.ca + other.ca)
    got = [
        read_client(each.client_uri(URI).certificate, authorities).uri
        for each in (pki, other)
    ]

    assert got == [URI, URI]


def test_client_of_a_namesake_is_refused(pki, other):
    """An authority is its key, not its name."""
    pair = other.client_uri(URI)
    with pytest.raises(CertificateError):
        read_client(pair.certificate, read_authorities(pki.ca))


@pytest.mark.parametrize("content", [b"", b"x", b"-----BEGIN CERTIFICATE-----\n"])
def test_client_that_is_no_certificate_is_refused(pki, content):
    """Whatever is not a certificate names nobody."""
    with pytest.raises(CertificateError):
        read_client(content, read_authorities(pki.ca))


def test_client_without_names_is_refused(pki):
    """A certificate without alternative names, such as the authority's, is nobody."""
    with pytest.raises(CertificateError):
        read_client(pki.ca, read_authorities(pki.ca))


@pytest.mark.parametrize(
    "names",
    [
        [x509.DNSName("localhost")],
        [x509.UniformResourceIdentifier(URI), x509.UniformResourceIdentifier(URI)],
        [x509.UniformResourceIdentifier(URI), x509.DNSName("localhost")],
    ],
)
def test_client_with_other_than_one_uri_is_refused(pki, names):
    """A certificate with two names could be read as two people."""
    pair = pki.leaf(names)
    with pytest.raises(CertificateError):
        read_client(pair.certificate, read_authorities(pki.ca))


@pytest.mark.parametrize("content", [b"", b"x"])
def test_authorities_must_be_there(content):
    """No authority at all is an error, never an empty trust."""
    with pytest.raises(TamperedError):
        read_authorities(content)


def test_revocations_of_all_authorities_count(pki, other):
    """The lists of two authorities are read together."""
    pairs = [pki.client_uri(URI), other.client_uri(URI)]
    pki.revoke(pairs[0])
    other.revoke(pairs[1])
    lists = [each.paths.revocations.read_bytes() for each in (pki, other)]
    got = read_revocations(b"".join(lists), pki.ca + other.ca)

    assert got.serials == frozenset(pair.serial for pair in pairs)
    assert sorted(got.numbers.values()) == [2, 2]


def test_revocations_of_one_authority_add_up(pki):
    """Two lists of one authority revoke what either revokes; the newer counts."""
    first, second = pki.client_uri(URI), pki.client_uri(URI)
    pki.revoke(first)
    old = pki.paths.revocations.read_bytes()
    pki.revoke(second)
    new = pki.paths.revocations.read_bytes()
    got = read_revocations(new + old, pki.ca)

    assert got.serials == {first.serial, second.serial}
    assert list(got.numbers.values()) == [3]


def test_revocations_of_strangers_are_ignored(pki, other):
    """A list may be put in place before its authority is."""
    pair = other.client_uri(URI)
    other.revoke(pair)
    content = other.paths.revocations.read_bytes() + pki.paths.revocations.read_bytes()
    got = read_revocations(content, pki.ca)

    assert got.serials == frozenset()


def test_revocations_of_every_authority_must_be_there(pki, other):
    """An authority without a list makes the whole file worthless."""
    content = pki.paths.revocations.read_bytes()
    with pytest.raises(TamperedError):
        read_revocations(content, pki.ca + other.ca)


def test_revocations_of_a_namesake_do_not_count(pki, other):
    """A list that another key signed under the same name does not verify."""
    with pytest.raises(TamperedError):
        read_revocations(other.paths.revocations.read_bytes(), pki.ca)


@pytest.mark.parametrize("at", [0, 60, -1])
def test_revocations_with_a_changed_bit_do_not_count(pki, at):
    """One changed bit anywhere breaks the form or the signature."""
    pki.revoke(pki.client_uri(URI))
    with pytest.raises(TamperedError):
        read_revocations(flip(pki.paths.revocations.read_bytes(), at), pki.ca)


@pytest.mark.parametrize("content", [b"", b"x"])
def test_revocations_must_be_there(pki, content):
    """An empty file is not an empty list."""
    with pytest.raises(TamperedError):
        read_revocations(content, pki.ca)


def test_revocations_need_a_number(pki):
    """Without a number nobody could notice an older list put back."""
    key = serialization.load_pem_private_key(
        (pki.directory / "ca.key").read_bytes(), password=None
    )
    now = datetime(2030, 1, 1, tzinfo=UTC)
    unnumbered = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_pem_x509_certificate(pki.ca).subject)
        .last_update(now)
        .next_update(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(TamperedError):
        read_revocations(unnumbered.public_bytes(serialization.Encoding.PEM), pki.ca)


def test_revocations_need_an_elliptic_curve_authority(pki):
    """An authority with another kind of key has no list that counts."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.load_pem_x509_certificate(pki.ca).subject
    now = datetime(2030, 1, 1, tzinfo=UTC)
    authority = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, None)
    )
    pem = authority.public_bytes(serialization.Encoding.PEM)
    with pytest.raises(TamperedError):
        read_revocations(pki.paths.revocations.read_bytes(), pem)


def test_pair_is_read(pki):
    """Certificate and key that belong together are returned."""
    pair = pki.server()
    certificate, key = read_pair(pair.certificate, pair.key)

    assert certificate.serial_number == pair.serial
    assert key.public_key() == certificate.public_key()


def private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"x",
        private_pem(ec.generate_private_key(ec.SECP256R1())),
        private_pem(ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_pair_with_another_key_is_refused(pki, key):
    """A key that can't be read, or is another one, makes no pair."""
    with pytest.raises(TamperedError):
        read_pair(pki.server().certificate, key)
