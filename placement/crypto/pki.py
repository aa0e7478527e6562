"""A certificate authority in one directory.

The authority serves one installation: it issues the server's certificate and short
client certificates, lists them and revokes them. It never asks the clock (the caller
says what time it is), never decides rights, and gives the subject name no meaning: a
client is the one URI in its subject alternative name.

Files in the directory::

    ca.pem       the authority's certificate        ca.key   its key, mode 0600
    crl.pem      the revocation list, signed        index.jsonl  what was issued
    <name>.pem   a certificate                      <name>.key   its key, mode 0600

A server that trusts two authorities, while one succeeds the other, gets both
``ca.pem`` and both ``crl.pem`` joined in files of its own: first the lists.

Invariants:
    * a certificate is in the index before it exists in a file;
    * files appear whole or not at all, and nothing is replaced unasked;
    * of two processes that change it, one waits for the other;
    * a serial, once revoked, stays on the list for as long as the authority lasts.
"""

import errno
import fcntl
import ipaddress
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from placement.crypto.certificate import read_pair, read_revocations
from placement.crypto.files import write_file
from placement.errors import InvalidInputError, TamperedError

AUTHORITY_LIFETIME: Final = timedelta(days=3650)
SERVER_LIFETIME: Final = timedelta(days=90)
CLIENT_LIFETIME: Final = timedelta(hours=24)
BACKDATE: Final = timedelta(minutes=5)
"""How far a certificate starts in the past, for machines whose clocks are behind."""

_NAME: Final = re.compile("[a-z0-9][a-z0-9-]{0,63}")
_RESERVED: Final = frozenset({"ca", "crl", "index"})
_PEM: Final = serialization.Encoding.PEM
_KEY_MODE: Final = 0o600


class Purpose(Enum):
    """Which side of the connection a certificate serves."""

    SERVER = "server"
    CLIENT = "client"


_USAGE: Final = {
    Purpose.SERVER: ExtendedKeyUsageOID.SERVER_AUTH,
    Purpose.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH,
}


@dataclass(frozen=True, slots=True)
class Issued:
    """One line of the index; ``san`` is every alternative name, comma separated."""

    serial: int
    san: str
    not_after: datetime
    purpose: Purpose


