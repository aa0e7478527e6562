"""Requests that were answered, so that a retry finds its first answer."""

from collections import OrderedDict
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from typing import Final

from placement.domain.events import Record, Request, RequestKept
from placement.domain.terms import MICROS_A_DAY, DossierId, Micros, Revision

RETRIED_DAYS: Final = 30
"""How long a request that is sent again finds its first answer."""
_RETRIED: Final = RETRIED_DAYS * MICROS_A_DAY
_Key = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered.

    Attributes:
        request: with what it made.
        revision: of the answer.
        at: when.
        dossier: with which its digest goes, or empty.
    """

    request: Request
    revision: Revision
    at: Micros
    dossier: DossierId

    def erased(self) -> "Answered":
        """Return what is left of it once its dossier is erased."""
        request = replace(self.request, digest=b"")
        return replace(self, request=request, dossier=DossierId(b""))

    def kept(self) -> RequestKept:
        """Return what a snapshot keeps of it."""
        return RequestKept(
            request=self.request, revision=self.revision, dossier=self.dossier
        )


class Requests:
    """Those that were answered in the last days, the oldest first."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[_Key, Answered] = OrderedDict()

    def get(self, key: _Key) -> Answered | None:
        """Return the answer to a request by (organisation, person, request id)."""
        return self._by_key.get(key)

    def keep(self, answered: Answered) -> None:
        """Remember a request, and forget those too old to be retried."""
        request = answered.request
        key = (request.organisation, request.person, request.id)
        self._by_key[key] = answered
        self._by_key.move_to_end(key)
        while next(iter(self._by_key.values())).at < answered.at - _RETRIED:
            self._by_key.popitem(last=False)

    def erase(self, dossiers: Container[DossierId]) -> None:
        """Let nothing of what was erased be left in them."""
        for key, answered in self._by_key.items():
            if answered.dossier in dossiers:
                self._by_key[key] = answered.erased()

    def records(self) -> Iterator[Record]:
        """Yield what a snapshot keeps of them."""
        for answered in self._by_key.values():
            yield Record(at=answered.at, event=answered.kept())
