"""Whether a state fits the program that answers from it."""

import logging
from typing import Final

from placement.domain.state import State
from placement.errors import UnavailableError
from placement.service.rules import Rules

BARE: Final = (
    "the ruleset has no phantom stays: each CONFLICT would prove that somebody is there"
)

_log: Final = logging.getLogger(__name__)


def require_fit(state: State, rules: Rules, custodian: bytes) -> None:
    """Refuse a state that a question of today would pass by in silence.

    Args:
        state: folded from the log.
        rules: finds its ruleset.
        custodian: id of the key that the server is set up with.

    Raises:
        UnavailableError: rules that can't be read, or that nobody adopted and that have no
            phantom stays, facts at places that no question could
            name, or about pseudonyms that no client gets any more.
    """
    try:
        ruleset = rules.of(state)
    except UnavailableError as error:
        text = "the ruleset in force has a form that this program does not know"
        raise _misfit(text).because(f"{error.__cause__}.") from error
    if rules.veiled and ruleset.phantoms.none and not state.rulebook.adopted:
        raise _misfit(BARE)
    if not state.areas <= ruleset.areas.codes:
        raise _misfit("an area of the log is not in the ruleset")
    if custodian not in state.changeover.serves:
        raise _misfit("the custodian's key is not the one of this store")


def _misfit(what: str) -> UnavailableError:
    """Log what does not fit, and make the error with it as a note."""
    _log.critical("incident %s; nothing is answered", what)
    return UnavailableError().because(f"{what[0].upper()}{what[1:]}.")
