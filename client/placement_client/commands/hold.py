"""``placement hold``: confirm, extend or give up a place that a check held."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.errors import (
    AccessDeniedError,
    ClosedError,
    ConflictError,
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
from placement_client.commands.hints import Hints
from placement_client.commands.looking import reasoned
from placement_client.commands.refusal_words import (
    unconfirmed,
    unextended,
    unreleased,
)
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import to_json

app = nouns("Municipalities: confirm, extend or give up a place that a check held.")

_REFUSED: Final[Hints] = {
    AccessDeniedError: NO_CASEWORKER,
    NotFoundError: NOT_YOURS,
    ClosedError: CLOSED,
}
_CONFIRMING: Final[Hints] = {
    **_REFUSED,
    TamperedError: PERHAPS_DONE,
    ConflictError: (
        "Only a hold that has not lapsed can be confirmed, and once; not while somebody "
        "of the household is placed elsewhere in those days (then `placement placement "
        "move`). `placement case show` tells how it stands; to hold the place again, "
        "`placement check --hold`."
    ),
}
_EXTENDING: Final[Hints] = {
    **_REFUSED,
    ConflictError: (
        "A hold is extended once, and only while it has not lapsed and is not "
        "confirmed. `placement case show` tells how it stands; to hold the place again, "
        "`placement check --hold`."
    ),
}
_RELEASING: Final[Hints] = {
    **_REFUSED,
    ConflictError: (
        "It is no hold any more: it lapsed, was given up, or is confirmed. Where nobody "
        "will move in after all, `placement placement abort`."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Which hold."""

    hold_id: Annotated[str, typer.Argument(metavar="HOLD", help="Id of the hold.")]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.hold_id, field="hold_id")


@verb(app, "confirm")
def confirm(run: Run, asked: Held) -> Report:
    """Turn a hold into a placement, if the place is still as safe as it has to be.

    The place is looked at again in the same step. If the answer is neither CLEAR nor
    covered by a release or a signed override, nothing is confirmed, and the hold stands
    until it lapses.

    The exit code is 0 when it is confirmed. Else it tells the verdict: 3 UNKNOWN or
    REVIEW, 4 CONFLICT; or that the answer does not verify: 5, and it is not shown.
    """
    hold = asked.id
    deed = Deed(
        done=f"Confirmed: the place is the household's (placement {hold.hex()}).",
        then=f"On the day that it moves in: placement placement move-in {hold.hex()}",
        undone=(
            "It is not confirmed. The hold stands until it lapses; `placement case show` "
            "tells when."
        ),
        hints=_CONFIRMING,
        placement=hold,
        why=lambda stand: unconfirmed(stand, hold),
    )
    return decide(run, deed, lambda calls: calls.confirm(hold))


@verb(app, "extend")
def extend(run: Run, asked: Held) -> Report:
    """Give a hold its whole time again, counted from now. This is done once."""
    hold = asked.id
    with reasoned(run, _EXTENDING, hold, lambda stand: unextended(stand, hold)):
        answer = run.session().holds.extend(hold)
    until = stockholm_time(answer.expires_at)
    return Report(
        data=to_json(answer),
        shown=[
            f"Extended: held until {until}. It can't be extended again.",
            f"Next, before then: placement hold confirm {hold.hex()}",
        ],
    )


@verb(app, "release")
def release(run: Run, asked: Held) -> Report:
    """Give a hold up, so that the place is free for others.

    A place that is confirmed is no hold any more: see placement placement abort.
    """
    hold = asked.id
    with reasoned(run, _RELEASING, hold, lambda stand: unreleased(stand, hold)):
        answer = run.session().holds.release(hold)
    shown = ["Given up. The place is kept for the case no longer."]
    return Report(data=to_json(answer), shown=shown)
