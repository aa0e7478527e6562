"""Whether a state fits the program: rules of which nobody is told are no rules."""

import pytest
from kit.commands import Court
from kit.ruled import adoption
from kit.still import STILL
from kit.world import NOW, RULESET

from placement.app import read_ruleset
from placement.domain.changeover_events import CustodianNamed
from placement.domain.events import Record
from placement.domain.rule_events import RulesetFounded
from placement.domain.ruleset import parse_ruleset
from placement.domain.state import State
from placement.errors import UnavailableError
from placement.service.fit import require_fit
from placement.service.rules import Rules

KEY = bytes(32)
BARE = parse_ruleset(STILL, RULESET.table)


def made_with(ruleset):
    """Return the state of a store that was made with a ruleset."""
    founded = None if ruleset is None else RulesetFounded(content=ruleset.content)
    state = State()
    state.apply(Record(at=NOW, event=CustodianNamed(key_id=KEY, ruleset=founded)))
    return state


@pytest.mark.parametrize("state", [made_with(BARE), made_with(None)])
def test_a_store_without_phantom_stays_is_not_served_in_production(state):
    """Whoever made it, and whatever its settings name now."""
    with pytest.raises(UnavailableError) as refused:
        require_fit(state, Rules(BARE, veiled=True), KEY)

    assert refused.value.notes[0].startswith("The ruleset has no phantom stays: ")
    require_fit(state, Rules(BARE), KEY)


def test_what_two_persons_adopted_is_served():
    """They may have none; that stands in the log."""
    state = made_with(read_ruleset(None))
    require_fit(state, Rules(BARE, veiled=True), KEY)
    court = Court(state)
    for command in adoption(STILL.replace(RULESET.version, "2026-12-1")):
        court.reply(command)
    rules = Rules(RULESET, veiled=True)
    require_fit(state, rules, KEY)

    assert rules.of(state).phantoms.none
