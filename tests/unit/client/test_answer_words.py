"""A verdict and what is held, in the sentences that a caseworker reads."""

import pytest
from kit.held import HOLD, verdict
from kit.receipted import NOON
from placement_client.commands.answer_words import (
    MUST,
    PERMITTED,
    covered,
    hold_lines,
    must,
    until_data,
    valid_until,
    verdict_data,
)

from placement.api.v1.types_pb2 import Verdict

WORDS = ("CLEAR", "UNKNOWN", "REVIEW", "CONFLICT")
UNTIL = "2026-06-18 12:00 Stockholm time"


def lines(given):
    return list(hold_lines(given, NOON))


def test_every_verdict_has_an_act():
    """Each of the four says what to do."""
    assert set(MUST) == set(Verdict.values()) - {0}


def test_only_clear_may_be_relied_on():
    """Until an instant; nothing else has one."""
    assert [valid_until(verdict(word)) for word in WORDS] == [UNTIL, "-", "-", "-"]


def test_a_hold_says_until_when_what_then_and_what_next():
    """Its id, its end, what its end means, and the command that comes next."""
    assert lines(verdict(hold=HOLD)) == [
        f"Held for the case until {UNTIL}: hold {HOLD.hex()}.",
        (
            "When the hold lapses nobody is told: the place is kept for the case no "
            "longer, and you have to ask anew."
        ),
        f"Next, before then: placement hold confirm {HOLD.hex()}",
    ]


@pytest.mark.parametrize("word", WORDS[1:])
def test_a_hold_that_is_not_clear_says_what_covers_it(word):
    """Without a release or an override nobody would have got it."""
    given = verdict(word, hold=HOLD)

    assert lines(given)[3:] == [covered(given)]
    assert f"The verdict is {word}, so only a release or a signed" in covered(given)


@pytest.mark.parametrize("word", WORDS[1:])
def test_a_place_that_is_not_held_says_so(word):
    """Whatever the verdict, in the same words."""
    assert lines(verdict(word)) == ["Nothing is held."]


def test_a_clear_place_that_is_not_held_says_so():
    """The hold of this request came and went."""
    assert lines(verdict()) == [
        "Nothing is held: the hold that this request made stands no longer. Ask anew."
    ]


def test_a_hold_elsewhere_is_moved_to():
    """From the placement that stands."""
    (*_, told) = hold_lines(verdict(hold=HOLD), NOON, ["ab" * 16])

    assert told == (
        f"Next, before then: placement placement move {'ab' * 16} --to {HOLD.hex()}"
    )


@pytest.mark.parametrize("word", WORDS)
def test_only_a_clear_has_a_time_for_programs(word):
    """Of everything else there is nothing to rely on."""
    got = until_data(verdict(word))

    assert got == ("2026-06-18T10:00:00.000000Z" if word == "CLEAR" else None)


@pytest.mark.parametrize("permitted", [False, True])
@pytest.mark.parametrize("word", WORDS)
def test_what_was_had_under_a_permit_is_not_forbidden(word, permitted):
    """A CLEAR needs none; without a permit each verdict has its own words."""
    given = verdict(word)
    usual = word == "CLEAR" or not permitted

    assert must(given, permitted=permitted) == (
        MUST[given.verdict] if usual else PERMITTED
    )


def test_a_hold_that_was_confirmed_since_is_said_to_be():
    """Whoever repeats a check may be late."""
    given = verdict(hold=HOLD)
    given.hold_expires_at = NOON

    assert lines(given) == [
        f"Held by this request before, and confirmed since: placement {HOLD.hex()}."
    ]
    assert verdict_data(given, NOON)["hold_expires_at"] is None


@pytest.mark.parametrize(
    ("given", "hold", "lapses"),
    [
        (verdict(hold=HOLD), HOLD.hex(), "2026-06-18T10:00:00.000000Z"),
        (verdict(), "", None),
    ],
)
def test_a_hold_is_an_id_and_an_instant(given, hold, lapses):
    """Empty and null where there is none."""
    data = verdict_data(given, NOON)

    assert (data["hold_id"], data["hold_expires_at"]) == (hold, lapses)
    assert (data["verdict"], data["must"]) == ("CLEAR", MUST[1])
