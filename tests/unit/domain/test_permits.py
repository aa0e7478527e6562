"""What a permit covers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.world import NOW, TODAY, day, token

from placement.domain.permits import Permit, key_of, keys_of, within
from placement.domain.questions import Assessment, Candidate, Finding
from placement.domain.terms import (
    AreaCode,
    PermitGround,
    Verdict,
    Window,
)

HERE = Candidate(area=AreaCode("2480"))
REVIEW, CONFLICT = Verdict.REVIEW, Verdict.CONFLICT


def finding(name: str = "a", rule: str = "R1", verdict: Verdict = REVIEW) -> Finding:
    return Finding(rule=rule, verdict=verdict, facts=(token(name),))


FOUND = Assessment(verdict=REVIEW, findings=(finding("a"), finding("b")))
PERMIT = Permit(
    id=token("permit"),
    case=token("case"),
    candidate=HERE,
    window=Window(start=TODAY, end=day(30)),
    ground=PermitGround.RELEASED,
    verdict=REVIEW,
    seen=keys_of(FOUND.findings),
    organisation="syd",
    person="co-01",
    proposed_at=NOW,
    expires_at=NOW + 1,
    signed=True,
)


@pytest.mark.parametrize(
    ("change", "covers"),
    [
        ({}, True),
        ({"signed": False}, False),
        ({"expires_at": NOW}, False),
        ({"follow_up": TODAY}, False),
        ({"follow_up": day(1)}, True),
        ({"candidate": Candidate(area=AreaCode("0580"))}, False),
        ({"candidate": replace(HERE, facility=token("house"))}, False),
        ({"window": Window(start=day(1), end=day(30))}, False),
        ({"verdict": Verdict.UNKNOWN}, False),
        ({"verdict": CONFLICT}, True),
        ({"seen": keys_of(FOUND.findings[:1])}, False),
        ({"seen": ()}, False),
    ],
)
def test_a_permit_covers(change, covers):
    """What it was given for: the place, the days, the reasons; signed and in time."""
    window = Window(start=TODAY, end=day(30))
    got = replace(PERMIT, **change).covers(HERE, window, FOUND, NOW)

    assert got is covers


@pytest.mark.parametrize(
    ("change", "covers"),
    [
        ({"findings": FOUND.findings[:1]}, True),
        ({"findings": ()}, True),
        ({"findings": (*FOUND.findings, finding("c"))}, False),
        ({"findings": (finding("a", verdict=Verdict.CONFLICT),)}, False),
        ({"findings": (finding("a", rule="R2"),)}, False),
        ({"verdict": CONFLICT}, False),
        ({"verdict": Verdict.UNKNOWN}, True),
        ({"floor": Verdict.UNKNOWN}, False),
    ],
)
def test_what_is_added_is_not_covered(change, covers):
    """Another reason, a worse one, a picture that lapsed."""
    window = Window(start=TODAY, end=day(30))
    got = PERMIT.covers(HERE, window, replace(FOUND, **change), NOW)

    assert got is covers


def test_a_permit_for_a_lapsed_picture():
    """Whoever gave it knew that it had."""
    permit = replace(PERMIT, floor=Verdict.UNKNOWN)
    found = replace(FOUND, floor=Verdict.UNKNOWN)
    window = Window(start=TODAY, end=day(30))

    assert permit.covers(HERE, window, found, NOW)


@pytest.mark.parametrize("ground", PermitGround)
def test_whose_it_is(ground):
    """Every other ground is a municipality's."""
    got = replace(PERMIT, ground=ground).is_release

    assert got is (ground is PermitGround.RELEASED)


def test_keys_tell_findings_apart():
    """By rule, by what it gives, by what it rests on; eight bytes each."""
    findings = (
        finding("a"),
        finding("b"),
        finding("a", rule="R2"),
        finding("a", rule="R9/R1"),
        finding("a", verdict=CONFLICT),
    )
    keys = {key_of(each) for each in findings}

    assert len(keys) == len(findings)
    assert {len(key) for key in keys} == {8}


def test_keys_are_in_order_and_once():
    """The order in which something was found means nothing."""
    one, two = finding("a"), finding("b")

    assert (
        keys_of((two, one, two))
        == keys_of((one, two))
        == tuple(sorted((key_of(one), key_of(two))))
    )


def test_a_cap_is_part_of_what_a_finding_gives():
    """Two that are capped to the same say the same."""
    capped = finding(verdict=CONFLICT)._replace(at_most=REVIEW)

    assert key_of(capped) == key_of(finding())


DAYS = st.integers(0, 12)
WINDOWS = st.builds(
    lambda start, length: Window(
        start=start, end=None if length is None else start + length
    ),
    DAYS,
    st.none() | st.integers(1, 12),
)


@given(WINDOWS, WINDOWS)
def test_within_is_every_day_of_it(inner, outer):
    """No day of the one is outside the other; what is open ends never."""

    def days(window):
        return set(range(window.start, 99 if window.end is None else window.end))

    assert within(inner, outer) is (days(inner) <= days(outer))
