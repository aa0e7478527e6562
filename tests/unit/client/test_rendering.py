"""Responses become objects, field by field, in one stable form."""

import json

import pytest
from google.protobuf.message_factory import GetMessageClass
from placement_client.rendering import to_json

from placement.api.v1 import (
    audit_service_pb2,
    check_service_pb2,
    registry_service_pb2,
)
from placement.api.v1.check_service_pb2 import CandidateVerdict, CheckPlacementResponse
from placement.api.v1.refusal_pb2 import Envelope
from placement.api.v1.types_pb2 import Verdict

RESPONSES = [
    message
    for file in (audit_service_pb2, check_service_pb2, registry_service_pb2)
    for name, message in file.DESCRIPTOR.message_types_by_name.items()
    if name.endswith("Response")
]


NO_BUDGETS = {
    name: dict.fromkeys(("allowed", "left", "cost", "left_after", "hours"), 0)
    for name in ("case", "organisation", "person")
}


def test_every_kind_of_field_has_its_form():
    """Ids in hex, instants in UTC, words in capitals, numbers as they are."""
    answer = CheckPlacementResponse(
        verdicts=[
            CandidateVerdict(
                verdict=Verdict.VERDICT_CLEAR,
                decision_id=bytes(15) + b"\xff",
                valid_until=1_764_547_200_000_001,
                hold_id=bytes([7]) * 16,
                hold_expires_at=1,
            ),
            CandidateVerdict(verdict=9),
        ],
        revision=7,
        ruleset="2026-11-1",
        contact="031-000",
        leaf_index=3,
    )

    assert to_json(answer) == {
        "verdicts": [
            {
                "verdict": "CLEAR",
                "decision_id": "00" * 15 + "ff",
                "valid_until": "2025-12-01T00:00:00.000001Z",
                "hold_id": "07" * 16,
                "hold_expires_at": "1970-01-01T00:00:00.000001Z",
            },
            {
                "verdict": "9",
                "decision_id": "",
                "valid_until": "1970-01-01T00:00:00.000000Z",
                "hold_id": "",
                "hold_expires_at": "1970-01-01T00:00:00.000000Z",
            },
        ],
        "revision": 7,
        "ruleset": "2026-11-1",
        "decided_at": "1970-01-01T00:00:00.000000Z",
        "ahead_days": 0,
        "contact": "031-000",
        "budgets": NO_BUDGETS,
        "leaf_index": 3,
    }


COMMON = Envelope.DESCRIPTOR.fields_by_number


@pytest.mark.parametrize("kind", RESPONSES, ids=lambda kind: kind.name)
def test_every_response_has_a_form(kind):
    """All fields of its own are there, and all of it is JSON."""
    got = to_json(GetMessageClass(kind)())

    assert list(json.loads(json.dumps(got))) == [
        field.name for field in kind.fields if field.number not in COMMON
    ]
