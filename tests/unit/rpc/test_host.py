"""The server's outside: limits, health, and what it does not show."""

import time
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from kit.town import GROUND, PATHS, TIMEOUT, Town

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.rpc.health import REEVALUATION
from placement.rpc.host import SERVICES
from placement.rpc.limits import GRACE

PROTOS = Path(__file__).parents[3] / "protos" / "placement" / "api" / "v1"


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


def test_every_service_of_the_package_is_served():
    """The list that health and reflection speak of is complete."""
    pool = descriptor_pool.Default()
    names = {
        service.full_name
        for file in PROTOS.glob("*_service.proto")
        for service in pool.FindFileByName(
            f"placement/api/v1/{file.name}"
        ).services_by_name.values()
    }

    assert names == set(SERVICES)


@pytest.mark.parametrize("service", ["", *SERVICES, REEVALUATION])
def test_health(town, service):
    """All of it serves, or none."""
    stub = health_pb2_grpc.HealthStub(town.channel("auditor"))
    request = health_pb2.HealthCheckRequest(service=service)

    assert stub.Check(request, timeout=TIMEOUT).status == (
        health_pb2.HealthCheckResponse.SERVING
    )


def test_a_server_describes_itself_only_if_told_to(town):
    """Without the setting there is no reflection."""
    stub = reflection_pb2_grpc.ServerReflectionStub(town.channel("auditor"))
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    with pytest.raises(grpc.RpcError) as refused:
        list(stub.ServerReflectionInfo(iter([request]), timeout=TIMEOUT))

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_too_much_metadata_never_gets_in(town):
    """Headers can't be used to fill the server's memory."""
    ask = town.channel("worker").unary_unary(
        "/placement.api.v1.CheckService/ShowCase",
        request_serializer=check.ShowCaseRequest.SerializeToString,
    )
    head = town.settled()
    with pytest.raises(grpc.RpcError) as refused:
        ask(
            check.ShowCaseRequest(case_handle=town.case),
            timeout=TIMEOUT,
            metadata=[("x-much", "x" * 64 * 1024)],
        )

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert town.head() == head


def test_without_a_certificate_there_is_no_connection(town):
    """Mutual TLS, or nothing: neither plain text nor one-sided TLS gets through."""
    address = f"localhost:{town.served.port}"
    head = town.settled()
    one_sided = grpc.ssl_channel_credentials(town.served.pki.ca)
    for channel in (
        grpc.insecure_channel(address),
        grpc.secure_channel(address, one_sided),
    ):
        ask = channel.unary_unary("/placement.api.v1.CheckService/ShowCase")
        with pytest.raises(grpc.RpcError) as refused:
            ask(b"", timeout=2)
        channel.close()

        assert refused.value.code() in {
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        }
    assert town.head() == head


def test_a_server_stops_while_it_is_watched(tmp_path):
    """Who watches alerts, the log or the health is told at once, and comes again."""
    watched = {
        "coordinator": (PATHS["WatchAlerts"], alert.WatchAlertsRequest()),
        "auditor": (PATHS["TailEntries"], audit.TailEntriesRequest(ground=GROUND)),
        "operator": ("/grpc.health.v1.Health/Watch", health_pb2.HealthCheckRequest()),
    }
    with Town(tmp_path) as town:
        streams = [
            town.channel(who).unary_stream(path)(
                request.SerializeToString(), timeout=6 * TIMEOUT
            )
            for who, (path, request) in watched.items()
        ]
        for stream in streams:
            next(stream)
        began = time.monotonic()
        town.served.stop()
        took = time.monotonic() - began
        ends = []
        for stream in streams:
            with pytest.raises(grpc.RpcError) as end:
                list(stream)
            ends.append(end.value.code().name)
        town.served.start()

    assert ends == ["UNAVAILABLE"] * 3
    assert took < GRACE / 2
