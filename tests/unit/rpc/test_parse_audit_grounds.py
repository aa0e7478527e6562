"""Every search of the access log has a ground, and its words no room for a name."""

import pytest
from kit.numbers import NUMBERS
from kit.parsed import violation

from placement.api.v1 import audit_service_pb2 as audit
from placement.domain.decide.searches import Ground
from placement.rpc import parse_audit as parse

DECISION = b"d" * 16
PERIOD = {"since": 3, "until": 4}
"""One that holds."""

SEARCHES = [
    (parse.list_permits, audit.ListPermitsRequest),
    (parse.list_entries, audit.ListEntriesRequest),
    (parse.show_entry, audit.ShowEntryRequest),
    (parse.tail_entries, audit.TailEntriesRequest),
    (parse.export_entries, audit.ExportEntriesRequest),
    (parse.replay_decision, audit.ReplayDecisionRequest),
    (parse.report_anomalies, audit.ReportAnomaliesRequest),
]


def grounded(kind, ground):
    given = {
        audit.ReplayDecisionRequest: {"decision_id": DECISION},
        audit.ListPermitsRequest: PERIOD,
    }.get(kind, {})
    return kind(ground=ground, **given)


@pytest.mark.parametrize(("form", "kind"), SEARCHES)
@pytest.mark.parametrize(
    ("ground", "expected"),
    [
        (None, "ground.purpose"),
        (audit.Ground(matter="DI 1"), "ground.purpose"),
        (audit.Ground(purpose=4, matter="DI 1"), "ground.purpose"),
        (audit.Ground(purpose=1), "ground.matter"),
        (audit.Ground(purpose=1, matter="because I want to"), "ground.matter"),
        *((audit.Ground(purpose=1, matter=text), "ground.matter") for text in NUMBERS),
    ],
    ids=map(str, range(5 + len(NUMBERS))),
)
def test_every_search_has_a_ground(origin, form, kind, ground, expected):
    """A purpose that there is, and a matter of the form of a case number."""
    assert violation(form, grounded(kind, ground), origin) == expected


@pytest.mark.parametrize(
    ("purpose", "expected"), [(1, "SUPERVISION"), (2, "INCIDENT"), (3, "EXTRACT")]
)
@pytest.mark.parametrize(("form", "kind"), SEARCHES)
def test_every_purpose_has_its_code(origin, form, kind, purpose, expected):
    """It stands in the search's own entry."""
    ground = audit.Ground(purpose=purpose, matter="DI 1")

    assert form(grounded(kind, ground), origin).ground == Ground(
        purpose=expected, matter="DI 1"
    )
