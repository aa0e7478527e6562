"""A signed log that gives checks and their receipts; each lie is a hook of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import grpc

from kit.signed_log import SignedLog
from kit.wire import refusal
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import log_service_pb2 as wire
from placement.api.v1.types_pb2 import Verdict
from placement.audit import note
from placement.audit.details import Details, Matter, Outline, Sealed
from placement.audit.entry import Entry, render
from placement.audit.merkle import inclusion_proof, leaf_hash
from placement.audit.note import Signer
from placement.crypto.signing import SigningKey

NOON = 1_781_517_600_000_000  # 2026-06-15T10:00Z
HOURS_72 = 72 * 3_600_000_000
RULESET = "2026-11-1"
RULES = bytes([11]) * 32
REVISION = 8

Hook = Callable[[Any], Any]


def witness(name: str) -> Signer:
    """Return a witness; its name seeds its key."""
    return Signer(name, SigningKey(name.encode().ljust(32, b".")[:32]), time=1_781_517)


def _facilities(request: Any) -> tuple[bytes, ...]:
    found = tuple(each.facility for each in request.candidates)
    return found if any(found) else ()


def _window(window: Any) -> str:
    days = [window.start_day, *([window.end_day] if window.HasField("end_day") else ())]
    first, *last = (date.fromordinal(719_163 + day).isoformat() for day in days)
    return f"{first}/{last[0] if last else ''}"


class ReceiptedLog(SignedLog):
    """Answers checks and ``LogService``.

    Args:
        certificate: SHA-256 of the certificate that asks.
        size: so many leaves of others stand before the first check.

    Attributes:
        words: the verdicts that checks get, in order.
        published: size of the newest checkpoint; ``None`` for all leaves.
        cosigned: whose cosignatures a checkpoint gets.
        on_entry, on_details, on_receipt: alter what is written, and what is sent.
    """

    def __init__(self, certificate: bytes, size: int = 3, **kwargs: Any) -> None:
        super().__init__(size, **kwargs)
        self.certificate = certificate
        self.words: Sequence[str] = ("CLEAR",)
        self.published: int | None = None
        self.cosigned: Sequence[Signer] = ()
        self.on_entry: Hook = lambda entry: entry
        self.on_details: Hook = lambda details: details
        self.on_receipt: Hook = lambda receipt: receipt
        self.held: dict[int, tuple[bytes, bytes]] = {}
        self.purpose = ""

    def note(self, size: int | None = None) -> bytes:
        """Return a checkpoint, signed and cosigned."""
        signed = note.parse(super().note(size))
        for each in self.cosigned:
            signed = note.add(signed, each)
        return note.render(signed)

    @property
    def size(self) -> int:
        """Of the newest checkpoint."""
        return len(self.leaves) if self.published is None else self.published

    def forked(self, at: int, size: int) -> "ReceiptedLog":
        """Return a log under the same key whose leaves differ from an index on."""
        other = ReceiptedLog(self.certificate, 0, origin=self.origin)
        other.key, other.held = self.key, self.held
        other.leaves = self.leaves[:at]
        other.grow(size - at, "another")
        return other

    def answers(self) -> dict[str, Any]:
        """Return the answers of every method that a client of receipts calls."""
        return {
            "CheckPlacement": self.check,
            "GetReceipt": self.receipt,
            "GetCheckpoint": self.newest,
            "ProveConsistency": self.consistency,
        }

    def check(self, request: Any) -> check.CheckPlacementResponse:
        """Answer a check, and write its entry."""
        index = len(self.leaves)
        decisions = tuple(
            bytes([index, n]) * 8 for n, _ in enumerate(request.candidates)
        )
        verdicts = tuple(Verdict.Value(f"VERDICT_{word}") for word in self.words)
        valid = tuple(NOON + HOURS_72 * (word == "CLEAR") for word in self.words)
        why = check.Justification.Name(request.justification)
        self.purpose = why.removeprefix("JUSTIFICATION_")
        self._write(
            Details(
                outline=Outline(verdicts=verdicts, decisions=decisions),
                matter=Matter(
                    case=request.case_handle,
                    reference="SN 7",
                    areas=tuple(each.area for each in request.candidates),
                    facilities=_facilities(request),
                    window=_window(request.window),
                    request=request.request_id,
                    verdicts=verdicts,
                    decisions=decisions,
                    valid_until=valid,
                ),
            )
        )
        answered = zip(verdicts, decisions, valid, strict=True)
        return check.CheckPlacementResponse(
            verdicts=[
                check.CandidateVerdict(verdict=v, decision_id=d, valid_until=u)
                for v, d, u in answered
            ],
            revision=REVISION,
            ruleset=RULESET,
            decided_at=NOON,
            contact="031-700 00 00",
            leaf_index=index,
        )

    def _write(self, details: Details) -> None:
        sealed = Sealed.of(self.on_details(details), bytes(64))
        entry = Entry(
            at=NOON,
            kind="DISCLOSURE",
            action="CHECK",
            person="cw-01",
            organisation="1480",
            role="caseworker",
            certificate=self.certificate,
            purpose=self.purpose,
            outcome="ANSWERED",
            revision=REVISION,
            ruleset=RULESET,
            rules=RULES,
            recipient="1480",
        )
        entry = self.on_entry(replace(entry, details=sealed.commitment))
        content = entry if isinstance(entry, bytes) else render(entry)
        self.held[len(self.leaves)] = (
            content,
            sealed.shown(outline=False, matter=True),
        )
        self.leaves.append(leaf_hash(content))

    def newest(self, request: Any) -> wire.GetCheckpointResponse:
        """Answer with the newest checkpoint, or that none is large enough yet."""
        if request.least_size > self.size:
            raise refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        return wire.GetCheckpointResponse(note=self.note(self.size))

    def receipt(self, request: Any) -> wire.GetReceiptResponse:
        """Answer with an entry and its proof, or that there is none yet."""
        enough = request.cosignatures <= len(self.cosigned)
        if request.index not in self.held or request.index >= self.size or not enough:
            raise refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        entry, details = self.held[request.index]
        found = wire.GetReceiptResponse(
            entry=entry,
            details=details,
            hashes=inclusion_proof(request.index, self.size, self.subtree),
            note=self.note(self.size),
        )
        return self.on_receipt(found)

    def consistency(self, request: Any) -> wire.ProveConsistencyResponse:
        """Answer with a proof, or that there is no such size."""
        if request.new_size > len(self.leaves):
            raise refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        hashes = self.prove(request.old_size, request.new_size)
        return wire.ProveConsistencyResponse(hashes=hashes)
