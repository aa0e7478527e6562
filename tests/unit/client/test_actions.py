"""The codes of actions, and how people type them."""

import pytest
from placement_client.actions import ACTIONS, action_code, actions_like

from placement.access import Action
from placement.errors import InvalidInputError


def test_every_action_is_known():
    """Those of the service, and no other."""
    assert sorted(each.name for each in Action) == list(ACTIONS)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", ""),
        ("check", "CHECK"),
        ("Change-Approve", "CHANGE_APPROVE"),
        ("lift", "PHANTOM_LIFT"),
        ("move-in", "PLACEMENT_MOVE_IN"),
        ("idle", "IDLE"),
        ("database-accept", "DATABASE_ACCEPT"),
        ("key-destroy", "KEY_DESTROY"),
    ],
)
def test_what_somebody_means(typed, code):
    """The code, or words that one code alone has."""
    assert action_code(typed) == code


@pytest.mark.parametrize(
    ("typed", "told", "untold"),
    [
        ("xcheck", "perhaps check", "alert-close"),
        ("case-opne", "perhaps case-open", "case-opne"),
        ("withdraw", "perhaps change-withdraw, ruleset-withdraw", "check"),
        ("zzzz", "docs/protocol.md", "perhaps"),
    ],
)
def test_what_is_none_is_answered_with_those_like_it(typed, told, untold):
    """Those that might be meant, and where all are; what was typed is not repeated."""
    with pytest.raises(InvalidInputError) as refused:
        action_code(typed)

    assert refused.value.field == "action"
    assert told in refused.value.description
    assert untold not in refused.value.description


def test_a_word_is_completed():
    """As people type it."""
    assert actions_like("phantom") == ["phantom-lift"]
