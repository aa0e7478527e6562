"""The register of overrides and releases is looked through for a period."""

import pytest
from kit.parsed import violation

from placement.access import Action
from placement.api.v1 import audit_service_pb2 as audit
from placement.domain.decide.searches import Filter
from placement.rpc import parse_audit as parse

GROUND = audit.Ground(purpose=audit.AUDIT_PURPOSE_SUPERVISION, matter="DI 2026-17")
PERIOD = {"since": 3, "until": 4}


def permits(**given):
    return audit.ListPermitsRequest(ground=GROUND, **(PERIOD | given))


def test_which_permits_to_list(origin):
    """Those of a period, and why."""
    got = parse.list_permits(permits(), origin)

    assert got.action is Action.PERMIT_LIST
    assert got.filter == Filter(since=3, until=4)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"until": 3}, "until"),
        ({"until": 0}, "until"),
        ({"since": 2**62, "until": 2**62 + 1}, "since"),
        ({"until": 2**62}, "until"),
    ],
)
def test_permits_of_no_period(origin, given, expected):
    """A register of all times is none that anybody looks through."""
    assert violation(parse.list_permits, permits(**given), origin) == expected
