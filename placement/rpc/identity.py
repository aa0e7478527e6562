"""From a verified certificate to a caller, for every single call.

The handshake proves that an authority signed the certificate and that it has not
expired; that is once a connection, and connections live on. So every call asks again:
is the authority still trusted, is the serial revoked, is the time still right? Only
then does the certificate's one URI become a caller.

Invariants:
    * every doubt is the same ``CertificateError``, and refuses the call;
    * a revocation list that is missing, unreadable, forged or older than one seen
      before refuses everybody until it is mended;
    * new files take effect without a restart, and bad ones never replace good ones
      in the handshake.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import grpc
import grpc.aio
from cryptography import x509

from placement.access import Caller, parse_san
from placement.crypto.certificate import (
    Client,
    read_authorities,
    read_client,
    read_pair,
    read_revocations,
)
from placement.errors import CertificateError, TamperedError

CACHE_SIZE: Final = 4096
"""How many certificates are kept parsed; about 2 KB each."""

_TLS_VERSION: Final = b"TLSv1.3"
_Stamp: TypeAlias = tuple[tuple[int, ...], ...]

AuthContext: TypeAlias = Mapping[str, Iterable[bytes]]
"""What gRPC knows of a connection: each key has a sequence of values."""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsPaths:
    """Where the files of the transport lie.

    Attributes:
        certificate: the server's certificate, PEM.
        key: its private key, PEM, unencrypted.
        authority: whoever may sign clients: one or several certificates, PEM.
        revocations: the signed list of each of them, PEM.
    """

    certificate: Path
    key: Path
    authority: Path
    revocations: Path


@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """Who is trusted at this moment; compared by identity, so a reload is a new one.

    Attributes:
        authorities: whoever may sign clients.
        revoked: serials that are refused.
    """

    authorities: tuple[x509.Certificate, ...]
    revoked: frozenset[int]


def server_credentials(paths: TlsPaths) -> grpc.ServerCredentials:
    """Make credentials that demand a client certificate and follow their files.

    Raises:
        OSError: a file can't be read now.
        TamperedError: certificate, key and authorities do not fit now; a note says which.
    """
    files = _HandshakeFiles(paths)
    with _named(paths):
        first = files.read()
    # The stubs know no None, which means "as before" (the fetcher's documentation).
    fetch = cast("Callable[[], grpc.ServerCertificateConfiguration]", files.changed)
    return grpc.dynamic_ssl_server_credentials(
        first, fetch, require_client_authentication=True
    )


@contextmanager
def _named(paths: TlsPaths) -> Iterator[None]:
    """Name the file and its setting, if what is read in the block does not fit.

    At a start alone, where most often a setting names another file.
    """
    try:
        yield
    except TamperedError as error:
        error.because(*_unfit(paths))
        raise


def _unfit(paths: TlsPaths) -> Iterator[str]:
    """Say of the first file that does not fit what it should be."""
    certificate, key, authority, revocations = (
        getattr(paths, each.name).read_bytes() for each in fields(paths)
    )
    tries: Mapping[str, tuple[str, Callable[[], object]]] = {
        "certificate": ("is no certificate", lambda: read_authorities(certificate)),
        "key": (
            f"is not the private key of {paths.certificate}",
            lambda: read_pair(certificate, key),
        ),
        "authority": ("is no certificate", lambda: read_authorities(authority)),
        "revocations": (
            f"has no list that verifies, of an authority in {paths.authority}",
            lambda: read_revocations(revocations, authority),
        ),
    }
    for name, (lacks, read) in tries.items():
        try:
            read()
        except TamperedError:
            yield f"{getattr(paths, name)} {lacks} (setting {name})."
            return


class _HandshakeFiles:
    """Certificate, key and authorities as last read whole."""

    def __init__(self, paths: TlsPaths) -> None:
        self._paths = (paths.certificate, paths.key, paths.authority)
        self._lock = threading.Lock()
        self._stamp: _Stamp | None = None

    def read(self) -> grpc.ServerCertificateConfiguration:
        """Read and verify the files, and remember which they were."""
        # Stamped before reading: what is written meanwhile is read next time.
        stamp = _stamp(*self._paths)
        certificate, key, authority = (path.read_bytes() for path in self._paths)
        read_pair(certificate, key)
        read_authorities(authority)
        self._stamp = stamp
        return grpc.ssl_server_certificate_configuration(
            [(key, certificate)], root_certificates=authority
        )

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the new files if there are any that fit; asked at each handshake."""
        with self._lock:
            try:
                if _stamp(*self._paths) == self._stamp:
                    return None
                return self.read()
            except (OSError, TamperedError):
                return None  # half written: the old ones serve until the rest is there


