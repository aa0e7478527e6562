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
    ],
)
def test_what_somebody_means(typed, code):
    """The code, or words that one code alone has."""
    assert action_code(typed) == code


@pytest.mark.parametrize(
    ("typed", "told", "untold"),
    [
        ("reject-it", "alert-acknowledge, alert-close", "reject-it"),
        ("withdraw", "change-withdraw, ruleset-withdraw", "check"),
    ],
)
def test_what_is_none_is_answered_with_those_there_are(typed, told, untold):
    """All, or those that might be meant; what was typed is not repeated."""
    with pytest.raises(InvalidInputError) as refused:
        action_code(typed)

    assert refused.value.field == "action"
    assert told in refused.value.description
    assert untold not in refused.value.description


def test_a_word_is_completed():
    """As people type it."""
    assert actions_like("phantom") == ["phantom-lift"]
