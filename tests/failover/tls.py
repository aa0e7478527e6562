"""The certificates of the machines: both ends of every connection between them.

The service's own authority issues for servers or for people; a machine here is a server
and a client, so the drill has an authority of its own, as an operator has for machines.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_BOTH = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


def issue(folder: Path) -> None:
    """Write ``ca.pem``, and ``postgres.pem`` and ``postgres.key`` for this host."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), _key(folder)
    ca, own = _name("machines of the drill"), _name("postgres")
    made = (
        _about(ca, ca, authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    issued = (
        _about(own, ca, key.public_key())
        .add_extension(names, critical=False)
        .add_extension(x509.ExtendedKeyUsage(_BOTH), critical=False)
        .sign(authority, hashes.SHA256())
    )
    for name, certificate in (("ca", made), ("postgres", issued)):
        content = certificate.public_bytes(serialization.Encoding.PEM)
        (folder / f"{name}.pem").write_bytes(content)


def _key(folder: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    path = folder / "postgres.key"
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return key


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _about(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
    )
