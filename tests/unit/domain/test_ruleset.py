"""The ruleset: every number is data, and a typing error is refused."""

import re
import tomllib
from dataclasses import replace
from hashlib import sha256
from itertools import product

import pytest
from kit.drawn import SHIPPED
from kit.still import STILL
from kit.world import RULESET

from placement.domain.areas import Areas
from placement.domain.ruleset import (
    AnomalyLimits,
    Budgets,
    CaseLimit,
    ExtractBudget,
    Limit,
    NightLimit,
    ShareLimit,
    parse_adopted,
    parse_past,
    parse_ruleset,
)
from placement.domain.terms import Grade, Scheme

TEXT = STILL


def test_defaults():
    """The default numbers are those of semantics.md."""
    got = (
        RULESET.cool_down_days,
        RULESET.coverage_days,
        RULESET.ahead_days,
        RULESET.clear_hours,
        RULESET.change_hours,
    )

    assert got == (180, 90, 90, 72, 72)


def test_default_budgets():
    """The default budgets are those of semantics.md."""
    got = RULESET.budgets

    assert got == Budgets(
        case_areas=6,
        case_days=90,
        organisation_areas=30,
        organisation_days=30,
        person_areas=10,
        repeat_days=14,
        evaluations={"caseworker": (20, 200), "coordinator": (5000, 50000)},
        extracts=ExtractBudget(person_day=5, organisation=50, days=30),
    )


def test_default_anomalies():
    """The default limits are those that rules.md shows."""
    got = RULESET.anomalies

    assert got == AnomalyLimits(
        budget_spent_by_person=Limit(allowed=0, days=1),
        budget_spent_by_organisation=Limit(allowed=10, days=7),
        many_areas=Limit(allowed=5, days=14),
        many_cases=Limit(allowed=2, days=90),
        night_work=NightLimit(allowed=10, days=7, begins=6, ends=20),
        large_share=ShareLimit(percent=80, checks=20, days=30),
        area_probed_by_person=Limit(allowed=4, days=30),
        area_probed_by_organisation=Limit(allowed=8, days=30),
        question_repeated=Limit(allowed=5, days=7),
        evaluated_without_case=CaseLimit(allowed=5, days=7, hours=24),
        evaluations_half_spent=Limit(allowed=0, days=1),
        refused_by_organisation=Limit(allowed=20, days=1),
        refused_by_certificate=Limit(allowed=10, days=1),
        many_searches=Limit(allowed=30, days=7),
        approved_in_turn=Limit(allowed=8, days=30),
    )


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("allowed", 1000),
        ("days", 366),
        ("begins", 0),
        ("ends", 24),
        ("percent", 99),
        ("checks", 1000),
        ("hours", 168),
    ],
)
def test_the_widest_limits(name, number):
    """They are taken; one more is not, as the test of spoilt files shows."""
    before, table, after = TEXT.partition("[anomaly.")
    text = re.sub(rf"(?m)^{name} = \d+", f"{name} = {number}", after, count=1)
    got = parse_ruleset(before + table + text, RULESET.areas).anomalies

    assert f"{name}={number}," in repr(got) or f"{name}={number})" in repr(got)
    assert got != RULESET.anomalies


def _three_five_two(source: str, intelligence: str) -> Grade:
    if intelligence == "E":
        return Grade.DISCREDITED
    if intelligence == "D" or source == "3":
        return Grade.WEAK
    strong = source + intelligence in ("1A", "1B", "2A")
    return Grade.STRONG if strong else Grade.MEDIUM


def _six_six(source: str, information: str) -> Grade:
    if information == "5":
        return Grade.DISCREDITED
    if source in "AB" and information in "12":
        return Grade.STRONG
    known = source in "ABC" and information in "123"
    return Grade.MEDIUM if known else Grade.WEAK


def _four_four(source: str, information: str) -> Grade:
    if source + information in ("A1", "A2", "B1"):
        return Grade.STRONG
    medium = source + information in ("B2", "A3", "C1", "C2")
    return Grade.MEDIUM if medium else Grade.WEAK


@pytest.mark.parametrize(
    ("scheme", "sources", "contents", "normalise"),
    [
        (Scheme.THREE_FIVE_TWO, "123", "ABCDE", _three_five_two),
        (Scheme.SIX_SIX, "ABCDEF", "123456", _six_six),
        (Scheme.FOUR_FOUR, "ABCX", "1234", _four_four),
    ],
)
def test_grades(scheme, sources, contents, normalise):
    """Every grade of a scheme is listed, as semantics.md normalises it, and no other."""
    got = RULESET.grades[scheme]

    assert got == {
        source + content: normalise(source, content)
        for source, content in product(sources, contents)
    }


