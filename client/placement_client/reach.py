"""Whether a server can be reached: port, TLS, health and clock, each by itself."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from pathlib import Path
from typing import Final

import grpc

from placement_client.channel import open_channel
from placement_client.findings import Finding, Level, bad, doubtful, good
from placement_client.profile import Profile

TIMEOUT: Final = 5.0  # seconds, for each step
MAX_SKEW: Final = timedelta(seconds=30)

REFUSED: Final = "The server refuses your certificate: ask for a new one."
"""What is said of a server that lets others in."""

_HEALTH: Final = "/grpc.health.v1.Health/Check"
_SERVING: Final = b"\x08\x01"  # HealthCheckResponse: status = SERVING
_SILENT: Final = (
    f"does not answer within {TIMEOUT:g} s: try again; if it lasts, tell the operator."
)


class Obstacle(Enum):
    """What is in the way to a server, or to a custodian."""

    NOBODY = 1
    WALL = 2
    CLOSED = 3
    MISNAMED = 4
    UNTIMELY = 5
    UNSIGNED = 6
    SILENT = 7
    NO_TLS = 8


_UNPROVEN: Final = {
    62: Obstacle.MISNAMED,  # X509_V_ERR_HOSTNAME_MISMATCH
    64: Obstacle.MISNAMED,  # X509_V_ERR_IP_ADDRESS_MISMATCH
    9: Obstacle.UNTIMELY,  # X509_V_ERR_CERT_NOT_YET_VALID
    10: Obstacle.UNTIMELY,  # X509_V_ERR_CERT_HAS_EXPIRED
}
"""By OpenSSL's code; all else is not signed as it should be."""

_OF_SERVER: Final[Mapping[Obstacle, str]] = {
    Obstacle.NOBODY: "Nobody knows the server's name: check `server` and network.",
    Obstacle.WALL: "The server does not answer: a firewall may be in between.",
    Obstacle.CLOSED: "Nothing listens there: check `server`, ask the operator.",
    Obstacle.MISNAMED: "The server has another name: check `server` and `server_name`.",
    Obstacle.UNTIMELY: (
        "The server's certificate is not valid now: check this clock first."
    ),
    Obstacle.UNSIGNED: (
        "The server is not signed by the authority in `ca`: do not go on."
    ),
    Obstacle.SILENT: f"The server {_SILENT}",
    Obstacle.NO_TLS: "What listens there does not speak TLS 1.3: check `server`.",
}
_OF_CUSTODIAN: Final[Mapping[Obstacle, str]] = {
    Obstacle.NOBODY: "Nobody knows its name: check its address and network.",
    Obstacle.WALL: "It does not answer: a firewall may be in between.",
    Obstacle.CLOSED: "Nothing listens there: check its address, ask its operator.",
    Obstacle.MISNAMED: (
        "It has another name: check its address, which has to say the host in its "
        "certificate."
    ),
    Obstacle.UNTIMELY: "Its certificate is not valid now: check this clock first.",
    Obstacle.UNSIGNED: (
        "It is not signed by the authority that custodians have here: do not go on."
    ),
    Obstacle.SILENT: f"It {_SILENT}",
    Obstacle.NO_TLS: "What listens there does not speak TLS 1.3: check its address.",
}


def reach(
    profile: Profile, now: datetime, *, files_are_sound: bool
) -> Iterator[Finding]:
    """Try to reach a profile's server, step by step, until one fails."""
    port = _port(profile)
    yield port
    if port.level is Level.FAILURE or not files_are_sound:
        return
    handshake = _handshake(profile)
    yield handshake
    if handshake.level is not Level.FAILURE:
        yield from _health(profile, now)


def hindrance(profile: Profile, address: str) -> str:
    """Return why a custodian who stands apart can't be reached; empty if that is not seen."""
    ca = profile.custodian_ca or profile.ca
    asked = replace(profile, server=address, server_name="", ca=ca)
    found = _port_obstacle(asked) or _handshake_obstacle(asked)
    return "" if found is None else _OF_CUSTODIAN[found]


def _port(profile: Profile) -> Finding:
    found = _port_obstacle(profile)
    if found is not None:
        return bad("port", _OF_SERVER[found])
    return good("port", "Something listens at the server's address.")


def _port_obstacle(profile: Profile) -> Obstacle | None:
    try:
        socket.create_connection((profile.host, profile.port), TIMEOUT).close()
    except socket.gaierror:
        return Obstacle.NOBODY
    except TimeoutError:
        return Obstacle.WALL
    except OSError:
        return Obstacle.CLOSED
    return None


def _handshake(profile: Profile) -> Finding:
    found = _handshake_obstacle(profile)
    if found is not None:
        said = _OF_SERVER[found]
        return bad("TLS", said, is_final=found is Obstacle.UNSIGNED)
    return good("TLS", "The server proves its name, over TLS 1.3.")


def _handshake_obstacle(profile: Profile) -> Obstacle | None:
    try:
        context = ssl.create_default_context(cafile=_path(profile.ca))
        context.load_cert_chain(_path(profile.certificate), _path(profile.key))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["h2"])
        name = profile.server_name or profile.host
        address = (profile.host, profile.port)
        with (
            socket.create_connection(address, TIMEOUT) as raw,
            context.wrap_socket(raw, server_hostname=name),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return _UNPROVEN.get(error.verify_code, Obstacle.UNSIGNED)
    except TimeoutError:
        return Obstacle.SILENT
    except OSError:
        return Obstacle.NO_TLS


def _path(path: str) -> str:
    return str(Path(path).expanduser())


def _health(profile: Profile, now: datetime) -> Iterator[Finding]:
    """Ask whether the server answers calls, over a connection as calls have it."""
    with closing(open_channel(profile)) as channel:
        try:
            method = channel.unary_unary(_HEALTH, bytes, bytes)
            answer, call = method.with_call(b"", timeout=TIMEOUT)
        except grpc.RpcError as error:
            yield _unwell(error.code())
            return
    if answer == _SERVING:
        yield good("health", "The server answers calls.")
    else:
        yield bad("health", "The server is up but answers no calls now: try later.")
    told = dict(call.initial_metadata()).get("date")
    if isinstance(told, str):
        yield _clock(told, now)


def _unwell(code: grpc.StatusCode) -> Finding:
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return bad("health", REFUSED, is_final=True)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return doubtful("health", "The server does not tell how it is.")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return bad("health", _OF_SERVER[Obstacle.SILENT])
    if code is grpc.StatusCode.CANCELLED:
        return bad("health", "The server is stopping: try again in a minute.")
    return bad(
        "health",
        "The server hangs up after the handshake: it does not trust whoever signed "
        "your certificate. Ask the operator for one of this installation.",
        is_final=code is grpc.StatusCode.UNAVAILABLE,
    )


def _clock(told: str, now: datetime) -> Finding:
    """Compare this machine's clock with the server's."""
    try:
        skew = parsedate_to_datetime(told) - now
    except (TypeError, ValueError):
        return doubtful("clock", "The server's clock can't be read.")
    if abs(skew) > MAX_SKEW:
        seconds = abs(round(skew.total_seconds()))
        return bad(
            "clock", f"This clock and the server's are {seconds} s apart: set it."
        )
    return good("clock", "This clock agrees with the server's.")
