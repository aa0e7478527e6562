"""A plan in words: what a changed row takes away is told before anybody sends it."""

import io

import pytest
from placement_client.commands import sheet_words
from placement_client.commands.sheet_words import plan_data, plan_parts
from placement_client.sheets.planning import Registry, plan
from rich.console import Console

from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2

TODAY = 20_000
A, B, C = (bytes([n]) * 16 for n in (1, 2, 3))
GRADE = types_pb2.SourceGrade(scheme=types_pb2.GRADE_SCHEME_THREE_FIVE_TWO, given="2B")


def rivalry(severity, review_by=None, other=B):
    return types_pb2.Fact(
        rivalry=types_pb2.Rivalry(group_a=A, group_b=other, severity=severity),
        review_by_day=review_by,
        grade=GRADE,
        reason=types_pb2.FACT_REASON_COURT,
    )


@pytest.fixture
def made():
    """A plan in which two rows change a fact; one empties a cell, one fills it."""
    on_record = [(rivalry(3, 20_100), b"f"), (rivalry(1, other=C), b"g")]
    known = [
        review.RecordedFact(
            fact_id=key * 16,
            fact=fact,
            state=review.FACT_STATE_STANDING,
            changed_revision=7,
        )
        for fact, key in on_record
    ]
    said = [rivalry(2), rivalry(1, 20_200, C)]
    return plan(enumerate(said, 2), Registry(known, TODAY), bytes(32))


def shown(parts):
    screen = Console(width=200, file=io.StringIO())
    for part in parts:
        screen.print(part)
    return screen.file.getvalue()


def test_each_cell_that_changes_is_told(made):
    """What stood there and what will; an empty cell takes it away."""
    got = shown(plan_parts(made))

    assert "severity 3 -> 2; review_by 2025-01-12 -> (empty)" in got
    assert "review_by (empty) -> 2025-04-22" in got
    assert [each["changes"] for each in plan_data(made)["rows"]][1] == [
        {"column": "review_by", "before": "", "after": "2025-04-22"}
    ]


def test_what_would_end_is_told():
    """Each row, and the day; whoever reads the plan sees what is to be over."""
    known = review.RecordedFact(
        fact_id=b"f" * 16,
        fact=rivalry(3),
        state=review.FACT_STATE_STANDING,
        changed_revision=7,
    )
    over = rivalry(3)
    over.valid_to_day = TODAY
    made = plan([(2, over)], Registry([known], TODAY), bytes(32))

    assert "Would end" in shown(plan_parts(made))
    assert "until (empty) -> 2024-10-04" in shown(plan_parts(made))
    assert plan_data(made)["rows"][0]["changes"] == [
        {"column": "until", "before": "", "after": "2024-10-04"}
    ]


def test_more_than_a_screen_is_counted(made, monkeypatch):
    """The rest is there for programs."""
    monkeypatch.setattr(sheet_words, "MOST", 1)

    assert "1 more would change; --json has all." in shown(plan_parts(made))
