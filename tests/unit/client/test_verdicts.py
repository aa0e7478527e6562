"""An answer is whole, of now, and valid for a sane time, or there is none."""

import pytest
from kit.asked import NOON
from kit.world import RULESET
from placement_client.verdicts import (
    LONGEST,
    SKEW,
    is_held,
    require_answer_now,
    require_placement_now,
)

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.placement_service_pb2 import PlacementAnswer
from placement.api.v1.types_pb2 import Verdict
from placement.domain.ruleset_keys import KEYS
from placement.errors import TamperedError

LATER = NOON + 1_500_000
CLEAR, UNKNOWN = Verdict.VERDICT_CLEAR, Verdict.VERDICT_UNKNOWN
REVIEW, CONFLICT = Verdict.VERDICT_REVIEW, Verdict.VERDICT_CONFLICT
YEAR_2100 = 4_102_444_800_000_000


def answer(*verdicts, decided_at=NOON):
    """Return an answer of pairs: verdict, and how long it is valid."""
    return check.CheckPlacementResponse(
        verdicts=[
            check.CandidateVerdict(verdict=verdict, valid_until=decided_at + valid)
            for verdict, valid in verdicts
        ],
        decided_at=decided_at,
    )


def require(given, places=1):
    question = check.CheckPlacementRequest(candidates=[check.Candidate()] * places)
    require_answer_now(question, given, sent=NOON, received=LATER)


GOOD = {
    "a CLEAR for a moment": answer((CLEAR, 1)),
    "a CLEAR for as long as can be": answer((CLEAR, LONGEST)),
    "nothing to rely on": answer((UNKNOWN, 0)),
    "the clock behind": answer((CLEAR, 1), decided_at=LATER + SKEW),
    "the clock ahead": answer((CLEAR, 1), decided_at=NOON - SKEW),
}


@pytest.mark.parametrize("given", GOOD.values(), ids=GOOD)
def test_what_can_be_is_taken(given):
    """Up to the very last microsecond."""
    require(given)


def test_each_place_is_looked_at():
    """Not the first alone."""
    good = ((CLEAR, 1), (REVIEW, 0), (CONFLICT, 0))
    require(answer(*good), 3)
    for place in range(3):
        for verdict, valid in good:
            bad = list(good)
            bad[place] = (verdict, 0 if valid else 1)
            with pytest.raises(TamperedError):
                require(answer(*bad), 3)


@pytest.mark.parametrize(
    "decided_at", [NOON - SKEW - 1, LATER + SKEW + 1, 0, 2**64 - 9]
)
def test_an_answer_of_another_time_is_refused(decided_at):
    """With a word about clocks, as that is what it mostly is."""
    with pytest.raises(TamperedError) as caught:
        require(answer((CLEAR, 1), decided_at=decided_at))

    assert "an old answer was given again" in caught.value.notes[0]
    assert "placement doctor compares the clocks" in caught.value.notes[0]


BAD = {
    "a CLEAR until 2100": (CLEAR, YEAR_2100 - NOON),
    "a CLEAR a moment too long": (CLEAR, LONGEST + 1),
    "a CLEAR for no time": (CLEAR, 0),
    "a CLEAR that is over": (CLEAR, -1),
    "an UNKNOWN to rely on": (UNKNOWN, 1),
    "a REVIEW to rely on": (REVIEW, LONGEST),
    "a CONFLICT that is over": (CONFLICT, -1),
}


@pytest.mark.parametrize("verdict", BAD.values(), ids=BAD)
def test_a_time_that_no_verdict_has_is_refused(verdict):
    """Only CLEAR is valid beyond its instant, and not for ever."""
    with pytest.raises(TamperedError) as caught:
        require(answer(verdict))

    assert "claims to be valid" in caught.value.notes[0]


