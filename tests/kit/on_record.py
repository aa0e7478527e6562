"""Facts on record, as a coordinator is shown them."""

from typing import Any

from kit.asked import CASE, NOON, NORTH, day, ids
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as types

FACT = ids(1, start=1)[0]
GRADE = types.SourceGrade(scheme=types.GRADE_SCHEME_THREE_FIVE_TWO, given="2B")


def recorded(**given: Any) -> review.RecordedFact:
    """Return a rivalry on record."""
    values: dict[str, Any] = {
        "fact_id": FACT,
        "fact": types.Fact(
            valid_from_day=day("2026-01-01"),
            review_by_day=day("2026-06-30"),
            grade=GRADE,
            reason=types.FACT_REASON_COURT,
            rivalry=types.Rivalry(group_a=NORTH, group_b=bytes(16), severity=2),
        ),
        "state": review.FACT_STATE_STANDING,
        "changed_revision": 7,
        "author": "co-01",
        "region": "vast",
        "recorded_at": NOON,
    }
    return review.RecordedFact(**(values | given))


PRESENCE = types.Fact(
    grade=GRADE, presence=types.Presence(group=NORTH, area="1480", kind=2)
)
TIE = types.Fact(
    grade=GRADE,
    tie=types.Tie(
        area="1480",
        person=types.Person(case_member=types.CaseMember(case_handle=CASE, position=1)),
    ),
)
