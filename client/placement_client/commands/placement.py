"""``placement placement``: move in, move on, end; and placements that stand already."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.registry_service_pb2 import PlacementEnding, StandingPlacement
from placement.api.v1.types_pb2 import Window
from placement.errors import (
    AccessDeniedError,
    ClosedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    TamperedError,
)
from placement_client.commands.deciding import Deed, decide
from placement_client.commands.hint_words import (
    CLOSED,
    NO_CASEWORKER,
    NOT_YOURS,
    PERHAPS_DONE,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.looking import reasoned
from placement_client.commands.options import Area, Case, area_code
from placement_client.commands.refusal_words import (
    unaborted,
    unended,
    unmoved,
    unmoved_in,
)
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, nouns, verb
from placement_client.commands.waiting import pending
from placement_client.credentials import user
from placement_client.days import parse_day
from placement_client.drafts import read_token
from placement_client.rendering import to_json

app = nouns(
    "Placements. Municipalities: move-in, move, end, abort. Coordinators: record, end."
)

_TO_ITSELF: Final = (
    "must be the hold of another place than the one that they leave; hold that place "
    "first: placement check --hold"
)
_ONE_AT_A_TIME: Final = "must be one; a municipality ends one placement at a time"
_RECORDING: Final[Hints] = {
    AccessDeniedError: (
        "Coordinators record what stands already. A municipality checks, holds and "
        "confirms: `placement check --hold`."
    ),
}
_REFUSED: Final[Hints] = {
    AccessDeniedError: NO_CASEWORKER,
    NotFoundError: NOT_YOURS,
    ClosedError: CLOSED,
}
_MOVING_IN: Final[Hints] = {
    **_REFUSED,
    TamperedError: PERHAPS_DONE,
    ConflictError: (
        "A household moves in once, into a place that is confirmed, and not before its "
        "first day or after its last. `placement case show` tells how it stands."
    ),
}
_MOVING: Final[Hints] = {
    **_REFUSED,
    TamperedError: PERHAPS_DONE,
    ConflictError: (
        "A household moves from a placement that stands to a hold of the same case that "
        "has not lapsed, and not before the first day of either; nobody of it may be "
        "placed in a third place in those days. `placement case show` tells how they "
        "stand."
    ),
}
_ENDING: Final[Hints] = {
    **_REFUSED,
    ConflictError: (
        "Only a placement that is confirmed and not over can be ended, and once. A hold "
        "is given up: `placement hold release`."
    ),
}
_ENDING_MANY: Final[Hints] = {
    NotFoundError: "One of them is no placement of a case of your region; none is ended.",
    ConflictError: "One of them is a hold or is over already; none is ended.",
}
_ABORTING: Final[Hints] = {
    **_REFUSED,
    ConflictError: (
        "Only a placement that is confirmed, and that nobody moved into, can be aborted. "
        "A hold is given up (`placement hold release`); where somebody has moved in, the "
        "placement is ended (`placement placement end`)."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Options of ``record``."""

    case: Case
    area: Area
    facility: Annotated[
        str, typer.Option(metavar="TOKEN", help="The facility, if one is meant.")
    ] = ""
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")]
    end: Annotated[
        str, typer.Option("--to", metavar="DATE", help="First day after; else open.")
    ] = ""


