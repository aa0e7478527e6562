"""What was answered is what its entry has to say: nothing added, nothing left out."""

import pytest
from kit.asked import CASE
from kit.held import HOLD, PLACED, answer
from kit.receipted import HOURS_72, NOON, REVISION, RULESET
from placement_client.answered import Answered, leaf_of
from placement_client.holds import Decided

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import Window
from placement.audit.checkpoint import MAX_SIZE
from placement.errors import TamperedError

CERTIFICATE = bytes([3]) * 32
QUESTION = check.CheckPlacementRequest(
    request_id=bytes([8]) * 16,
    case_handle=CASE,
    candidates=[check.Candidate(area="1480"), check.Candidate(area="0180")],
    window=Window(start_day=20_788),
    justification=check.JUSTIFICATION_FOLLOW_UP,
)


def response(**changes):
    verdicts = [
        check.CandidateVerdict(
            verdict=verdict, decision_id=bytes([n]) * 16, valid_until=until
        )
        for n, (verdict, until) in enumerate([(1, NOON + HOURS_72), (4, NOON)])
    ]
    given = {
        "verdicts": verdicts,
        "revision": REVISION,
        "ruleset": RULESET,
        "decided_at": NOON,
        "leaf_index": 3,
    }
    return check.CheckPlacementResponse(**given | changes)


def of(question, given):
    return Answered.of(question, given, certificate=CERTIFICATE)


def decided(**changes):
    given = {
        "action": "PLACEMENT_MOVE",
        "request": bytes([8]) * 16,
        "objects": (HOLD, PLACED),
        "answer": answer("REVIEW", "ACTIVE", decision=bytes([5]) * 16),
        "ruleset": RULESET,
        "contact": "",
        "leaf": 7,
        "done": True,
    }
    return Decided(**given | changes)


def test_a_check_is_read_from_question_and_answer():
    """Each place in its order; nothing is held."""
    assert of(QUESTION, response()) == Answered(
        index=3,
        request=bytes([8]) * 16,
        decisions=(bytes(16), bytes([1]) * 16),
        verdicts=(1, 4),
        valid_until=(NOON + HOURS_72, NOON),
        areas=("1480", "0180"),
        facilities=(),
        window="2026-12-01/",
        justification="FOLLOW_UP",
        case=CASE,
        revision=REVISION,
        ruleset=RULESET,
        decided_at=NOON,
        certificate=CERTIFICATE,
        action="CHECK",
        objects=(),
    )


def test_houses_and_a_last_day_are_told():
    """A place without a house is empty beside one that has."""
    question = check.CheckPlacementRequest()
    question.CopyFrom(QUESTION)
    question.candidates[1].facility = HOLD
    question.window.end_day = 20_818
    got = of(question, response())

    assert (got.facilities, got.window) == ((b"", HOLD), "2026-12-01/2026-12-31")


@pytest.mark.parametrize(
    ("hold", "objects"), [(HOLD, (HOLD,)), (bytes(16), ()), (b"", ())]
)
def test_a_hold_is_an_object(hold, objects):
    """No hold is all zero, and no object."""
    given = response()
    del given.verdicts[1]
    given.verdicts[0].hold_id = hold

    assert of(QUESTION, given).objects == objects


def test_what_was_decided_is_told_as_far_as_the_answer_goes():
    """Objects stand in the order of their ids; place, days and case are not told."""
    got = Answered.of_decided(decided(), certificate=CERTIFICATE)

    assert got == Answered(
        index=7,
        request=bytes([8]) * 16,
        decisions=(bytes([5]) * 16,),
        verdicts=(3,),
        valid_until=(NOON,),
        areas=(),
        facilities=(),
        window="",
        justification="",
        case=b"",
        revision=REVISION,
        ruleset=RULESET,
        decided_at=NOON,
        certificate=CERTIFICATE,
        action="PLACEMENT_MOVE",
        objects=(PLACED, HOLD),
    )


def test_what_was_not_done_is_named_all_the_same():
    """The entry says who tried what."""
    got = Answered.of_decided(decided(done=False), certificate=CERTIFICATE)

    assert got.objects == (PLACED, HOLD)


@pytest.mark.parametrize("index", [None, MAX_SIZE, 2**64 - 1])
def test_an_answer_without_an_entry_is_refused(index):
    """It could never be shown that it was given."""
    given = response(leaf_index=index)
    with pytest.raises(TamperedError):
        of(QUESTION, given)
    with pytest.raises(TamperedError):
        Answered.of_decided(decided(leaf=index), certificate=CERTIFICATE)

    assert leaf_of(given) == index
