"""Requests that were answered, so that a retry finds its first answer."""

from dataclasses import dataclass

from placement.domain.events import Request
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
