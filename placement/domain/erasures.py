"""What was erased, and what can't be opened although nothing says yet that it was."""

from collections.abc import Collection, Iterable, Iterator

from placement.domain.erasure_events import DossiersErased
from placement.domain.tallies import Tallies
from placement.domain.terms import DossierId, FactId, Micros

_AT_ONCE = 10_000  # dossiers that a record of a snapshot names at most


class Erasures:
    """The erasures of one log, as far as it was folded.

    Attributes:
        erased: what the log says is erased, in order.
        retracted: when each fact that stands as retracted was retracted.
        tallies: what reports go on to count of it.
    """

    def __init__(self) -> None:
        self.erased: dict[DossierId, None] = {}
        self.retracted: dict[FactId, Micros] = {}
        self.tallies = Tallies()
        self._missed: dict[DossierId, None] = {}

    def miss(self, dossier: DossierId) -> None:
        """Note that something of a dossier could not be opened."""
        if dossier not in self.erased:
            self._missed[dossier] = None

    def add(self, dossiers: Iterable[DossierId]) -> None:
        """Note that dossiers were erased."""
        for dossier in dossiers:
            self.erased[dossier] = None
            self.retracted.pop(FactId(dossier), None)
            self._missed.pop(dossier, None)

    def gone(self, dossier: bytes) -> bool:
        """Tell whether a dossier is erased, or could not be opened."""
        return dossier in self.erased or dossier in self._missed

    @property
    def any(self) -> bool:
        """Whether anything is erased, or could not be opened."""
        return bool(self.erased or self._missed)

    @property
    def unproven(self) -> Collection[DossierId]:
        """What could not be opened, though nothing so far says that it was erased."""
        return self._missed.keys()

    def records(self) -> Iterator[DossiersErased]:
        """Yield events whose fold gives what is erased."""
        erased = tuple(self.erased)
        for start in range(0, len(erased), _AT_ONCE):
            yield DossiersErased(dossiers=erased[start : start + _AT_ONCE])
        counts = tuple(self.tallies.all())
        if counts:
            yield DossiersErased(dossiers=(), counts=counts)
