"""What is asked of the engine, and what a pure function answers.

A command names its caller and its action; ids are drawn before it comes here, and the
time comes beside it, so that deciding is a pure function that can be run again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from placement.access import Action, Caller
from placement.domain.changeover import Named
from placement.domain.events import Event
from placement.domain.phantoms import NOBODY, Phantoms
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import (
    CaseHandle,
    Day,
    DossierId,
    Micros,
    Revision,
    SubjectId,
    stockholm_day,
)
from placement.errors import InvalidInputError, PlacementError

_NEVER: Final = Micros(0)

PhantomsOf = Callable[[State, Ruleset, Micros], Phantoms]
SubjectOf = Callable[[Named | SubjectId], SubjectId]


def nobody(state: State, ruleset: Ruleset, now: Micros) -> Phantoms:
    """Return no phantoms, whatever the state."""
    del state, ruleset, now
    return NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When, and by which rules, a command is decided.

    Attributes:
        now: when.
        ruleset: by which rules.
        phantoms: returns the phantom stays of a state at a moment; what answers a
            municipality is decided with them, and nothing else is (R15).
    """

    now: Micros
    ruleset: Ruleset
    phantoms: PhantomsOf = nobody

    @property
    def today(self) -> Day:
        """The calendar day in Stockholm."""
        return stockholm_day(self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the access log shall hold beside caller, action and time.

    Attributes:
        purpose: why, as a code.
        case: which case, or empty.
        alias: what an auditor gave instead of a case, or empty.
        subjects: the household of a case that is opened, or whom an extract is about.
        about: the extract, so that auditors see other aliases in each; else empty.
        reference: the municipality's own case number, or empty.
        candidates: area codes asked about.
        facilities: in that order, empty where none is meant.
        window: for which days, as ``Matter.window`` has it; or empty.
        request: the request's id, or empty.
        verdicts: in the order of the candidates.
        decisions: 16 bytes each, in the order of the candidates.
        valid_until: in that order.
        objects: facts, changes and placements named, 16 bytes each.
        tokens: groups and facilities made or spoken of, 16 bytes each.
        search: what an auditor looks for.
    """

    purpose: str = ""
    case: bytes = b""
    alias: bytes = b""
    subjects: tuple[bytes, ...] = ()
    about: bytes = b""
    reference: str = ""
    candidates: tuple[str, ...] = ()
    facilities: tuple[bytes, ...] = ()
    window: str = ""
    request: bytes = b""
    verdicts: tuple[int, ...] = ()
    decisions: tuple[bytes, ...] = ()
    valid_until: tuple[int, ...] = ()
    objects: tuple[bytes, ...] = ()
    tokens: tuple[bytes, ...] = ()
    search: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something asked.

    Attributes:
        caller: by whom.
    """

    action: ClassVar[Action]
    anew: ClassVar[bool] = False
    """Whether a retry is decided anew, instead of finding its first answer."""

    caller: Caller

    @property
    def note(self) -> Note:
        """What the log shall hold of it even when it is refused."""
        return Note()

    @property
    def ahead(self) -> Sequence[DossierId]:
        """Dossiers that this and what comes next may begin: their keys are made at once."""
        return ()

    def resolved(self, of: SubjectOf) -> Self:
        """Return the command with subjects in the place of whom it names.

        Args:
            of: looks somebody up.

        Raises:
            InvalidInputError: somebody is named by no pseudonym under the key in force.
        """
        del of
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCommand(Command):
    """A command that a client may send again and that then counts once.

    Attributes:
        request_id: 16 bytes, chosen by the client.
        digest: SHA-256 of the request's content.
    """

    request_id: bytes
    digest: bytes

    @property
    def request_key(self) -> tuple[str, str, bytes]:
        """Under which the state remembers it."""
        return (self.caller.organisation, self.caller.person, self.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCommand(RequestCommand):
    """A request about one case."""

    case: CaseHandle

    @property
    def note(self) -> Note:
        """Name the case."""
        return Note(case=self.case)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The reply to everything that changes something.

    Attributes:
        ids: what it made, in order.
        expires_at: when the permit that it made lapses; 0 if it made none.
        same_reference: the case that it opened shares its number with an open one.
    """

    ids: tuple[bytes, ...] = ()
    expires_at: Micros = _NEVER
    same_reference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a decide function answers when it does not refuse.

    Attributes:
        reply: for the caller.
        events: for the log.
        made: ids that a retry must find again.
        note: for the access log; ``None`` for the command's own.
        revision: of an earlier answer that is given again, else ``None``.
    """

    reply: object
    events: tuple[Event, ...] = ()
    made: tuple[bytes, ...] = ()
    note: Note | None = None
    revision: Revision | None = None

    @classmethod
    def written(cls, *events: Event, made: tuple[bytes, ...] = ()) -> "Outcome":
        """Return the outcome of something that changes the state."""
        return cls(reply=Written(ids=made), events=events, made=made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows from a command: an outcome, or a refusal; always noted.

    Attributes:
        note: for the access log.
        outcome: what to log and to answer, or the refusal.
    """

    note: Note
    outcome: Outcome | PlacementError


def require(ok: object, field: str, description: str) -> None:
    """Refuse a request whose field does not hold.

    Args:
        ok: whether it does.
        field: its name on the wire.
        description: what is wrong, in constant words.

    Raises:
        InvalidInputError: it does not.
    """
    if not ok:
        raise InvalidInputError(field, description)