@pytest.mark.parametrize(
    "given",
    [answer(), answer((CLEAR, 1), (CLEAR, 1)), answer((0, 0)), answer((5, 0))],
    ids=["none", "too many", "unspecified", "unknown"],
)
def test_a_verdict_that_is_not_whole_is_none(given):
    """One known verdict a place."""
    with pytest.raises(TamperedError):
        require(given)


def test_the_longest_time_is_longer_than_the_ruleset_gives():
    """An honest CLEAR is never refused for it."""
    for longest in (KEYS["time"]["clear_hours"].high, KEYS["hold"]["hours"].high):
        assert longest * 3_600_000_000 <= LONGEST
    assert RULESET.clear_hours * 3_600_000_000 < LONGEST


@pytest.mark.parametrize(("revision", "fits"), [(7, True), (6, False)])
def test_an_answer_rests_on_what_was_demanded(revision, fits):
    """An older state is no answer to this question."""
    question = check.CheckPlacementRequest(
        candidates=[check.Candidate()], min_revision=7
    )
    given = answer((CLEAR, 1))
    given.revision = revision
    try:
        require_answer_now(question, given, sent=NOON, received=LATER)
        taken = True
    except TamperedError:
        taken = False

    assert taken is fits


# Holds and placements

HOLD = bytes([7]) * 16
CHECK, HOLDING = check.CHECK_MODE_CHECK, check.CHECK_MODE_CHECK_AND_HOLD


def held(hold, lasts=0):
    given = answer((REVIEW, 0))
    given.verdicts[0].hold_id = hold
    given.verdicts[0].hold_expires_at = NOON + lasts
    return given


@pytest.mark.parametrize(
    ("mode", "given", "fits"),
    [
        (CHECK, held(b""), True),
        (CHECK, held(bytes(16)), True),
        (CHECK, held(HOLD, 1), False),
        (HOLDING, held(b""), True),
        (HOLDING, held(bytes(16)), True),
        (HOLDING, held(HOLD, LONGEST), True),
        (HOLDING, held(HOLD), True),
        (HOLDING, held(HOLD, LONGEST + 1), False),
        (HOLDING, held(HOLD, -1), False),
        (HOLDING, held(HOLD[1:], 1), False),
        (HOLDING, held(HOLD + b"0", 1), False),
    ],
    ids=map(str, range(11)),
)
def test_nothing_is_held_that_cannot_be(mode, given, fits):
    """Only on demand, under a whole id, and for a sane time."""
    question = check.CheckPlacementRequest(candidates=[check.Candidate()], mode=mode)
    try:
        require_answer_now(question, given, sent=NOON, received=LATER)
        taken = True
    except TamperedError:
        taken = False

    assert taken is fits


@pytest.mark.parametrize(
    ("hold", "stands"), [(b"", False), (bytes(16), False), (HOLD, True)]
)
def test_the_id_of_no_hold_is_all_zero(hold, stands):
    """Or empty, where a service knows of no holds."""
    assert is_held(check.CandidateVerdict(hold_id=hold)) is stands


def placed(state, verdict=CLEAR, valid=1, decided_at=NOON):
    return PlacementAnswer(
        state=state,
        verdict=check.CandidateVerdict(verdict=verdict, valid_until=decided_at + valid),
        decided_at=decided_at,
    )


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        (placed(1), True),
        (placed(4), True),
        (placed(2, CONFLICT, 0), True),
        (placed(0), False),
        (placed(5), False),
        (placed(2, 0, 0), False),
        (placed(2, CONFLICT, 1), False),
        (placed(2, CLEAR, LONGEST + 1), False),
        (placed(2, decided_at=NOON - SKEW - 1), False),
        (placed(2, decided_at=LATER + SKEW + 1), False),
    ],
    ids=map(str, range(10)),
)
def test_what_is_decided_about_a_placement_is_of_now_too(given, fits):
    """A known state, a known verdict, a sane time."""
    try:
        require_placement_now(given, sent=NOON, received=LATER)
        taken = True
    except TamperedError:
        taken = False

    assert taken is fits