class Authority:
    """A certificate authority whose files lie in one directory."""

    def __init__(
        self,
        directory: Path,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
    ) -> None:
        self._directory = directory
        self._certificate = certificate
        self._key = key
        identify = x509.AuthorityKeyIdentifier.from_issuer_public_key
        self._key_identifier = identify(key.public_key())

    @classmethod
    def create(cls, directory: Path, *, name: str, now: datetime) -> Self:
        """Make an authority with an empty revocation list; ``name`` is for people.

        Raises:
            FileExistsError: an authority lies there already.
            InvalidInputError: the time is not UTC, or the name is empty or too long.
        """
        _require_utc(now)
        try:
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        except ValueError as error:
            raise InvalidInputError("name", "must have 1 to 64 characters") from error
        key = ec.generate_private_key(ec.SECP256R1())
        validity = (now, now + AUTHORITY_LIFETIME)
        builder = _builder(subject, subject, key.public_key(), validity, ca=True)
        certificate = builder.sign(key, hashes.SHA256())
        directory.mkdir(parents=True, exist_ok=True)
        write_file(directory / "ca.key", _key_pem(key), mode=_KEY_MODE)
        write_file(directory / "ca.pem", _pem(certificate))
        authority = cls(directory, certificate, key)
        write_file(directory / "crl.pem", authority._sign_list([], 1, now))
        write_file(directory / "index.jsonl", b"")
        return authority

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open the authority that lies in a directory.

        Raises:
            FileNotFoundError: there is none.
            TamperedError: its certificate and key do not belong together.
        """
        key_pem = (directory / "ca.key").read_bytes()
        certificate, key = read_pair((directory / "ca.pem").read_bytes(), key_pem)
        return cls(directory, certificate, key)

    def issue_server(
        self,
        name: str,
        hosts: Sequence[str],
        *,
        now: datetime,
        lifetime: timedelta = SERVER_LIFETIME,
        renew: bool = False,
    ) -> Issued:
        """Issue a server certificate for host names and addresses.

        Args:
            name: the stem of the two files to write.
            hosts: DNS names and IP addresses, at least one.
            now: the time, UTC.
            lifetime: how long it lasts; never beyond the authority itself.
            renew: replace the pair of files, which must then be there.

        Raises:
            FileExistsError: the files are there and ``renew`` was not asked for.
            FileNotFoundError: there is nothing to renew.
            InvalidInputError: the name, a host, the URI or the time can't be used.
        """
        if not hosts:
            raise InvalidInputError("hosts", "must name at least one host")
        names = [_host(host) for host in hosts]
        return self._issue(name, names, Purpose.SERVER, (now, lifetime), renew=renew)

    def issue_client(
        self,
        name: str,
        uri: str,
        *,
        now: datetime,
        lifetime: timedelta = CLIENT_LIFETIME,
        renew: bool = False,
    ) -> Issued:
        """Issue a client certificate that names exactly one URI.

        Args and errors as above; ``uri`` says who the client is, in ASCII. Its form
        is checked elsewhere.
        """
        try:
            names = [x509.UniformResourceIdentifier(uri)]
        except ValueError as error:
            raise InvalidInputError("uri", "must be ASCII") from error
        return self._issue(name, names, Purpose.CLIENT, (now, lifetime), renew=renew)

    def revoke(self, serial: int, *, now: datetime) -> None:
        """Put one certificate on the revocation list; twice is once.

        Raises:
            InvalidInputError: nothing with this serial was issued here.
            TamperedError: the list or the index does not verify.
        """
        _require_utc(now)
        if all(issued.serial != serial for issued in self.issued()):
            raise InvalidInputError("serial", "was not issued by this authority")
        with _alone(self._directory):
            self._revoke(serial, now)

    def _revoke(self, serial: int, now: datetime) -> None:
        path = self._directory / "crl.pem"
        content = path.read_bytes()
        current = read_revocations(content, _pem(self._certificate))
        if content.count(b"-----BEGIN") != 1:
            raise TamperedError  # lists of several belong elsewhere: see the top
        if serial in current.serials:
            return
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        entry = entry.revocation_date(now)
        entries = [*x509.load_pem_x509_crl(content), entry.build()]
        number = 1 + max(current.numbers.values())
        write_file(path, self._sign_list(entries, number, now), replace=True)

    def revoked(self) -> frozenset[int]:
        """Return the revoked serials, or raise TamperedError."""
        content = (self._directory / "crl.pem").read_bytes()
        return read_revocations(content, _pem(self._certificate)).serials

    def issued(self) -> tuple[Issued, ...]:
        """Return everything issued, oldest first, or raise TamperedError."""
        lines = (self._directory / "index.jsonl").read_text("utf-8").splitlines()
        return tuple(_parse_line(line) for line in lines)

    def _issue(
        self,
        name: str,
        names: Sequence[x509.GeneralName],
        purpose: Purpose,
        validity: tuple[datetime, timedelta],
        *,
        renew: bool,
    ) -> Issued:
        """Make key and certificate; enter them in the index; write them."""
        _require_utc(validity[0])
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise InvalidInputError("name", "must be lower-case letters, digits, -")
        with _alone(self._directory):
            return self._write(name, names, purpose, validity, renew=renew)

    def _write(
        self,
        name: str,
        names: Sequence[x509.GeneralName],
        purpose: Purpose,
        validity: tuple[datetime, timedelta],
        *,
        renew: bool,
    ) -> Issued:
        """Make and write one pair, alone in the directory."""
        now, lifetime = validity
        paths = [self._directory / f"{name}{suffix}" for suffix in (".key", ".pem")]
        there = any(path.exists() for path in paths)
        if there and not renew:
            raise FileExistsError(errno.EEXIST, "exists already", str(paths[1]))
        if renew and not there:
            raise FileNotFoundError(errno.ENOENT, "nothing to renew", str(paths[1]))
        key = ec.generate_private_key(ec.SECP256R1())
        not_after = min(now + lifetime, self._certificate.not_valid_after_utc)
        certificate = self._sign_leaf(key, names, purpose, (now, not_after))
        issued = Issued(
            certificate.serial_number,
            ",".join(str(name.value) for name in names),
            certificate.not_valid_after_utc,
            purpose,
        )
        with (self._directory / "index.jsonl").open("a", encoding="utf-8") as index:
            index.write(_line(issued))
            index.flush()
            os.fsync(index.fileno())
        # The key first: whoever sees the new certificate finds its key beside it.
        write_file(paths[0], _key_pem(key), mode=_KEY_MODE, replace=renew)
        write_file(paths[1], _pem(certificate), replace=renew)
        return issued

    def _sign_leaf(
        self,
        key: ec.EllipticCurvePrivateKey,
        names: Sequence[x509.GeneralName],
        purpose: Purpose,
        validity: tuple[datetime, datetime],
    ) -> x509.Certificate:
        """Sign a certificate with an empty subject: the name is in the SAN alone."""
        issuer, public = self._certificate.subject, key.public_key()
        usage = x509.ExtendedKeyUsage([_USAGE[purpose]])
        return (
            _builder(x509.Name([]), issuer, public, validity, ca=False)
            .add_extension(usage, critical=False)
            # Critical because the subject is empty (RFC 5280 section 4.2.1.6).
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(self._key_identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _sign_list(
        self, entries: Sequence[x509.RevokedCertificate], number: int, now: datetime
    ) -> bytes:
        """Sign a list, due when the authority ends: its number shows what is stale."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now)
            .next_update(self._certificate.not_valid_after_utc)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(self._key_identifier, critical=False)
        )
        for entry in entries:
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(_PEM)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    validity: tuple[datetime, datetime],
    *,
    ca: bool,
) -> x509.CertificateBuilder:
    """Begin a certificate with what authorities and leaves have in common."""
    basic = x509.BasicConstraints(ca=ca, path_length=0 if ca else None)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0] - BACKDATE)
        .not_valid_after(validity[1])
        .add_extension(basic, critical=True)
        .add_extension(_key_usage(ca=ca), critical=True)
        .add_extension(identifier, critical=False)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(host))
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise InvalidInputError("hosts", "must be ASCII") from error


def _line(issued: Issued) -> str:
    fields = {
        "serial": f"{issued.serial:x}",
        "san": issued.san,
        "not_after": issued.not_after.isoformat(),
        "purpose": issued.purpose.value,
    }
    return json.dumps(fields) + "\n"


def _parse_line(line: str) -> Issued:
    try:
        fields = json.loads(line)
        return Issued(
            int(fields["serial"], 16),
            str(fields["san"]),
            datetime.fromisoformat(fields["not_after"]),
            Purpose(fields["purpose"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TamperedError from error


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(_PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, plain)


def _require_utc(now: datetime) -> None:
    if now.utcoffset() != timedelta(0):
        raise InvalidInputError("now", "must be UTC")


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Wait until no other process is in this block for a directory, and keep it so."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # and with it goes the lock
