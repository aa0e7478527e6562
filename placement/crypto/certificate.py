"""Read what an authority signed: clients, revocation lists, pairs of files.

A server needs no more than this; issuing is the business of ``pki`` alone. The
module reads bytes, never files or the clock, and decides no rights.

Invariants:
    * a revocation list counts only if it verifies with an authority, and every
      authority needs one: without its list nothing an authority signed is trusted;
    * a client is exactly one URI; the subject name means nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from placement.errors import CertificateError, TamperedError

_CRL: Final = re.compile(
    rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """What the revocation lists of all authorities say together.

    Attributes:
        serials: every revoked serial number.
        numbers: SHA-256 of an authority's certificate → highest number of its lists,
            so that a reader can notice an older list put back.
    """

    serials: frozenset[int]
    numbers: Mapping[bytes, int]


@dataclass(frozen=True, slots=True)
class Client:
    """What a client certificate says.

    Attributes:
        serial: its serial number.
        not_after: when it expires, seconds since 1970-01-01 UTC.
        uri: its only alternative name.
        fingerprint: SHA-256 of the certificate in DER, 32 bytes.
    """

    serial: int
    not_after: float
    uri: str
    fingerprint: bytes


def read_authorities(content: bytes) -> tuple[x509.Certificate, ...]:
    """Read one or several authorities from PEM.

    Raises:
        TamperedError: there is none, or one can't be read.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(content))
    except ValueError as error:
        raise TamperedError from error


def read_revocations(content: bytes, authorities: bytes) -> RevocationList:
    """Read the revocation lists of all authorities.

    A list of nobody's is ignored, so that a new authority's list can be put in place
    before the authority itself; an authority without a list of its own is an error.

    Args:
        content: one or several X.509 revocation lists, PEM.
        authorities: one or several authorities, PEM.

    Raises:
        TamperedError: a list can't be read, or an authority has none that verifies.
    """
    serials: set[int] = set()
    numbers: dict[bytes, int] = {}
    try:
        lists = [x509.load_pem_x509_crl(block) for block in _CRL.findall(content)]
        for authority in read_authorities(authorities):
            own = [each for each in lists if _signed_by(each, authority)]
            if not own:
                raise TamperedError
            fingerprint = authority.fingerprint(hashes.SHA256())
            for each in own:
                serials.update(entry.serial_number for entry in each)
                extension = each.extensions.get_extension_for_class(x509.CRLNumber)
                number = extension.value.crl_number
                numbers[fingerprint] = max(number, numbers.get(fingerprint, 0))
    except (ValueError, x509.ExtensionNotFound) as error:
        raise TamperedError from error
    return RevocationList(frozenset(serials), numbers)


def read_client(content: bytes, authorities: Sequence[x509.Certificate]) -> Client:
    """Read a client certificate that one of the authorities signed.

    Args:
        content: one certificate, PEM, as the handshake received it.
        authorities: who is trusted now, which may be fewer than at the handshake.

    Raises:
        CertificateError: it can't be read, nobody trusted signed it, or it has
            anything else than exactly one alternative name, a URI.
    """
    try:
        certificate = x509.load_pem_x509_certificate(content)
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise CertificateError from error
    if not any(_issued_by(certificate, authority) for authority in authorities):
        raise CertificateError
    match list(found.value):
        case [x509.UniformResourceIdentifier(value=uri)]:
            return Client(
                certificate.serial_number,
                certificate.not_valid_after_utc.timestamp(),
                uri,
                certificate.fingerprint(hashes.SHA256()),
            )
        case _:
            raise CertificateError


def read_pair(
    certificate: bytes, key: bytes
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Read a certificate and the private key that belongs to it.

    Args:
        certificate: PEM; of a chain, the first counts.
        key: an elliptic-curve key, PEM, unencrypted.

    Returns:
        Both, parsed.

    Raises:
        TamperedError: one can't be read, or they do not match.

    Secret:
        key
    """
    try:
        holder = x509.load_pem_x509_certificate(certificate)
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TamperedError from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TamperedError
    if private.public_key() != holder.public_key():
        raise TamperedError
    return holder, private


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _signed_by(
    revocations: x509.CertificateRevocationList, authority: x509.Certificate
) -> bool:
    key = authority.public_key()
    return (
        revocations.issuer == authority.subject
        and isinstance(key, ec.EllipticCurvePublicKey)
        and revocations.is_signature_valid(key)
    )
