"""A sound context of the client's, what is changed in it, and what the doctor finds."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from grpc_health.v1 import health_pb2
from placement_client.doctor import examine
from placement_client.findings import Finding, Level
from placement_client.profile import Profile

from kit.certs import Pair, Pki
from kit.wire import Wire
from placement.access import Role
from placement.audit.note import Signer, render_key
from placement.crypto.signing import SigningKey

LOG = Signer("example.org/log", SigningKey(bytes(32)))
LOG_KEY = render_key(LOG.public)


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def diagnosed(wire: Wire, profile: Profile) -> Callable[..., dict[str, Finding]]:
    """Return a function: examines the profile with some values changed, by step."""
    wire.health.set("", health_pb2.HealthCheckResponse.SERVING)

    def found(*, ahead: float = 0, **changes: Any) -> dict[str, Finding]:
        changed = replace(profile, **({"log_key": LOG_KEY} | changes))
        findings = list(examine(changed, clock=lambda: time.time() + ahead))
        steps = {each.step: each for each in findings}

        assert len(steps) == len(findings)
        assert all(each.sentence.endswith(".") for each in findings)
        return steps

    return found


def levels(steps: dict[str, Finding]) -> dict[str, Level]:
    """Return how bad each finding is, those that are good left out."""
    return {
        step: each.level for step, each in steps.items() if each.level is not Level.OK
    }


def client(
    pki: Pki, role: Role = Role.CASEWORKER, organisation: str = "1480", **kwargs: Any
) -> dict[str, str]:
    """Return the paths of a certificate as changes of a profile."""
    return paths(pki.client(role, organisation, "p-01", **kwargs))


def paths(pair: Pair) -> dict[str, str]:
    return {"certificate": str(pair.certificate_path), "key": str(pair.key_path)}
