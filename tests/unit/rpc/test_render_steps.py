"""From replies about steps to responses: of one size, whatever the verdict."""

from itertools import product

import pytest
from kit.commands import MOMENT
from kit.replied import answer
from kit.world import NOW, token

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.refusal_pb2 import Envelope
from placement.domain.decide.checks import Answer as Verdicted
from placement.domain.decide.holds import Extended
from placement.domain.decide.steps import Stepped
from placement.domain.terms import MICROS_AN_HOUR, PlacementState, Verdict
from placement.rpc import render_placements as render

DECISION = token("decision")


def stepped(verdict=Verdict.CLEAR, state=PlacementState.ACTIVE, *, moved_in=False):
    until = NOW + 72 * MICROS_AN_HOUR if verdict is Verdict.CLEAR else NOW
    return answer(
        Stepped(
            answer=Verdicted(verdict=verdict, decision=DECISION, valid_until=until),
            state=state,
            moved_in=moved_in,
            ruleset=MOMENT.ruleset.version,
            decided_at=NOW,
        )
    )


def test_a_step_in_full():
    """Every field that the proto has, and nothing of why."""
    assert render.weighed(stepped(Verdict.CONFLICT, PlacementState.HELD)) == (
        place.PlacementAnswer(
            verdict=check.CandidateVerdict(
                verdict=wire.VERDICT_CONFLICT,
                decision_id=DECISION,
                valid_until=NOW,
                hold_id=bytes(16),
                hold_expires_at=NOW,
            ),
            state=wire.PLACEMENT_STATE_HELD,
            revision=7,
            decided_at=NOW,
        )
    )


FORMS = [
    (render.confirmed, place.ConfirmHoldResponse),
    (render.moved_in, place.MoveInResponse),
    (render.moved, place.MovePlacementResponse),
]


@pytest.mark.parametrize(("form", "kind"), FORMS)
def test_each_step_says_the_same(form, kind):
    """The answer, the rules, whom to phone, and its entry; and every field is set."""
    got = form(stepped(), "phone 114 14")
    names = {field.name for field, _ in got.ListFields()}

    assert isinstance(got, kind)
    assert got.answer == render.weighed(stepped())
    assert (got.ruleset, got.contact) == (MOMENT.ruleset.version, "phone 114 14")
    assert got.leaf_index == 9
    common = set(Envelope.DESCRIPTOR.fields_by_name)
    assert names == {field.name for field in kind.DESCRIPTOR.fields} - common


@pytest.mark.parametrize(("form", "kind"), FORMS)
def test_no_verdict_changes_the_size(form, kind):
    """Whatever it is worth, and whatever comes of it."""
    sizes = {
        len(form(stepped(verdict, state, moved_in=entered), "c").SerializeToString())
        for verdict, state, entered in product(Verdict, PlacementState, (False, True))
    }

    assert kind
    assert len(sizes) == 1


def test_whether_a_household_moved_in():
    """It is said either way."""
    for entered in (False, True):
        got = render.moved_in(stepped(moved_in=entered), "c")

        assert got.HasField("moved_in")
        assert got.moved_in == entered


def test_an_extension():
    """Until when."""
    got = render.extended(answer(Extended(expires_at=NOW + 3)))

    assert got == place.ExtendHoldResponse(revision=7, expires_at=NOW + 3)
