"""Sign and verify a document with the key of a certificate (ECDSA, P-256, SHA-256).

For what somebody hands on under their own name. Anybody can verify it with OpenSSL::

    openssl x509 -in certificate.pem -noout -pubkey > key.pem
    openssl dgst -sha256 -verify key.pem -signature document.sig document

The same keys sign in TLS, where everything signed begins with 64 spaces or the number
of a handshake message; a document begins with neither.

Invariants:
    * a signature has exactly one form in bytes, and so has a certificate: nobody can
      make another valid pair out of one that they saw;
    * verifying returns nothing, and never tells *why* a signature was refused;
    * whether anybody trusted issued the certificate is for the reader to look at.
"""

from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding

from placement.crypto.certificate import read_pair
from placement.errors import InvalidInputError, TamperedError

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HASHED: Final = ec.ECDSA(hashes.SHA256())


def alone(certificate: bytes) -> bytes:
    """Return a certificate in its one form.

    Args:
        certificate: PEM; of a chain, the first counts.

    Raises:
        TamperedError: it can't be read.
    """
    try:
        holder = x509.load_pem_x509_certificate(certificate)
    except ValueError as error:
        raise TamperedError from error
    return holder.public_bytes(Encoding.PEM)


def sign(content: bytes, certificate: bytes, key: bytes) -> bytes:
    """Sign a document.

    Args:
        content: the document.
        certificate: PEM; of a chain, the first counts.
        key: the private key that belongs to it, PEM, unencrypted.

    Returns:
        The signature, DER.

    Raises:
        TamperedError: certificate or key can't be read, or they do not match.
        InvalidInputError: the key is of another curve.

    Secret:
        key
    """
    _, private = read_pair(certificate, key)
    if not isinstance(private.curve, ec.SECP256R1):
        raise InvalidInputError("key", "must be of the curve P-256")
    r, s = decode_dss_signature(private.sign(content, _HASHED))
    # Of r, s and r, n - s, which are both valid, the lower one counts.
    return encode_dss_signature(r, min(s, _ORDER - s))


def verify(content: bytes, certificate: bytes, signature: bytes) -> x509.Certificate:
    """Verify a document.

    Args:
        content: the document.
        certificate: as ``alone`` returned it.
        signature: as ``sign`` returned it.

    Returns:
        The certificate; nothing in it but the key has been looked at.

    Raises:
        TamperedError: another document, certificate or signature, or another form.
    """
    try:
        holder = x509.load_pem_x509_certificate(certificate)
        key = holder.public_key()
        r, s = decode_dss_signature(signature)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TamperedError from error
    one_form = (
        holder.public_bytes(Encoding.PEM) == certificate
        and s <= _ORDER // 2
        and encode_dss_signature(r, s) == signature
    )
    if (
        not isinstance(key, ec.EllipticCurvePublicKey)
        or not isinstance(key.curve, ec.SECP256R1)
        or not one_form
    ):
        raise TamperedError
    try:
        key.verify(signature, content, _HASHED)
    except InvalidSignature as error:
        raise TamperedError from error
    return holder
