"""Over real mutual TLS on the loopback: who gets through, and who never does."""

import asyncio
import contextlib
import socket
import ssl
import time
from concurrent import futures
from datetime import UTC, datetime, timedelta

import grpc
import grpc.aio
import pytest
from cryptography import x509
from kit.certs import TRUST_DOMAIN, Pki

from placement.access import Role
from placement.crypto.pki import Purpose
from placement.errors import CertificateError
from placement.rpc.identity import (
    Identifier,
    Revocation,
    auth_context,
    server_credentials,
)

METHOD = "/test.Test/Call"
URI = f"spiffe://{TRUST_DOMAIN}/caseworker/1480/cw-01"
SECONDS = 10


class Server:
    """A gRPC server that answers with the caller, or a refusal."""

    def __init__(self, pki):
        self.pki = pki
        self.ahead = 0
        self.seen = []
        self.identifier = Identifier(
            TRUST_DOMAIN, Revocation(pki.paths), clock=self._time
        )
        handler = grpc.unary_unary_rpc_method_handler(self._answer)
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("test.Test", {"Call": handler}),)
        )
        self.port = self._server.add_secure_port(
            "127.0.0.1:0", server_credentials(pki.paths)
        )
        self._server.start()
        self._channels = contextlib.ExitStack()

    def _time(self):
        return time.time() + self.ahead

    def _answer(self, _request, context):
        self.seen.append(auth_context(context))
        try:
            caller = self.identifier.identify(auth_context(context))
        except CertificateError as error:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, error.text)
        parts = (caller.role.value, caller.organisation, caller.person)
        return "/".join(parts).encode()

    def channel(self, pair=None, *, roots=None):
        """Open a channel of its own connection."""
        credentials = grpc.ssl_channel_credentials(
            roots or self.pki.ca,
            pair.key if pair else None,
            pair.certificate if pair else None,
        )
        channel = grpc.secure_channel(
            f"localhost:{self.port}",
            credentials,
            options=[("grpc.use_local_subchannel_pool", 1)],
        )
        return self._channels.enter_context(channel)

    def stop(self):
        """Close every channel and the server."""
        self._channels.close()
        self._server.stop(None).wait()


def call(channel):
    """Return the answer, or the status code of the refusal."""
    try:
        return channel.unary_unary(METHOD)(b"", timeout=SECONDS).decode()
    except grpc.RpcError as error:
        return error.code()


def peer_serial(server):
    """Return the serial of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cadata=server.pki.ca.decode())
    context.set_alpn_protocols(["h2"])
    address = ("127.0.0.1", server.port)
    with (
        socket.create_connection(address, SECONDS) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as wrapped,
    ):
        der = wrapped.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).serial_number


@pytest.fixture
def server(pki):
    server = Server(pki)
    yield server
    server.stop()


# The handshake


def test_known_client_is_named(server, pair):
    """A good certificate gives the caller that it names."""
    got = call(server.channel(pair))

    assert got == "caseworker/1480/cw-01"


def test_handshake_is_modern(server, pair):
    """The connection is TLS 1.3 with the post-quantum hybrid key exchange."""
    call(server.channel(pair))
    (seen,) = server.seen
    got = [
        list(seen[key])
        for key in ("ssl_tls_version", "ssl_negotiated_key_exchange_group")
    ]

    assert got == [[b"TLSv1.3"], [b"X25519MLKEM768"]]


def test_client_without_certificate_never_gets_in(server):
    """No certificate, no connection."""
    got = call(server.channel())

    assert got == grpc.StatusCode.UNAVAILABLE
    assert server.seen == []


def test_client_of_a_namesake_never_gets_in(tmp_path, server):
    """Another authority under the same name signs nobody in."""
    other = Pki(tmp_path / "other")
    got = call(server.channel(other.client(Role.CASEWORKER, "1480", "cw-01")))

    assert got == grpc.StatusCode.UNAVAILABLE
    assert server.seen == []


def test_expired_client_never_gets_in(pki, server):
    """Yesterday's certificate opens no connection."""
    yesterday = datetime.fromtimestamp(time.time(), UTC) - timedelta(hours=25)
    pair = pki.client(Role.CASEWORKER, "1480", "cw-01", now=yesterday)
    got = call(server.channel(pair))

    assert got == grpc.StatusCode.UNAVAILABLE
    assert server.seen == []


def test_server_certificate_is_no_client(pki, server):
    """A certificate for servers opens no connection, whatever name it bears."""
    names = [x509.UniformResourceIdentifier(URI)]
    got = call(server.channel(pki.leaf(names, purpose=Purpose.SERVER)))

    assert got == grpc.StatusCode.UNAVAILABLE
    assert server.seen == []


