"""HTTP/2 by hand, for whoever does not keep to it: a socket over TLS, and frames.

Source: RFC 9113 sections 3.4, 4.1 and 6, RFC 7541 section 6.2.2.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kit.certs import Pair
from kit.served import Served

DATA, HEADERS, RESET, SETTINGS, PING, AWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS = 1, 4
WINDOW = 4  # of settings
CANCEL = (8).to_bytes(4, "big")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SHORT = 127


def frame(kind: int, stream: int = 0, content: bytes = b"", flags: int = 0) -> bytes:
    """Return one frame."""
    head = len(content).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream.to_bytes(4, "big") + content


def begin(window: int | None = None) -> bytes:
    """Return what a client sends first.

    Args:
        window: bytes of an answer that it takes before it is asked for more.
    """
    if window is None:
        return PREFACE + frame(SETTINGS)
    setting = WINDOW.to_bytes(2, "big") + window.to_bytes(4, "big")
    return PREFACE + frame(SETTINGS, content=setting)


def block(**more: str) -> bytes:
    """Return compressed headers of a call without a deadline.

    Args:
        more: ``path``, and whatever else is to be in them.
    """
    fields = {
        ":method": "POST",
        ":scheme": "https",
        ":path": more.pop("path"),
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",  # codespell:ignore te
        **{name.replace("_", "-"): text for name, text in more.items()},
    }
    return b"".join(
        b"\0" + _text(name) + _text(value) for name, value in fields.items()
    )


def call(stream: int, headers: bytes, content: bytes) -> bytes:
    """Return a call, whole."""
    message = b"\0" + len(content).to_bytes(4, "big") + content
    return frame(HEADERS, stream, headers, END_HEADERS) + frame(
        DATA, stream, message, END_STREAM
    )


def _text(text: str) -> bytes:
    content = text.encode()
    if len(content) < _SHORT:
        return bytes((len(content),)) + content
    rest, length = len(content) - _SHORT, bytearray((_SHORT,))
    while rest >= 128:
        length.append(rest % 128 + 128)
        rest //= 128
    return bytes((*length, rest)) + content


@contextmanager
def plain(served: Served) -> Iterator[socket.socket]:
    """Connect without a word."""
    with socket.create_connection(("127.0.0.1", served.port), 5) as connection:
        yield connection


@contextmanager
def secure(served: Served, pair: Pair | None) -> Iterator[ssl.SSLSocket]:
    """Connect over TLS, as somebody or as nobody."""
    context = ssl.create_default_context(cafile=str(served.pki.paths.authority))
    context.set_alpn_protocols(["h2"])
    if pair is not None:
        context.load_cert_chain(pair.certificate_path, pair.key_path)
    with (
        plain(served) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as s,
    ):
        yield s
        with suppress(OSError, ValueError):  # closed by now
            s.unwrap()
