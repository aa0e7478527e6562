"""Requests that were answered, so that a retry finds its first answer."""

from dataclasses import dataclass, replace

from placement.domain.events import Request, RequestKept
from placement.domain.terms import DossierId, Micros, Revision


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
