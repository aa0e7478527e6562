"""A small access log of the test's own: entries, checkpoints, proofs, all honest."""

import os
from typing import Any

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import log_service_pb2 as wire
from placement.audit import merkle, note
from placement.audit.checkpoint import Checkpoint
from placement.audit.details import Details, Matter, Outline, Sealed
from placement.audit.entry import Entry, render
from placement.audit.note import Signer, render_key
from placement.crypto.signing import SigningKey

ORIGIN = "placement.test/log"
AT = 1_781_517_600_000_000  # 2026-06-15T10:00Z
PSEUDONYM = bytes([0xCA]) * 16
DECISION = bytes([0xDE]) * 16
OUTLINE = Outline(
    case=PSEUDONYM,
    counties=("14", "01"),
    verdicts=(1, 3),
    decisions=(DECISION, bytes([0xDF]) * 16),
    objects=(bytes([1]) * 16, bytes([2]) * 16),
)


def entry(**fields: Any) -> Entry:
    """Return the entry of a check, with other fields where they are given."""
    given: dict[str, Any] = {
        "at": AT,
        "kind": "CONSULTATION",
        "action": "CHECK",
        "person": "cw-01",
        "organisation": "1480",
        "role": "caseworker",
        "certificate": bytes([3]) * 32,
        "purpose": "PLANNED",
        "outcome": "ANSWERED",
        "revision": 3,
        "ruleset": "2026-11-1",
        "rules": bytes([4]) * 32,
    }
    return Entry(**{**given, **fields})


def log_entry(index: int, outline: Outline = OUTLINE, **fields: Any) -> audit.LogEntry:
    """Return an entry as an auditor gets it: with its outline, without its matter."""
    details = Details(outline=outline, matter=Matter(reference="SN 7"))
    sealed = Sealed.of(details, os.urandom(64))
    return audit.LogEntry(
        index=index,
        entry=render(entry(details=sealed.commitment, **fields)),
        details=sealed.shown(matter=False),
    )


def idle_entry(index: int, outline: Outline | None = None) -> audit.LogEntry:
    """Return an entry that says that nothing happened, as the service writes it."""
    return log_entry(
        index,
        outline or Outline(),
        kind="ALTERATION",
        action="IDLE",
        person="service-0",
        organisation="service",
        role="service",
        certificate=bytes(32),
        purpose="",
    )


class AccessLog:
    """A log of some entries, of which the test keeps the keys.

    Attributes:
        entries: as an auditor gets them.
        log_key: the log's verifier key.
        witness_key: its witness's.
    """

    def __init__(self, size: int) -> None:
        self.entries = [log_entry(index) for index in range(size)]
        self._leaves = [merkle.leaf_hash(each.entry) for each in self.entries]
        self._log = Signer(ORIGIN, SigningKey(bytes([1]) * 32))
        self._witness = Signer("witness.test/a", SigningKey(bytes([2]) * 32), 1_781_517)
        self.log_key = render_key(self._log.public)
        self.witness_key = render_key(self._witness.public)

    def note(self, size: int, *, cosigned: bool = False, origin: str = ORIGIN) -> bytes:
        """Return the checkpoint of a size."""
        text = Checkpoint(origin, size, merkle.root(size, self._subtree)).text()
        signed = note.sign(text, self._log)
        return note.render(note.add(signed, self._witness) if cosigned else signed)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Prove that an entry stands there."""
        return merkle.inclusion_proof(index, size, self._subtree)

    def prove_inclusion(
        self, request: wire.ProveInclusionRequest
    ) -> wire.ProveInclusionResponse:
        """Answer as the service does."""
        return wire.ProveInclusionResponse(
            leaf_hash=self._leaves[request.index],
            hashes=self.inclusion(request.index, request.size),
        )

    def prove_consistency(
        self, request: wire.ProveConsistencyRequest
    ) -> wire.ProveConsistencyResponse:
        """Answer as the service does."""
        sizes = (request.old_size, request.new_size)
        return wire.ProveConsistencyResponse(
            hashes=merkle.consistency_proof(*sizes, self._subtree)
        )

    def _subtree(self, level: int, index: int) -> bytes:
        if not level:
            return self._leaves[index]
        halves = (self._subtree(level - 1, 2 * index + n) for n in range(2))
        return merkle.node_hash(*halves)
