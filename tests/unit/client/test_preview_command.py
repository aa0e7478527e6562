"""``change preview``: what a change would do, and to whom as far as one may know."""

import grpc
import pytest
from kit.asked import CASE, CHANGE, day, ids
from kit.wire import refusal

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types

CLEAR, REVIEW = types.VERDICT_CLEAR, types.VERDICT_REVIEW
CONFLICT = types.VERDICT_CONFLICT
SLICES = [
    registry.PreviewChangeResponse(planned=3, revision=7),
    registry.PreviewChangeResponse(
        planned=3,
        weighed=2,
        moves=[registry.VerdictMove(before=CLEAR, after=CONFLICT, count=2)],
        cases=[registry.MovedCase(case_handle=CASE, before=CLEAR, after=CONFLICT)],
        revision=7,
    ),
    registry.PreviewChangeResponse(
        planned=3,
        weighed=1,
        moves=[registry.VerdictMove(before=CONFLICT, after=REVIEW, count=1)],
        revision=8,
    ),
]


def test_a_change_is_previewed(cli, wire):
    """All slices together; own cases are named."""
    wire.answers["PreviewChange"] = SLICES
    shown = cli("change", "preview", CHANGE.hex()).stdout
    code, data = cli.json("change", "preview", CHANGE.hex())

    assert shown.startswith(
        "3 placements would be weighed again: 2 would be worth less, 1 more.\n"
        "2: CLEAR to CONFLICT\n1: CONFLICT to REVIEW\n"
    )
    assert CASE.hex() in shown
    assert wire.requests("PreviewChange")[0].change_id == CHANGE
    assert (code, data) == (
        0,
        {
            "planned": 3,
            "weighed": 3,
            "worse": 2,
            "better": 1,
            "moves": [
                {"before": "CLEAR", "after": "CONFLICT", "count": 2},
                {"before": "CONFLICT", "after": "REVIEW", "count": 1},
            ],
            "cases": [
                {"case_handle": CASE.hex(), "before": "CLEAR", "after": "CONFLICT"}
            ],
        },
    )


def test_one_placement(cli, wire):
    """One is one placement, not one placements."""
    wire.answers["PreviewChange"] = SLICES[-1:]
    shown = cli("change", "preview", CHANGE.hex()).stdout

    assert shown.startswith("1 placement would be weighed again: 0 would be worth less")


def test_what_nobody_has_sent_yet(cli, wire, groups, tmp_path):
    """Facts of a file, and ends; nothing of it is recorded."""
    wire.answers["PreviewChange"] = SLICES[:1]
    path = tmp_path / "facts.json"
    path.write_text(
        '{"facts": [{"grade": {"scheme": "3x5x2", "given": "2B"}, "reason": "court",'
        ' "presence": {"group": "North Side", "area": "1480", "kind": "base"}}]}',
        "utf-8",
    )
    (fact,) = ids(1, start=1)
    words = ("--file", path, "--end", fact.hex(), "--on", "2026-06-01")
    result = cli("change", "preview", *words)
    (request,) = wire.requests("PreviewChange")

    assert result.stdout.startswith("0 placements would be weighed again")
    assert request.facts[0].presence.area == "1480"
    assert list(request.endings) == [
        registry.Ending(fact_id=fact, valid_to_day=day("2026-06-01"))
    ]


def test_how_far_it_is(cli, wire):
    """Told when it takes long."""
    wire.answers["PreviewChange"] = SLICES[:1] + SLICES[2:] * 20
    result = cli("change", "preview", CHANGE.hex())

    assert result.stderr == "Weighed 20 of 3.\n"


@pytest.mark.parametrize("words", [(), (CHANGE.hex(), "--end", CASE.hex())])
def test_one_thing_is_imagined(cli, wire, words):
    """A change, or facts; neither nothing nor both."""
    code, data = cli.json("change", "preview", *words)

    assert (code, data["error"]["field"]) == (2, "change_id")
    assert wire.seen == []


def test_a_day_has_only_so_many(cli, wire):
    """It is said why; it is asked once."""
    wire.answers["PreviewChange"] = refusal(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "BUDGET_SPENT"
    )
    result = cli("change", "preview", CHANGE.hex())

    assert result.exit_code == 1
    assert "a day has only so many" in result.stderr
    assert len(wire.requests("PreviewChange")) == 1
