"""The gRPC server: transport, limits, services, health, shutdown."""

from dataclasses import dataclass
from typing import Any, Final

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from placement.api.v1 import (
    alert_service_pb2_grpc,
    audit_service_pb2_grpc,
    budget_service_pb2_grpc,
    changeover_service_pb2_grpc,
    check_service_pb2_grpc,
    erasure_service_pb2_grpc,
    extract_service_pb2_grpc,
    group_service_pb2_grpc,
    import_service_pb2_grpc,
    log_service_pb2_grpc,
    phantom_service_pb2_grpc,
    placement_service_pb2_grpc,
    pseudonym_service_pb2_grpc,
    registry_service_pb2_grpc,
    review_service_pb2_grpc,
    ruleset_service_pb2_grpc,
)
from placement.rpc.door import Door
from placement.rpc.health import Health, statuses
from placement.rpc.identity import TlsPaths, server_credentials
from placement.rpc.limits import GRACE, MOST_CALLS, options
from placement.rpc.listening import require_free
from placement.rpc.servicers import Checks, Pseudonyms, Registry
from placement.rpc.servicers_audit import Audit, Log
from placement.rpc.servicers_budgets import Budgets
from placement.rpc.servicers_changeovers import Changeovers
from placement.rpc.servicers_erasure import Erasures
from placement.rpc.servicers_extracts import Extracts
from placement.rpc.servicers_groups import Groups
from placement.rpc.servicers_imports import Imports
from placement.rpc.servicers_phantoms import Haunts
from placement.rpc.servicers_placements import Alerts, Placements
from placement.rpc.servicers_reviews import Reviews
from placement.rpc.servicers_rulesets import Rulesets
from placement.service.outlook import Outlook

