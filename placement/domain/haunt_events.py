"""What people say that phantom stays follow: how large a group is, whom they leave alone."""

from dataclasses import dataclass

from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    GroupSize,
    GroupToken,
    LiftGround,
    Micros,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSized:
    """Somebody said how large a group is; it acts from the next month on."""

    group: GroupToken
    size: GroupSize


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomsLifted:
    """Phantoms shall not stand in a case's way in an area, for some hours.

    Attributes:
        case: whose.
        area: where.
        ground: why.
        hours: how long, from the approval on.
    """

    case: CaseHandle
    area: AreaCode
    ground: LiftGround
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """Phantoms do not stand in a case's way in an area.

    Attributes:
        case: whose.
        area: where.
        ground: why.
        region: whose coordinators lifted them.
        at: when.
        until: until when.
        change: that said so, 16 bytes.
        person: person id of who proposed it, in that region.
        second: person id of who approved it; this and the two before are empty in what
            an older snapshot kept.
    """

    case: CaseHandle
    area: AreaCode
    ground: LiftGround
    region: str
    at: Micros
    until: Micros
    change: bytes = b""
    person: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftKept:
    """In a snapshot only: a lift as it stands."""

    lift: Lift


HauntEvent = GroupSized | LiftKept
HauntAmendment = GroupSized | PhantomsLifted