class Revocation:
    """Who is trusted and who is revoked, as the two files say at this moment."""

    def __init__(self, paths: TlsPaths) -> None:
        """Read both files.

        Raises:
            OSError: a file can't be read.
            TamperedError: an authority has no revocation list that verifies; a note says
                which file that is.
        """
        self._paths = (paths.authority, paths.revocations)
        self._lock = threading.Lock()
        self._numbers: dict[bytes, int] = {}
        self._stamp: _Stamp | None = _stamp(*self._paths)
        with _named(paths):
            self._trust = self._read()

    def trust(self) -> Trust:
        """Return who is trusted now, reading the files again if they changed.

        Raises:
            CertificateError: the files can't be trusted; nobody is let in.
        """
        with self._lock:
            try:
                stamp = _stamp(*self._paths)
                if stamp != self._stamp:
                    self._trust = self._read()
                    self._stamp = stamp
            except (OSError, TamperedError) as error:
                if self._stamp is not None:
                    _log.error("revocations_unusable kind=%s", type(error).__name__)
                self._stamp = None  # the next call reads again, whatever the files say
                raise CertificateError from error
            return self._trust

    def _read(self) -> Trust:
        authority, revocations = (path.read_bytes() for path in self._paths)
        listed = read_revocations(revocations, authority)
        for fingerprint, number in listed.numbers.items():
            # An older list, put back, would bring revoked certificates to life.
            if number < self._numbers.get(fingerprint, number):
                raise TamperedError
        self._numbers.update(listed.numbers)
        return Trust(read_authorities(authority), listed.serials)


class Identifier:
    """Names the caller behind a connection, or refuses."""

    def __init__(
        self, trust_domain: str, revocation: Revocation, *, clock: Callable[[], float]
    ) -> None:
        """Keep what every call needs.

        Args:
            trust_domain: the one domain that callers' URIs may name.
            revocation: who is trusted and revoked.
            clock: seconds since 1970-01-01 UTC.
        """
        self._trust_domain = trust_domain
        self._revocation = revocation
        self._clock = clock
        # Keyed by every byte and by the trust it was verified under: no digest that
        # could collide, and nothing outlives a reload. Refusals are not kept.
        self._read = lru_cache(maxsize=CACHE_SIZE)(self._read_caller)

    def identify(self, auth_context: AuthContext) -> Caller:
        """Return the caller of one call.

        Args:
            auth_context: what gRPC says about the connection, see ``auth_context``.

        Raises:
            CertificateError: the call is not from a known caller over TLS 1.3 with a
                certificate that is trusted, unrevoked and unexpired at this moment.
        """
        if tuple(auth_context.get("ssl_tls_version", ())) != (_TLS_VERSION,):
            raise CertificateError
        match tuple(auth_context.get("x509_pem_cert", ())):
            case (content,):
                pass
            case _:
                raise CertificateError
        trust = self._revocation.trust()
        client, caller = self._read(content, trust)
        if client.serial in trust.revoked or client.not_after <= self._clock():
            raise CertificateError
        return caller

    def _read_caller(self, content: bytes, trust: Trust) -> tuple[Client, Caller]:
        client = read_client(content, trust.authorities)
        fingerprint = client.fingerprint
        caller = parse_san(client.uri, self._trust_domain, fingerprint=fingerprint)
        return client, caller


def auth_context(
    context: grpc.ServicerContext | grpc.aio.ServicerContext[Any, Any],
) -> AuthContext:
    """Return what gRPC says about the connection of a call."""
    # The stubs promise bytes; gRPC gives a sequence of bytes for every key.
    return cast("AuthContext", context.auth_context())


def _stamp(*paths: Path) -> _Stamp:
    """Return what changes whenever one of the files does."""
    stats = map(os.stat, paths)
    return tuple((s.st_mtime_ns, s.st_ctime_ns, s.st_ino, s.st_size) for s in stats)
