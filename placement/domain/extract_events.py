"""What happens when a person asks what is kept about them."""

from dataclasses import dataclass
from enum import IntEnum

from placement.domain.terms import CaseHandle, DossierId, FactId, Micros


class ExtractPart(IntEnum):
    """What is withheld as a whole unless the second person lets it be told."""

    VERDICTS = 1
    POLICE_ENTRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractAgreed:
    """An extract waits for its second person.

    Attributes:
        id: of its change, 16 bytes.
        named: 32 bytes that only who names the same subjects can make again.
        cases: handles that the person has; told of each whether it was erased.
        ground: why it is made, as a code.
        reference: the authority's own number of the person's request.
    """

    id: FactId
    named: bytes
    cases: tuple[CaseHandle, ...]
    ground: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractAsked:
    """Somebody proposed an extract; it counts in their budget."""

    organisation: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractGranted:
    """A second coordinator stood behind an extract.

    Attributes:
        agreed: what was proposed.
        region: whose facts and cases it tells of.
        proposer: person id of who proposed it, in that region.
        approver: person id of the second person.
        organisation: the second person's.
        released: facts that are told, and cases in which somebody else stands first.
        withheld: cases in which the person stands first that are not told.
        parts: what else is told.
        expires_at: until when it can be read.
    """

    agreed: ExtractAgreed
    region: str
    proposer: str
    approver: str
    organisation: str
    released: tuple[DossierId, ...]
    withheld: tuple[DossierId, ...]
    parts: tuple[ExtractPart, ...]
    expires_at: Micros


ExtractEvent = ExtractAsked | ExtractGranted