@verb(app, "record")
def record(run: Run, asked: Standing) -> Report:
    """Coordinators: record that a case's household lives in an area already."""
    window = Window(start_day=parse_day(asked.start, field="from", today=run.today))
    if asked.end:
        window.end_day = parse_day(asked.end, field="to", today=run.today)
    facility = read_token(asked.facility, field="facility") if asked.facility else b""
    standing = StandingPlacement(
        case_handle=read_token(asked.case, field="case_handle"),
        area=area_code(asked.area, "area"),
        facility=facility,
        window=window,
    )
    with hinted(_RECORDING):
        answer = run.session().registry.record_placements([standing])
    ids = ", ".join(each.hex() for each in answer.placement_ids)
    return Report(data=to_json(answer), shown=[f"Recorded placement {ids}."])


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which placement."""

    placement_id: Annotated[
        str, typer.Argument(metavar="PLACEMENT", help="Id of the placement.")
    ]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.placement_id, field="placement_id")


@verb(app, "move-in")
def move_in(run: Run, asked: Meant) -> Report:
    """Municipalities: say that the household moves in today, if it still may.

    The place is looked at again in the same step. If the answer is neither CLEAR nor
    covered by a release or a signed override, the move-in is not noted: do not let them
    move in, and phone.

    The exit code is 0 when they may move in. Else it tells the verdict: 3 UNKNOWN or
    REVIEW, 4 CONFLICT; or that the answer does not verify: 5, and it is not shown.
    """
    placement = asked.id
    deed = Deed(
        done="Moved in: the household is placed from today on.",
        then=f"When it moves out: placement placement end {placement.hex()} --on DATE",
        undone=(
            "Do not let them move in. The placement stands as it was, without the "
            "move-in."
        ),
        hints=_MOVING_IN,
        placement=placement,
        why=lambda stand: unmoved_in(stand, placement),
    )
    return decide(run, deed, lambda calls: calls.move_in(placement))


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """Where to."""

    hold_id: Annotated[
        str, typer.Option("--to", metavar="HOLD", help="Id of the hold to move to.")
    ]


@verb(app, "move")
def move(run: Run, asked: Meant, onward: Onward) -> Report:
    """Municipalities: move a household today to a place that is held for it.

    First hold the new place: placement check --hold. In one step that place is looked
    at again, the old placement ends and the new one begins, or everything stays as it
    was.

    The exit code is 0 when they may move. Else it tells the verdict: 3 UNKNOWN or
    REVIEW, 4 CONFLICT; or that the answer does not verify: 5, and it is not shown.
    """
    placement, hold = asked.id, read_token(onward.hold_id, field="hold_id")
    if placement == hold:
        raise InvalidInputError("hold_id", _TO_ITSELF)
    deed = Deed(
        done=f"Moved: the household is placed from today on (placement {hold.hex()}).",
        then=f"The placement before, {placement.hex()}, has ended.",
        undone=(
            "They do not move. The placement stands as it was, and the hold until it "
            "lapses; `placement case show` tells when."
        ),
        hints=_MOVING,
        placement=placement,
        why=lambda stand: unmoved(stand, placement, hold),
    )
    return decide(run, deed, lambda calls: calls.move(placement, hold))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Options of ``end``."""

    placement: Annotated[
        list[str],
        typer.Argument(
            metavar="PLACEMENT...",
            help="Ids of placements; for a municipality, of one.",
        ),
    ]
    on: Annotated[
        str, typer.Option(metavar="DATE", help="First day after; not after today.")
    ]


@verb(app, "end")
def end(run: Run, asked: Ended) -> Report:
    """Say that a household moved out.

    A municipality ends one placement of a case of its own. A coordinator ends those of
    cases of the own region, also several at once; a second coordinator must approve.
    """
    day = parse_day(asked.on, field="on", today=run.today)
    ids = [
        read_token(text, field=f"placement_ids[{place}]")
        for place, text in enumerate(asked.placement)
    ]
    who = user(run.profile())
    if who is not None and who.role == "coordinator":
        endings = [PlacementEnding(placement_id=each, valid_to_day=day) for each in ids]
        with hinted(_ENDING_MANY):
            registered = run.session().registry.end_placements(endings)
        return Report(data=to_json(registered), shown=pending(registered.change_id))
    if len(ids) > 1:
        raise InvalidInputError("placement_ids", _ONE_AT_A_TIME)
    key = ids[0]
    with reasoned(run, _ENDING, key, lambda stand: unended(stand, key)):
        answer = run.session().holds.end(key, day)
    return Report(data=to_json(answer), shown=["Ended."])


@verb(app, "abort")
def abort(run: Run, asked: Meant) -> Report:
    """Municipalities: say that nobody will move into a place that was confirmed."""
    key = asked.id
    with reasoned(run, _ABORTING, key, lambda stand: unaborted(stand, key)):
        answer = run.session().holds.abort(key)
    shown = ["Aborted. The place is kept for the household no longer."]
    return Report(data=to_json(answer), shown=shown)
