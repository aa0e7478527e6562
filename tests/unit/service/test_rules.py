"""The ruleset of a state: out of its log, or the program's own; never another."""

from dataclasses import replace

import pytest
from kit.commands import Court
from kit.ruled import adopted_elsewhere, adoption, ruleset, text
from kit.world import NOW, RULESET

from placement.domain.events import Record
from placement.domain.rule_events import RulesetFounded
from placement.domain.state import State
from placement.errors import UnavailableError
from placement.service.rules import Rules

OLD = replace(RULESET, version="2025-1-1")


def adopt(state, version="2026-12-1", **numbers):
    court = Court(state)
    for command in adoption(text(version, **numbers)):
        court.reply(command)


def test_the_programs_own_is_in_force_at_first():
    """And what was so before another program came is found by its version."""
    rules = Rules(RULESET, {OLD.version: OLD})

    assert rules.of(State()) is RULESET
    assert rules.then(State(), RULESET.version) is RULESET
    assert rules.then(State(), OLD.version) is OLD
    assert rules.then(State(), "2024-1") is None


def test_what_was_adopted_is_in_force():
    """Whatever comes with the program; it is read once."""
    state, rules = State(), Rules(RULESET)
    adopt(state, live=3)
    got = rules.of(state)

    assert (got.version, got.holds.live) == ("2026-12-1", 3)
    assert got.digest == ruleset(live=3).digest
    assert rules.of(state) is got
    assert rules.then(state, "any") is got


def test_what_the_store_was_made_with_is_in_force():
    """Whatever a server's settings name, also under the same version."""
    state, lenient = State(), ruleset(RULESET.version, ahead_days=365)
    event = RulesetFounded(content=RULESET.content)
    state.apply(Record(at=NOW, event=event))
    rules = Rules(lenient)

    assert rules.of(state).digest == RULESET.digest != lenient.digest
    assert rules.then(state, RULESET.version) is rules.of(state)
    adopt(state, live=3)
    assert rules.of(state).holds.live == 3


def test_each_state_has_its_own():
    """A past one has what was in force then."""
    past, now = State(), State()
    adopt(past, live=3)
    adopt(now, live=3)
    adopt(now, "2026-12-2", live=4)
    rules = Rules(RULESET)

    assert [rules.of(each).holds.live for each in (State(), past, now)] == [2, 3, 4]


@pytest.mark.parametrize(
    "content",
    [text().replace("format = 4", "format = 5"), "format = 5\n", "", "?"],
    ids=["another form", "only that", "nothing", "no TOML"],
)
def test_what_can_t_be_read_is_never_passed_by(content):
    """Not for an older one, not for the program's own; a replay says so."""
    state, rules = State(), Rules(RULESET)
    adopt(state)
    for record in adopted_elsewhere(content):
        state.apply(record)
    with pytest.raises(UnavailableError):
        rules.of(state)

    assert rules.then(state, "2030-01-1") is None