SERVICES: Final = tuple(
    f"placement.api.v1.{name}"
    for name in (
        "PseudonymService",
        "CheckService",
        "BudgetService",
        "PlacementService",
        "RegistryService",
        "ReviewService",
        "GroupService",
        "ErasureService",
        "PhantomService",
        "ExtractService",
        "AlertService",
        "ImportService",
        "RulesetService",
        "ChangeoverService",
        "AuditService",
        "LogService",
    )
)
CUSTODIANS: Final = tuple(
    f"placement.api.v1.{name}"
    for name in ("PseudonymService", "AuditService", "LogService")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the server serves.

    Attributes:
        pseudonyms: ``None`` where custodians stand apart; then there is no such method.
    """

    pseudonyms: Pseudonyms | None
    checks: Checks
    budgets: Budgets
    placements: Placements
    registry: Registry
    reviews: Reviews
    groups: Groups
    erasures: Erasures
    haunts: Haunts
    changeovers: Changeovers
    extracts: Extracts
    alerts: Alerts
    imports: Imports
    rulesets: Rulesets
    audit: Audit
    log: Log

    @property
    def names(self) -> tuple[str, ...]:
        """The services by name."""
        return SERVICES if self.pseudonyms else SERVICES[1:]

    def add_to(self, server: grpc.aio.Server) -> None:
        """Have a server serve them."""
        _add_services(self, server)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodianServices:
    """What a custodian serves who stands apart: its one task, and its own log."""

    pseudonyms: Pseudonyms
    audit: Audit
    log: Log

    @property
    def names(self) -> tuple[str, ...]:
        """The services by name."""
        return CUSTODIANS

    def add_to(self, server: grpc.aio.Server) -> None:
        """Have a server serve them."""
        _add_common(self, server)
        _add_pseudonyms(self.pseudonyms, server)


class Host:
    """A server on one address; made inside a running event loop.

    Args:
        address: ``host:port``; port 0 takes a free one.
        tls: the transport's files.
        door: lets calls in.
        services: what is served.
        outlook: what health says.
        reflection_on: whether callers may ask for the methods.
        shared: whether other processes of this user listen at the address, too.

    Attributes:
        port: where it listens.

    Raises:
        OSError: a file can't be read, or the address is taken.
        TamperedError: certificate, key and authorities do not fit.
    """

    def __init__(  # noqa: PLR0913 (the parts of a server)
        self,
        address: str,
        *,
        tls: TlsPaths,
        door: Door,
        services: Services | CustodianServices,
        outlook: Outlook,
        reflection_on: bool = False,
        shared: bool = False,
    ) -> None:
        self._server = grpc.aio.server(
            interceptors=[door],
            options=options(shared=shared),
            maximum_concurrent_rpcs=MOST_CALLS,
            # Or the length of an answer would tell what it says, padded or not.
            compression=grpc.Compression.NoCompression,
        )
        self._door = door
        self._outlook = outlook
        self._names = services.names
        by_name: Any = _ByName(self._server)
        services.add_to(by_name)
        self._health = Health()
        health_pb2_grpc.add_HealthServicer_to_server(  # type: ignore[no-untyped-call]
            self._health, by_name
        )
        if reflection_on:
            names = (*self._names, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(  # type: ignore[no-untyped-call]
                names, self._server
            )
        if not shared:
            require_free(address)
        try:
            self.port = self._server.add_secure_port(address, server_credentials(tls))
        except RuntimeError as error:
            raise OSError("the address can't be used") from error

    async def start(self) -> None:
        """Begin to serve."""
        await self._server.start()
        await self.report()

    def statuses(self) -> dict[str, str]:
        """Return by name why something is not served; empty if it is."""
        return statuses(self._outlook, self._names)

    async def report(self) -> None:
        """Tell health how it is."""
        await self._health.say(self.statuses())

    async def stop(self) -> None:
        """Say so, end what is followed, let calls under way end, and close."""
        await self._health.end()
        # Who follows something would go on until the grace is over; at once they can
        # look for another server.
        self._door.drain()
        await self._server.stop(GRACE)


def _add_pseudonyms(pseudonyms: Pseudonyms, server: grpc.aio.Server) -> None:
    pseudonym_service_pb2_grpc.add_PseudonymServiceServicer_to_server(
        pseudonyms, server
    )


def _add_common(
    services: Services | CustodianServices, server: grpc.aio.Server
) -> None:
    audit_service_pb2_grpc.add_AuditServiceServicer_to_server(services.audit, server)
    log_service_pb2_grpc.add_LogServiceServicer_to_server(services.log, server)


class _ByName:
    """What generated code adds services to: methods are found by name as calls come.

    The other way that gRPC 1.85 has keeps an accept waiting for each method, and every
    call then waits for all of them anew, which costs more the more methods there are.

    Source: grpc/grpc, pull request 43461.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, name: str, methods: object) -> None:
        """Do without."""


def _add_services(services: Services, server: grpc.aio.Server) -> None:
    if services.pseudonyms is not None:
        _add_pseudonyms(services.pseudonyms, server)
    _add_common(services, server)
    check_service_pb2_grpc.add_CheckServiceServicer_to_server(services.checks, server)
    budget_service_pb2_grpc.add_BudgetServiceServicer_to_server(
        services.budgets, server
    )
    registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(
        services.registry, server
    )
    review_service_pb2_grpc.add_ReviewServiceServicer_to_server(
        services.reviews, server
    )
    group_service_pb2_grpc.add_GroupServiceServicer_to_server(services.groups, server)
    phantom_service_pb2_grpc.add_PhantomServiceServicer_to_server(
        services.haunts, server
    )
    changeover_service_pb2_grpc.add_ChangeoverServiceServicer_to_server(
        services.changeovers, server
    )
    erasure_service_pb2_grpc.add_ErasureServiceServicer_to_server(
        services.erasures, server
    )
    extract_service_pb2_grpc.add_ExtractServiceServicer_to_server(
        services.extracts, server
    )
    placement_service_pb2_grpc.add_PlacementServiceServicer_to_server(
        services.placements, server
    )
    alert_service_pb2_grpc.add_AlertServiceServicer_to_server(services.alerts, server)
    import_service_pb2_grpc.add_ImportServiceServicer_to_server(
        services.imports, server
    )
    ruleset_service_pb2_grpc.add_RulesetServiceServicer_to_server(
        services.rulesets, server
    )
