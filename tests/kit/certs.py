"""A throw-away authority for tests, and what it issues."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from placement.access import Role
from placement.crypto.pki import (
    CLIENT_LIFETIME,
    SERVER_LIFETIME,
    Authority,
    Purpose,
)
from placement.rpc.identity import TlsPaths

TRUST_DOMAIN = "placement.test"
LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as files and as bytes."""

    certificate_path: Path
    key_path: Path
    certificate: bytes
    key: bytes

    @property
    def serial(self) -> int:
        """The certificate's serial number."""
        return x509.load_pem_x509_certificate(self.certificate).serial_number


class Pki:
    """An authority in a directory of its own.

    Example:
        pki = Pki(tmp_path)
        pki.server()
        pair = pki.client(Role.CASEWORKER, "1480", "cw-01")
        pki.revoke(pair)
    """

    def __init__(self, tmp_path: Path, *, name: str = "placement test CA") -> None:
        self.directory = tmp_path / "pki"
        self.authority = Authority.create(self.directory, name=name, now=_now())
        self.paths = TlsPaths(
            certificate=self.directory / "server.pem",
            key=self.directory / "server.key",
            authority=self.directory / "ca.pem",
            revocations=self.directory / "crl.pem",
        )
        self._kept: dict[tuple[str, str, str, timedelta], Pair] = {}

    @property
    def ca(self) -> bytes:
        """The authority's certificate, PEM."""
        return self.paths.authority.read_bytes()

    @property
    def settings(self) -> str:
        """Lines of settings in a folder beside it, that name what a server has of it."""
        return "".join(
            f'{name} = "../{self.directory.name}/{file}"\n'
            for name, file in (
                ("certificate", "server.pem"),
                ("key", "server.key"),
                ("authority", "ca.pem"),
                ("revocations", "crl.pem"),
            )
        )

    def server(
        self, *, hosts: Sequence[str] = LOOPBACK, now: datetime | None = None
    ) -> Pair:
        """Issue the server's certificate; again, renew it in the same place."""
        self.authority.issue_server(
            "server",
            hosts,
            now=now or _now(),
            lifetime=SERVER_LIFETIME,
            renew=self.paths.certificate.exists(),
        )
        return self._pair("server")

    def client(
        self,
        role: Role | str,
        organisation: str,
        person: str,
        *,
        now: datetime | None = None,
        lifetime: timedelta = CLIENT_LIFETIME,
    ) -> Pair:
        """Issue a client certificate for one person."""
        word = role.value if isinstance(role, Role) else role
        uri = f"spiffe://{TRUST_DOMAIN}/{word}/{organisation}/{person}"
        return self.client_uri(uri, now=now, lifetime=lifetime)

    def kept(
        self, role: str, organisation: str, person: str, *, lifetime: timedelta
    ) -> Pair:
        """Return somebody's one certificate, issued when it is first asked for."""
        who = (role, organisation, person, lifetime)
        if who not in self._kept:
            self._kept[who] = self.client(*who[:3], lifetime=lifetime)
        return self._kept[who]

    def client_uri(
        self,
        uri: str,
        *,
        now: datetime | None = None,
        lifetime: timedelta = CLIENT_LIFETIME,
    ) -> Pair:
        """Issue a client certificate for any URI, sensible or not."""
        name = f"client-{len(self.authority.issued()):03}"
        self.authority.issue_client(name, uri, now=now or _now(), lifetime=lifetime)
        return self._pair(name)

    def leaf(
        self, names: Sequence[x509.GeneralName], *, purpose: Purpose = Purpose.CLIENT
    ) -> Pair:
        """Issue what the authority never would: any names for either purpose."""
        name = f"leaf-{len(self.authority.issued()):03}"
        validity = (_now(), CLIENT_LIFETIME)
        self.authority._issue(name, names, purpose, validity, renew=False)
        return self._pair(name)

    def revoke(self, pair: Pair, *, now: datetime | None = None) -> None:
        """Revoke a certificate."""
        self.authority.revoke(pair.serial, now=now or _now())

    def _pair(self, name: str) -> Pair:
        certificate = self.directory / f"{name}.pem"
        key = self.directory / f"{name}.key"
        return Pair(certificate, key, certificate.read_bytes(), key.read_bytes())


def _now() -> datetime:
    # Handshakes ask the machine's clock, so a virtual one would not do here.
    return datetime.fromtimestamp(time.time(), UTC)
