"""The files themselves: strict, numbered, and within what may be asked."""

from collections import defaultdict

import pytest
from kit.scenario import FOLDER, read_scenario
from kit.world import RULESET

from placement.ops.scenarios.reading import parse_scenario


def parse(text):
    return parse_scenario(text, RULESET)


FILES = sorted(FOLDER.glob("*.yaml"))
PLAIN = """
scenario: 1
title: A title
because: A sentence.
groups: [A, B]
people: [Hanna]
houses:
  red house: {provider: Firm, area: 0680 Jönköping}
given:
  cases:
    Hanna's case: {by: 1280 Malmö, household: [Hanna]}
  facts:
    - the war: A and B are rivals of severity 3, since today-1, graded 2B
  coverage:
    - {of: whole country, days ago: 20}
  placements:
    - {case: Hanna's case, in: red house, since: today-10}
steps:
  - then:
      changes:
        - the war ended on today
    checks:
      - {case: Hanna's case, in: 1480 Göteborg, expect: CONFLICT}
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_carries_its_number(path):
    """A file begins with its scenario's number, or with ``rule`` when it has none."""
    scenario = read_scenario(path)
    got = path.stem.split("_")[0]

    assert got == (f"{scenario.number:02}" if scenario.number else "rule")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_says_why_in_one_sentence(path):
    """The reason is one sentence."""
    because = read_scenario(path).because
    got = (because[-1], because.count(". "), "\n" in because)

    assert got == (".", 0, False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_stays_within_the_budgets(path):
    """A live service answers every question that the file doesn't expect refused."""
    scenario = read_scenario(path)
    by = {case.name: case.municipality for case in scenario.given.cases}
    asked = defaultdict(set)
    for step in scenario.steps:
        for check in step.checks:
            if check.refused is None:
                asked[check.case] |= {place.area for place in check.places}
    spent = defaultdict(int)
    for case, areas in asked.items():
        spent[by[case]] += len(areas)
    budgets = RULESET.budgets
    got = (
        max(map(len, asked.values()), default=0) <= budgets.case_areas,
        max(spent.values(), default=0) <= budgets.person_areas,
    )

    assert got == (True, True)


def test_plain_file_is_read():
    """The file that the next test spoils is itself sound."""
    got = parse(PLAIN).steps[0].checks[0].expected

    assert got == ("CONFLICT",)


@pytest.mark.parametrize(
    ("sound", "spoilt"),
    [
        ("title: A title\n", ""),
        ("scenario: 1\n", "scenario: one\n"),
        ("title: A title", "title: A title\ncolour: red"),
        ("title: A title", "title: A title\nthrough: walls"),
        ("title: A title", "title: A title\ntoday: 2028-02-29"),
        ("people: [Hanna]", "people: Hanna"),
        ("provider: Firm", "provider: Firm, beds: 4"),
        ("area: 0680 Jönköping", "area: 0680 Göteborg"),
        ("household: [Hanna]", "household: [Hans]"),
        ("household: [Hanna]", "household: [Hanna], assessed: maybe"),
        ("by: 1280 Malmö", 'by: "1280"'),
        ("A and B are rivals of severity 3", "A and C are rivals of severity 3"),
        ("A and B are rivals of severity 3", "A and B are rivals of severity 4"),
        ("A and B are rivals of severity 3", "A dislikes B"),
        ("graded 2B", "graded 2B, graded 2C"),
        ("graded 2B", "graded 9Z"),
        ("graded 2B", "graded 2B in 6x6"),
        ("severity 3,", "severity 2, not yet approved,"),
        ("since today-1", "since yesterday"),
        ("since today-1", "since 2026-01-01"),
        ("- the war: A", "- {the war: x, the peace: y}\n    - A"),
        ("- the war: A", "- the war: A and B are allied\n    - the war: A"),
        ("days ago: 20", "days ago: 20, by: nobody"),
        ("in: red house", "in: green house"),
        ("the war ended", "the peace ended"),
        ("case: Hanna's case, in: 1480", "case: Per's case, in: 1480"),
        ("expect: CONFLICT", "expect: [CONFLICT, CLEAR]"),
        ("expect: CONFLICT", "expect: DANGER"),
        ("expect: CONFLICT", "refused: NO_REASON"),
        ("expect: CONFLICT", "refused: CASE_CLOSED, expect: CLEAR"),
        ("  coverage:\n", "  coverage: here\n  weather:\n"),
    ],
)
def test_spoilt_file_is_refused(sound, spoilt):
    """What isn't known, or isn't there, fails instead of being passed over."""
    text = PLAIN.replace(sound, spoilt, 1)

    with pytest.raises(ValueError):  # noqa: PT011 (any reason will do)
        parse(text)


SERVED = PLAIN.replace("title: A title", "title: A title\nthrough: service").replace(
    "expect: CONFLICT}",
    """expect: CONFLICT, holds: nothing}
      - {case: Hanna's case, in: 0180 Stockholm, expect: CLEAR, holds: the hold}
    at once:
      - {case: Hanna's case, in: 0180 Stockholm}
    alarms: {Hanna's case: closed}
    overrides: 1
  - then:
      changes:
        - the hold is confirmed
        - 3 hours pass
        - Hanna's case is released for 0180 Stockholm
        - the release of Hanna's case is approved
        - an override of Hanna's case for 0180 Stockholm is proposed
        - the override of Hanna's case is signed
    alarms: {}
""",
)


def test_file_for_a_service_is_read():
    """What is held, who is alarmed, and what happens with time."""
    first, second = parse(SERVED).steps

    assert [check.holds for check in first.checks] == ["nothing", "the hold"]
    assert [check.case for check in first.race] == ["Hanna's case"]
    assert (first.alarms, first.overrides) == ({"Hanna's case": "closed"}, 1)
    assert (second.checks, second.alarms, second.overrides) == ((), {}, None)
    assert len(second.change.amendments) == 6


@pytest.mark.parametrize(
    ("sound", "spoilt"),
    [
        ("through: service", "through: both"),
        ("the hold is confirmed", "the other hold is confirmed"),
        ("3 hours pass", "0 hours pass"),
        ("3 hours pass", "some hours pass"),
        ("for 0180 Stockholm is proposed", "for 0180 Malmö is proposed"),
        ("override of Hanna's case is", "override of Per's case is"),
        ("alarms: {Hanna's case: closed}", "alarms: {Per's case: closed}"),
        ("alarms: {Hanna's case: closed}", "alarms: {Hanna's case: DANGER}"),
        ("overrides: 1", "overrides: one"),
        ("    at once:\n", "    sometime:\n"),
        ("household: [Hanna]", "household: [Hanna], children: [Per]"),
    ],
)
def test_spoilt_file_for_a_service_is_refused(sound, spoilt):
    """As any other."""
    text = SERVED.replace(sound, spoilt, 1)

    assert text != SERVED
    with pytest.raises(ValueError):  # noqa: PT011 (any reason will do)
        parse(text)


@pytest.mark.parametrize(
    "more",
    [
        "    alarms: {}",
        "    overrides: 0",
        "    at once:\n      - {case: Hanna's case, in: 0180 Stockholm}",
        "  - then: {changes: [3 hours pass]}\n    checks: []",
    ],
)
def test_the_rules_alone_know_nothing_of_it(more):
    """A file that says it can't be run through them."""
    with pytest.raises(ValueError, match="only a service"):
        parse(PLAIN.rstrip() + "\n" + more)
