"""A log of receipts that also answers what is held, confirmed, moved in and moved."""

from dataclasses import replace
from typing import Any

from kit.receipted import HOURS_72, NOON, REVISION, RULESET, ReceiptedLog
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as wire
from placement.api.v1.types_pb2 import PlacementState, Verdict
from placement.audit.details import Details, Matter, Outline
from placement.audit.entry import Entry

HOLD, PLACED = bytes([0xB0]) * 16, bytes([0xA0]) * 16
CONTACT = "031-700 00 00"


def verdict(
    word: str = "CLEAR", *, decision: bytes = bytes(16), hold: bytes = bytes(16)
) -> check.CandidateVerdict:
    """Return a verdict of now, with every field set."""
    return check.CandidateVerdict(
        verdict=Verdict.Value(f"VERDICT_{word}"),
        decision_id=decision,
        valid_until=NOON + HOURS_72 * (word == "CLEAR"),
        hold_id=hold,
        hold_expires_at=NOON + HOURS_72 * any(hold),
    )


def answer(
    word: str = "CLEAR", state: str = "ACTIVE", *, decision: bytes = bytes(16)
) -> wire.PlacementAnswer:
    """Return what was decided about a placement now."""
    return wire.PlacementAnswer(
        verdict=verdict(word, decision=decision),
        state=PlacementState.Value(f"PLACEMENT_STATE_{state}"),
        revision=REVISION,
        decided_at=NOON,
    )


class HeldLog(ReceiptedLog):
    """Answers ``PlacementService`` and ``LogService``, and checks that hold.

    Attributes:
        state: where a placement is once it was decided about.
        hold: what a check holds, if it is asked to; all zero for nothing.
        changed: whether the entry names what is changed.
    """

    def __init__(self, certificate: bytes, **kwargs: Any) -> None:
        super().__init__(certificate, **kwargs)
        self.state = "ACTIVE"
        self.hold = bytes(16)
        self.changed = True

    def answers(self) -> dict[str, Any]:
        """Return the answers of every method that a municipality's client calls."""
        return super().answers() | {
            "CheckPlacement": self.checked,
            "ConfirmHold": self.confirm,
            "MoveIn": self.move_in,
            "MovePlacement": self.move,
        }

    def checked(self, request: Any) -> check.CheckPlacementResponse:
        """Answer a check, and name in its entry what it holds."""
        objects = (self.hold,) if any(self.hold) and self.changed else ()
        lie, self.on_details = self.on_details, _naming(self.on_details, objects)
        found = self.check(request)
        self.on_details = lie
        for each in found.verdicts:
            each.hold_id = self.hold
            each.hold_expires_at = NOON + HOURS_72 * any(self.hold)
        return found

    def confirm(self, request: Any) -> wire.ConfirmHoldResponse:
        """Answer what became of a hold."""
        given = self._decide("HOLD_CONFIRM", request, request.hold_id)
        return wire.ConfirmHoldResponse(**given)

    def move_in(self, request: Any) -> wire.MoveInResponse:
        """Answer whether a household moved in; it did where its entry says so."""
        given = self._decide("PLACEMENT_MOVE_IN", request, request.placement_id)
        return wire.MoveInResponse(**given, moved_in=self.changed)

    def move(self, request: Any) -> wire.MovePlacementResponse:
        """Answer whether a household moved on."""
        ids = (request.placement_id, request.hold_id)
        given = self._decide("PLACEMENT_MOVE", request, *ids)
        return wire.MovePlacementResponse(**given)

    def _decide(self, action: str, request: Any, *ids: bytes) -> dict[str, Any]:
        """Write an entry of an action, and return what all answers share."""
        index, decision = len(self.leaves), bytes([len(self.leaves)]) * 16
        told = answer(self.words[0], self.state, decision=decision)
        matter = Matter(
            case=bytes(range(16)),
            reference="SN 7",
            areas=("1480",),
            window="2026-06-15/",
            request=request.request_id,
            verdicts=(told.verdict.verdict,),
            decisions=(decision,),
            valid_until=(told.verdict.valid_until,),
            objects=ids if self.changed else (),
        )
        lie, self.on_entry = self.on_entry, _acting(self.on_entry, action)
        self._write(Details(outline=Outline(), matter=matter))
        self.on_entry = lie
        return {
            "answer": told,
            "ruleset": RULESET,
            "contact": CONTACT,
            "leaf_index": index,
        }


def _naming(hook: Any, objects: tuple[bytes, ...]) -> Any:
    """Return a hook that names objects, before another one alters the details."""

    def named(details: Details) -> Any:
        assert details.matter is not None
        return hook(replace(details, matter=replace(details.matter, objects=objects)))

    return named


def _acting(hook: Any, action: str) -> Any:
    """Return a hook that names an action, before another one alters the entry."""

    def named(entry: Entry) -> Any:
        return hook(replace(entry, action=action, purpose=""))

    return named