@pytest.mark.parametrize(
    ("sound", "spoilt"),
    [
        ("cool_down_days = 180", ""),
        ("cool_down_days = 180", "cool_down_days = 180\ncooldown_days = 1"),
        ("cool_down_days = 180", "cool_down_days = 0"),
        ("cool_down_days = 180", "cool_down_days = -1"),
        ("cool_down_days = 180", "cool_down_days = true"),
        ("cool_down_days = 180", "cool_down_days = 1.5"),
        ('version = "2026-11-7"', 'version = ""'),
        ('version = "2026-11-7"', "version = 1"),
        ("[budget.person]", "[budget.persons]"),
        ("[budget.evaluation.coordinator]", "[budget.evaluation.auditor]"),
        ("[anomaly.many_areas]", "[anomaly.many_places]"),
        ("allowed = 5 ", "allowed = -1 "),
        ("allowed = 5 ", "allowed = 1001 "),
        ("allowed = 5 ", "allowed = true "),
        ("allowed = 5 ", "allowed = 5.0 "),
        ("allowed = 5 ", "allow = 5 "),
        ("days = 14\n", "days = 0\n"),
        ("days = 7\n", "days = 367\n"),
        ("begins = 6 ", "begins = 24 "),
        ("begins = 6 ", "begins = 20 "),
        ("ends = 20", "ends = 25"),
        ("hours = 24", "hours = 0"),
        ("hours = 24", "hours = 169"),
        ("percent = 80", "percent = 49"),
        ("percent = 80", "percent = 100"),
        ("checks = 20", "checks = 0"),
        ("[grade.four_four]", "[grade.five_five]"),
        ('STRONG = ["1A"', 'STRONG = ["1C", "1A"'),
        ("version", "= version"),
    ],
)
def test_a_spoilt_file_is_refused(sound, spoilt):
    """A key too many or too few, an odd number or a grade twice is refused."""
    assert TEXT.count(sound) >= 1

    with pytest.raises(ValueError):  # noqa: PT011 (any reason will do)
        parse_ruleset(TEXT.replace(sound, spoilt, 1), RULESET.areas)


def test_a_digest_stands_for_all_that_a_ruleset_says():
    """A number, a neighbour: whatever is changed, it is another; a comment is not."""
    rows = list(RULESET.areas.values())
    other = replace(rows[0], police_region="mitt", near=frozenset())
    moved = [other, *(replace(r, near=r.near - {other.code}) for r in rows[1:])]
    got = {
        parse_ruleset(TEXT, RULESET.areas).digest,
        parse_ruleset(TEXT.replace("live = 2", "live = 3"), RULESET.areas).digest,
        parse_ruleset(TEXT, Areas(moved)).digest,
    }

    assert len(got) == 3
    assert RULESET.digest in got
    assert parse_ruleset(TEXT + "\n# why\n", RULESET.areas).digest == RULESET.digest
    assert parse_ruleset(TEXT, Areas(reversed(rows))).digest == RULESET.digest


def without_phantoms():
    """Return a file of the form that it had before there were any."""
    head, _, rest = before_extracts().partition("\n[phantom]")
    tail = rest[rest.index("\n[grade") :]
    return head.replace("format = 3", "format = 2") + "\n" + tail.lstrip("\n")


def before_extracts():
    """Return a file of the form that it had before it spoke of extracts."""
    content = RULESET.content.replace("format = 4", "format = 3")
    for table in ("budget.extract", "anomaly.approved_in_turn"):
        content = re.sub(rf"\n\[{table}\]\n(.+\n)+", "", content)
    return content


def test_a_log_may_hold_a_ruleset_from_before_it_spoke_of_extracts():
    """They cost what they did in code; it says and hashes what it did then."""
    content = before_extracts()
    got = parse_adopted(content, RULESET.areas)

    assert "extract" not in content
    assert got.content == content
    assert got.digest == sha256(RULESET.areas.digest + content.encode()).digest()
    assert got.budgets.extracts == ExtractBudget(person_day=5, organisation=50, days=30)
    assert parse_past(content, RULESET.areas, RULESET) == got
    assert (got.phantoms, got.budgets) == (RULESET.phantoms, RULESET.budgets)


def test_a_log_may_hold_a_ruleset_from_before_there_were_phantoms():
    """It has none, and says and hashes what it did then."""
    content = without_phantoms()
    got = parse_adopted(content, RULESET.areas)

    assert got.phantoms.none
    assert got.digest == sha256(RULESET.areas.digest + got.content.encode()).digest()
    assert tomllib.loads(got.content) == tomllib.loads(content)
    assert parse_past(content, RULESET.areas, RULESET) == got
    assert parse_adopted(got.content, RULESET.areas).content == got.content
    assert (got.holds, got.grades) == (RULESET.holds, RULESET.grades)


def test_an_older_form_is_not_proposed_again():
    """Whoever proposes a ruleset says what it has of phantoms."""
    with pytest.raises(ValueError, match="must be 4"):
        parse_ruleset(without_phantoms(), RULESET.areas)


def test_what_a_log_holds_in_this_form_is_read_as_ever():
    """With its phantoms."""
    got = parse_adopted(SHIPPED.content, SHIPPED.areas)

    assert got == SHIPPED
    assert (got.phantoms.stays, got.phantoms.floor, got.phantoms.prior) == (2, 10, 225)
    assert got.phantoms.sizes == (2, 4, 16, 64)
    assert got.phantoms.lift.allowed == 5
