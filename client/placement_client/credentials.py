"""The files of the transport: what a certificate, its key and an authority say.

Reading is strict and says which file is wrong; whether dates, roles and signatures
hold is for ``doctor`` to tell and for the server to decide.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from placement.errors import InvalidInputError
from placement_client.profile import Profile

_URI: Final = re.compile(
    "spiffe://([a-z0-9.-]+)/(caseworker|coordinator|auditor|witness|operator)"
    "/([a-z0-9-]+)/([a-z0-9-]+)"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a client certificate says that its holder is.

    Attributes:
        role: caseworker, coordinator, auditor, witness or operator.
        organisation: municipality code, police region or office.
        person: the organisation's own id of the person.
    """

    role: str
    organisation: str
    person: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """The three files of a profile, as bytes.

    Attributes:
        certificate: the client's chain, PEM.
        key: its private key, PEM.
        ca: whoever may sign servers, PEM.
    """

    certificate: bytes
    key: bytes = field(repr=False)
    ca: bytes


def read_credentials(profile: Profile) -> Credentials:
    """Read certificate, key and authorities, and see that they can be used.

    Raises:
        InvalidInputError: a file can't be read, is not what it should be, or the key
            belongs to another certificate.
    """
    certificate = content(profile.certificate, "certificate")
    key = content(profile.key, "key")
    ca = content(profile.ca, "ca")
    require_pair(read_chain(certificate, "certificate")[0], key)
    read_chain(ca, "ca")
    return Credentials(certificate, key, ca)


def content(path: str, field: str) -> bytes:
    """Return what a file holds.

    Raises:
        InvalidInputError: it can't be read.
    """
    try:
        return Path(path).expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidInputError(field, "can't be read as a file") from error


def read_chain(pem: bytes, field: str) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a file, one at least.

    Raises:
        InvalidInputError: there is none, or one can't be read.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise InvalidInputError(
            field, "holds no certificate that can be read"
        ) from error


def require_pair(certificate: x509.Certificate, pem: bytes) -> None:
    """Refuse a private key that belongs to another certificate.

    Raises:
        InvalidInputError: it does, or it can't be read without a password.

    Secret:
        pem
    """
    try:
        private = serialization.load_pem_private_key(pem, password=None)
        known = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidInputError("key", "is no private key that can be read") from error
    if private.public_key() != known:
        raise InvalidInputError("key", "belongs to another certificate")


def holder(certificate: x509.Certificate) -> Holder | None:
    """Return who a certificate names, or nothing if it does not name one person."""
    try:
        extensions = certificate.extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None
    match list(names):
        case [x509.UniformResourceIdentifier(value=uri)]:
            found = _URI.fullmatch(uri)
            return Holder(found[2], found[3], found[4]) if found else None
        case _:
            return None


def user(profile: Profile) -> Holder | None:
    """Return who a profile's certificate names, or nothing if it names nobody.

    Raises:
        InvalidInputError: it can't be read.
    """
    pem = content(profile.certificate, "certificate")
    return holder(read_chain(pem, "certificate")[0])


def for_clients(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate that can be read may be used by a client."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage.value


def signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Tell whether an authority signed a certificate."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
