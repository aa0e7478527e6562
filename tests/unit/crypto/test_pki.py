"""The authority issues exactly what was asked, and never loses what it revoked."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from placement.crypto.certificate import read_revocations
from placement.crypto.pki import (
    AUTHORITY_LIFETIME,
    Authority,
    Issued,
    Purpose,
)
from placement.errors import InvalidInputError, TamperedError

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
URI = "spiffe://placement.test/caseworker/1480/cw-01"


@pytest.fixture
def authority(tmp_path):
    return Authority.create(tmp_path / "pki", name="test CA", now=NOW)


@pytest.fixture
def directory(tmp_path, authority):
    return tmp_path / "pki"


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def test_create_makes_an_authority_that_signs_leaves_only(directory):
    """The authority is P-256, lasts ten years and can't make authorities."""
    got = load(directory / "ca.pem")

    assert got.public_key().curve.name == "secp256r1"
    assert got.not_valid_after_utc == NOW + AUTHORITY_LIFETIME
    basic = extension(got, x509.BasicConstraints)
    assert basic.critical
    assert basic.value == x509.BasicConstraints(ca=True, path_length=0)
    usage = extension(got, x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign
    assert not usage.value.digital_signature


def test_create_never_overwrites(directory):
    """A second authority in the same place is refused and leaves no trace."""
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(FileExistsError):
        Authority.create(directory, name="other", now=NOW)
    got = {path.name: path.read_bytes() for path in directory.iterdir()}

    assert got == before


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_create_refuses_names_that_x509_refuses(tmp_path, name):
    """A common name has 1 to 64 characters."""
    with pytest.raises(InvalidInputError):
        Authority.create(tmp_path, name=name, now=NOW)


@pytest.mark.parametrize(
    "now",
    [
        datetime(2030, 1, 2),  # noqa: DTZ001 - the point of the test
        NOW.astimezone(timezone(timedelta(hours=1))),
    ],
)
def test_time_must_be_utc(tmp_path, authority, now):
    """A local or naive time is refused, whatever is asked."""
    with pytest.raises(InvalidInputError):
        Authority.create(tmp_path / "other", name="x", now=now)
    with pytest.raises(InvalidInputError):
        authority.issue_client("a", URI, now=now)
    with pytest.raises(InvalidInputError):
        authority.revoke(1, now=now)


def test_open_issues_with_the_same_key(directory):
    """An authority that was closed goes on where it was."""
    Authority.open(directory).issue_client("a", URI, now=NOW)
    got = load(directory / "a.pem")

    got.verify_directly_issued_by(load(directory / "ca.pem"))


def test_open_refuses_a_key_of_another_authority(tmp_path, directory):
    """Certificate and key of different authorities are no authority."""
    Authority.create(tmp_path / "other", name="test CA", now=NOW)
    (tmp_path / "other" / "ca.key").replace(directory / "ca.key")
    with pytest.raises(TamperedError):
        Authority.open(directory)


def test_server_certificate_names_hosts_and_addresses(authority, directory):
    """A server certificate serves names and addresses for ninety days."""
    authority.issue_server("server", ["localhost", "127.0.0.1", "::1"], now=NOW)
    got = load(directory / "server.pem")

    assert got.not_valid_after_utc == NOW + timedelta(days=90)
    assert list(extension(got, x509.SubjectAlternativeName).value) == [
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
        x509.IPAddress(ip_address("::1")),
    ]
    usage = extension(got, x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_client_certificate_is_one_uri(authority, directory):
    """A client certificate says one URI, has no subject, and lasts a day."""
    authority.issue_client("client", URI, now=NOW)
    got = load(directory / "client.pem")

    assert got.subject == x509.Name([])
    assert got.not_valid_after_utc == NOW + timedelta(hours=24)
    names = extension(got, x509.SubjectAlternativeName)
    assert names.critical
    assert list(names.value) == [x509.UniformResourceIdentifier(URI)]
    usage = extension(got, x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    basic = extension(got, x509.BasicConstraints).value
    assert basic == x509.BasicConstraints(ca=False, path_length=None)


def test_no_certificate_outlives_the_authority(authority, directory):
    """A lifetime beyond the authority's is cut there."""
    authority.issue_client("a", URI, now=NOW, lifetime=2 * AUTHORITY_LIFETIME)
    got = load(directory / "a.pem").not_valid_after_utc

    assert got == NOW + AUTHORITY_LIFETIME


def test_keys_are_private_to_the_owner(authority, directory):
    """Every key file has mode 0600 and fits its certificate."""
    authority.issue_client("a", URI, now=NOW)
    for path in directory.glob("*.key"):
        got = stat.S_IMODE(path.stat().st_mode)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)

        assert got == 0o600
        assert key.public_key() == load(path.with_suffix(".pem")).public_key()


@pytest.mark.parametrize(
    "name", ["ca", "crl", "index", "", "A", "a/b", "../a", "-a", "a.b", "x" * 65]
)
def test_file_names_are_plain_and_not_the_authoritys(authority, name):
    """A name that could touch another file is refused."""
    with pytest.raises(InvalidInputError):
        authority.issue_client(name, URI, now=NOW)


def test_issuing_never_overwrites(authority, directory):
    """The same name again is refused and leaves the pair and the index alone."""
    authority.issue_client("a", URI, now=NOW)
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(FileExistsError):
        authority.issue_server("a", ["localhost"], now=NOW)
    got = {path.name: path.read_bytes() for path in directory.iterdir()}

    assert got == before


def test_renewing_replaces_the_pair(authority, directory):
    """Asked to renew, the authority puts a new pair in the old one's place."""
    first = authority.issue_client("a", URI, now=NOW)
    second = authority.issue_client("a", URI, now=NOW, renew=True)
    got = load(directory / "a.pem").serial_number

    assert got == second.serial
    assert authority.issued() == (first, second)
    assert stat.S_IMODE((directory / "a.key").stat().st_mode) == 0o600


def test_renewing_mends_half_a_pair(authority, directory):
    """A key without a certificate, left by a crash, is no dead end."""
    authority.issue_client("a", URI, now=NOW)
    (directory / "a.pem").unlink()
    got = authority.issue_client("a", URI, now=NOW, renew=True).serial

    assert got == load(directory / "a.pem").serial_number


def test_renewing_nothing_is_refused(authority):
    """Renewing needs something to renew."""
    with pytest.raises(FileNotFoundError):
        authority.issue_client("a", URI, now=NOW, renew=True)


@pytest.mark.parametrize("hosts", [[], ["räksmörgås.test"]])
def test_hosts_must_be_there_and_ascii(authority, hosts):
    """A server certificate without a host, or with a name not ASCII, is refused."""
    with pytest.raises(InvalidInputError):
        authority.issue_server("server", hosts, now=NOW)


def test_uri_must_be_ascii(authority):
    """A URI that X.509 can't carry is refused."""
    with pytest.raises(InvalidInputError):
        authority.issue_client("a", "spiffe://placement.test/väst", now=NOW)


def test_index_lists_everything_issued(authority, directory):
    """The index holds serial, names, expiry and purpose of each, oldest first."""
    server = authority.issue_server("server", ["localhost", "127.0.0.1"], now=NOW)
    client = authority.issue_client("client", URI, now=NOW)
    got = Authority.open(directory).issued()

    assert got == (server, client)
    assert got[0] == Issued(
        load(directory / "server.pem").serial_number,
        "localhost,127.0.0.1",
        NOW + timedelta(days=90),
        Purpose.SERVER,
    )


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"serial": "xyz"}'])
def test_index_with_a_bad_line_is_an_error(authority, directory, line):
    """A line that can't be read is never skipped."""
    (directory / "index.jsonl").write_text(f"{line}\n")
    with pytest.raises(TamperedError):
        authority.issued()


def test_a_new_list_is_empty(authority):
    """Nothing is revoked at first."""
    got = authority.revoked()

    assert got == frozenset()


def test_revoking_adds_to_the_list(authority, directory):
    """Each revocation stays, and the list's number grows with each."""
    serials = [authority.issue_client(n, URI, now=NOW).serial for n in ("a", "b")]
    for serial in serials:
        authority.revoke(serial, now=NOW)
    content = (directory / "crl.pem").read_bytes()
    got = read_revocations(content, (directory / "ca.pem").read_bytes())

    assert got.serials == frozenset(serials)
    assert list(got.numbers.values()) == [3]
    assert authority.revoked() == frozenset(serials)


def test_revoking_twice_is_once(authority, directory):
    """What is revoked already changes nothing."""
    serial = authority.issue_client("a", URI, now=NOW).serial
    authority.revoke(serial, now=NOW)
    before = (directory / "crl.pem").read_bytes()
    authority.revoke(serial, now=NOW)
    got = (directory / "crl.pem").read_bytes()

    assert got == before


def test_nothing_is_lost_when_many_revoke_at_once(authority, directory):
    """In an incident two operators revoke at the same time; one waits for the other."""
    serials = [authority.issue_client(f"c{n}", URI, now=NOW).serial for n in range(6)]
    start = threading.Barrier(len(serials))

    def revoke(serial):
        start.wait()
        Authority.open(directory).revoke(serial, now=NOW)

    with ThreadPoolExecutor(len(serials)) as pool:
        list(pool.map(revoke, serials))

    assert authority.revoked() == frozenset(serials)


def test_revoking_a_stranger_is_refused(authority):
    """A serial that was never issued is a mistake, not a revocation."""
    with pytest.raises(InvalidInputError):
        authority.revoke(4711, now=NOW)


def test_revoking_needs_a_list_that_verifies(tmp_path, authority, directory):
    """A forged list is not carried on under a good signature."""
    serial = authority.issue_client("a", URI, now=NOW).serial
    Authority.create(tmp_path / "other", name="test CA", now=NOW)
    (tmp_path / "other" / "crl.pem").replace(directory / "crl.pem")
    with pytest.raises(TamperedError):
        authority.revoke(serial, now=NOW)


def test_revoking_needs_one_list(authority, directory):
    """Several lists in the authority's own file would lose all but one."""
    serial = authority.issue_client("a", URI, now=NOW).serial
    path = directory / "crl.pem"
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(TamperedError):
        authority.revoke(serial, now=NOW)


def test_the_list_is_a_standard_one(authority, directory):
    """Any X.509 tool reads the list: issuer, signature, dates, entries."""
    serial = authority.issue_client("a", URI, now=NOW).serial
    authority.revoke(serial, now=NOW + timedelta(hours=1))
    got = x509.load_pem_x509_crl((directory / "crl.pem").read_bytes())

    ca = load(directory / "ca.pem")
    assert got.issuer == ca.subject
    assert got.is_signature_valid(ca.public_key())
    assert got.last_update_utc == NOW + timedelta(hours=1)
    entry = got.get_revoked_certificate_by_serial_number(serial)
    assert entry.revocation_date_utc == NOW + timedelta(hours=1)