def test_asynchronous_server_gives_the_same_context(pki, pair, identifier):
    """The asynchronous server says the same of a connection."""

    async def answer(_request, context):
        return identifier.identify(auth_context(context)).person.encode()

    async def talk():
        server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(answer)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("test.Test", {"Call": handler}),)
        )
        port = server.add_secure_port("127.0.0.1:0", server_credentials(pki.paths))
        await server.start()
        credentials = grpc.ssl_channel_credentials(pki.ca, pair.key, pair.certificate)
        async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
            answer_ = await channel.unary_unary(METHOD)(b"", timeout=SECONDS)
        await server.stop(None)
        return answer_

    got = asyncio.run(talk())

    assert got == b"cw-01"


# Every call


def test_revoked_client_is_refused_though_it_connects(pki, server, pair):
    """The handshake knows no revocation; the call is refused all the same."""
    pki.revoke(pair)
    got = call(server.channel(pair))

    assert got == grpc.StatusCode.UNAUTHENTICATED
    assert len(server.seen) == 1


def test_revocation_reaches_an_open_connection(pki, server, pair):
    """The next call on an open connection is refused."""
    channel = server.channel(pair)
    got = [call(channel)]
    pki.revoke(pair)
    got.append(call(channel))

    assert got == ["caseworker/1480/cw-01", grpc.StatusCode.UNAUTHENTICATED]


def test_revocation_of_one_leaves_others(pki, server, pair):
    """Nobody but the revoked is refused."""
    other = server.channel(pki.client(Role.CASEWORKER, "1480", "cw-02"))
    pki.revoke(pair)
    got = call(other)

    assert got == "caseworker/1480/cw-02"


def test_expiry_reaches_an_open_connection(server, pair):
    """A connection that outlives its certificate is refused from that moment on."""
    channel = server.channel(pair)
    got = [call(channel)]
    server.ahead = 24 * 3600
    got.append(call(channel))

    assert got == ["caseworker/1480/cw-01", grpc.StatusCode.UNAUTHENTICATED]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-60]),
    ],
    ids=["missing", "empty", "cut"],
)
def test_damaged_list_refuses_everybody_until_mended(pki, server, pair, damage):
    """Without a list that verifies nobody is let in; mended, everybody is."""
    channel = server.channel(pair)
    good = pki.paths.revocations.read_bytes()
    damage(pki.paths.revocations)
    got = [call(channel), call(channel)]
    pki.paths.revocations.write_bytes(good)
    got.append(call(channel))

    refused = grpc.StatusCode.UNAUTHENTICATED
    assert got == [refused, refused, "caseworker/1480/cw-01"]


# Rotation


def test_renewed_server_certificate_serves_at_once(pki, server, pair):
    """New connections get the renewed certificate; nobody restarts."""
    got = [call(server.channel(pair)), peer_serial(server)]
    renewed = pki.server().serial
    got += [call(server.channel(pair)), peer_serial(server) == renewed]

    assert got[0] == got[2] == "caseworker/1480/cw-01"
    assert got[3]
    assert got[1] != renewed


def test_certificate_renewed_before_anybody_connects_serves(pki, server):
    """The very first connection gets the renewed certificate too."""
    renewed = pki.server().serial
    got = peer_serial(server)

    assert got == renewed


@pytest.mark.parametrize("content", [None, b"", b"half a"])
def test_half_written_files_change_nothing(pki, server, pair, content):
    """The old certificate serves until the new one is whole."""
    serial = peer_serial(server)
    if content is None:
        pki.paths.certificate.unlink()
    else:
        pki.paths.certificate.write_bytes(content)
    got = [peer_serial(server), call(server.channel(pair))]

    assert got == [serial, "caseworker/1480/cw-01"]


def test_key_without_its_certificate_changes_nothing(tmp_path, pki, server, pair):
    """Between the new key and the new certificate the old pair serves."""
    serial = peer_serial(server)
    other = Pki(tmp_path / "other").server()
    pki.paths.key.write_bytes(other.key)
    got = [peer_serial(server), call(server.channel(pair))]

    assert got == [serial, "caseworker/1480/cw-01"]


def test_authority_succeeds_another_without_restart(tmp_path, pki, server, pair):
    """Both are trusted, then only the new; the old one's open connections end."""
    new = Pki(tmp_path / "new")
    newcomer = new.client(Role.AUDITOR, "review", "au-01")
    old_channel = server.channel(pair)
    got = [call(old_channel), call(server.channel(newcomer))]
    ca, crl = pki.paths.authority, pki.paths.revocations
    crl.write_bytes(crl.read_bytes() + new.paths.revocations.read_bytes())
    got.append(call(old_channel))
    ca.write_bytes(ca.read_bytes() + new.ca)
    roots = pki.ca
    got += [call(old_channel), call(server.channel(newcomer, roots=roots))]
    ca.write_bytes(new.ca)
    got += [call(old_channel), call(server.channel(pair, roots=roots))]
    got.append(call(server.channel(newcomer, roots=roots)))

    old, fresh = "caseworker/1480/cw-01", "auditor/review/au-01"
    assert got == [
        *(old, grpc.StatusCode.UNAVAILABLE),
        old,
        *(old, fresh),
        *(grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE),
        fresh,
    ]
