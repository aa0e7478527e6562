"""The ruleset of a state: what its log says, or what the server has if that says nothing.

Invariants:
    * a ruleset that this program can't read is never passed by for an older one:
      whoever asks for it is refused;
    * what one content says is read once.
"""

from collections.abc import Mapping
from typing import Final

from placement.domain.ruleset import Ruleset, parse_adopted
from placement.domain.state import State
from placement.errors import UnavailableError

_NONE: Final[Mapping[str, Ruleset]] = {}


class Rules:
    """Finds the ruleset of a state.

    Args:
        shipped: in force where the log says nothing.
        past: by version, what was in force before in its stead.
        veiled: that nobody adopted has to have phantom stays.
    """

    def __init__(
        self,
        shipped: Ruleset,
        past: Mapping[str, Ruleset] = _NONE,
        *,
        veiled: bool = False,
    ) -> None:
        self.shipped = shipped
        self.veiled = veiled
        self._past = {**past, shipped.version: shipped}
        self._read: dict[str, Ruleset] = {}

    def of(self, state: State) -> Ruleset:
        """Return the ruleset in force.

        Raises:
            UnavailableError: it is in a form that this program does not know.
        """
        content = state.rulebook.content
        return self.shipped if content is None else self._parsed(content)

    def then(self, state: State, version: str) -> Ruleset | None:
        """Return the ruleset that was in force in a past state.

        Args:
            state: at a past revision.
            version: as it was named then.

        Returns:
            ``None`` if it is not at hand: it came with another program, or is in a form
            that this one does not know.
        """
        if state.rulebook.content is None:
            return self._past.get(version)
        try:
            return self.of(state)
        except UnavailableError:
            return None

    def _parsed(self, content: str) -> Ruleset:
        known = self._read.get(content)
        if known is None:
            try:
                known = parse_adopted(content, self.shipped.table)
            except ValueError as error:
                raise UnavailableError from error
            self._read[content] = known
        return known
