"""Health, and the reason when it is not well; also for probes without a certificate.

Whoever asks learns whether something is served, and why not, in one word of this file.
None of it rests on what is recorded.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import grpc
import grpc.aio
from grpc_health.v1 import _async as health
from grpc_health.v1 import health_pb2, health_pb2_grpc

from placement.rpc.limits import PROBE_CONNECTIONS
from placement.rpc.listening import require_free
from placement.service.outlook import Outlook

REEVALUATION: Final = "placement.Reevaluation"
"""What health calls the weighing of what stands; it is no service that can be called."""
CUSTODY: Final = "placement.Custody"
"""What health calls the keys: NOT_SERVING while the server is sealed."""
HARDENING: Final = "placement.Hardening"
"""What health calls the process: NOT_SERVING if the machine did not let it be closed."""
REASON: Final = "placement-reason"
"""The trailer that says why something is not served."""
REASONS: Final = (
    "sealed",  # the keys are not there yet
    "starting",  # the log is being verified
    "stopping",  # it was told to
    "stopped",  # the engine ended
    "unverified",  # something stored does not verify
    "anchor",  # it can't be written
    "database",  # it does not answer, or not as it should
    "hangs",  # the engine waits for something that has no end of its own
    "sweep",  # a sweep found what no change had touched, or something can't be weighed
    "weighing",  # an error kept placements from being weighed again
    "memory",  # the machine did not let the process be closed
)
PROBES: Final = 32
"""Concurrent calls of probes."""

_KINDS: Final = health_pb2.HealthCheckResponse
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 4096),
    ("grpc.max_metadata_size", 4096),
    ("grpc.max_concurrent_streams", PROBES // 4),
    ("grpc.max_allowed_incoming_connections", PROBE_CONNECTIONS),
    # Whoever connects and does nothing holds a place that a probe may need.
    ("grpc.server_handshake_timeout_ms", 3_000),
    ("grpc.max_connection_age_ms", 60_000),
    ("grpc.max_connection_age_grace_ms", 5_000),
    ("grpc.max_connection_idle_ms", 15_000),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 2),
    ("grpc.so_reuseport", 0),
)


def statuses(outlook: Outlook, names: Iterable[str]) -> dict[str, str]:
    """Return by name why something is not served; empty if it is.

    Args:
        outlook: of the server.
        names: of its services.
    """
    trouble = outlook.trouble
    return {
        **dict.fromkeys(("", *names), trouble),
        REEVALUATION: trouble or outlook.found,
        CUSTODY: "",
        HARDENING: "" if outlook.hardened else "memory",
    }


class Health(health.HealthServicer):
    """Answers by name, with the reason in a trailer."""

    def __init__(self) -> None:
        super().__init__()
        self._reasons: Mapping[str, str] = {}

    async def say(self, reasons: Mapping[str, str]) -> None:
        """Answer so from now on.

        Args:
            reasons: by name why something is not served; empty if it is.
        """
        self._reasons = dict(reasons)
        for name, reason in reasons.items():
            await self.set(name, _KINDS.NOT_SERVING if reason else _KINDS.SERVING)

    async def end(self) -> None:
        """Say for good that nothing is served any more."""
        self._reasons = dict.fromkeys(self._reasons, "stopping")
        await self.enter_graceful_shutdown()

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802 (gRPC's own)
        """Say whether something is served, and why not."""
        if reason := self._reasons.get(request.service):
            context.set_trailing_metadata(((REASON, reason),))
        return await super().Check(request, context)

    async def List(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802 (gRPC's own)
        """Say it of every name."""
        return health_pb2.HealthListResponse(
            statuses={
                name: _KINDS(status=_KINDS.NOT_SERVING if reason else _KINDS.SERVING)
                for name, reason in self._reasons.items()
            }
        )


class _Asked(Health):
    """Answers whoever asks; nobody stays, since that would take the room of others."""

    async def Watch(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802 (gRPC's own)
        """Refuse; with a certificate one may."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "ask again with Check")


class Probes:
    """Serves health alone, to whoever connects; made inside a running event loop.

    Args:
        address: ``host:port``; port 0 takes a free one.

    Attributes:
        health: what it says.
        port: where it listens.

    Raises:
        OSError: the address is taken, or none of this machine.
    """

    def __init__(self, address: str) -> None:
        self._server = grpc.aio.server(
            options=_OPTIONS,
            maximum_concurrent_rpcs=PROBES,
            compression=grpc.Compression.NoCompression,
        )
        self.health: Health = _Asked()
        health_pb2_grpc.add_HealthServicer_to_server(  # type: ignore[no-untyped-call]
            self.health, self._server
        )
        require_free(address)
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError("the address can't be used") from error

    async def start(self) -> None:
        """Begin to answer."""
        await self._server.start()

    async def stop(self) -> None:
        """Say that nothing is served, and close."""
        await self.health.end()
        await self._server.stop(None)
