"""What happens when the law takes something."""

from dataclasses import dataclass

from placement.domain.terms import DossierId


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAgreed:
    """A second coordinator stood behind an erasure; ``id`` is the dossier's."""

    id: DossierId


@dataclass(frozen=True, slots=True, kw_only=True)
class DossiersErased:
    """Facts and cases were erased; nobody has their keys any more."""

    dossiers: tuple[DossierId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Something that a dossier's key seals, as the log keeps it.

    In a fold it stands for what nobody can open any more.

    Attributes:
        dossier: whose.
        content: a record, sealed.
    """

    dossier: DossierId
    content: bytes


ErasureEvent = DossiersErased | Sealed
