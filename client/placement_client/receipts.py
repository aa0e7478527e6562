"""Receipts: that what was answered stands in the access log, exactly so.

A check is answered with the index of its entry, and so is whatever else is answered
with a verdict: a hold's confirmation, a move-in, a move. The receipt is that entry with
its details, the proof that it stands at this index, and the checkpoint that the proof
leads to. All of it is verified here and nowhere else: by the pinned keys, against what
this client has seen of the log, and against the answer itself.

It takes the form of a tlog-proof, whose extra data are the entry and its details, each
behind its length in 4 bytes; how it is kept, ``kept`` says.

Invariants:
    * a receipt differs from what was answered in nothing, or it is refused;
    * what is asked for, and how often, is the same whatever the verdict.
"""

import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Self, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from placement.api.v1.log_service_pb2 import GetReceiptResponse
from placement.audit.checkpoint import Checkpoint
from placement.audit.details import Details, opened
from placement.audit.entry import ANSWERED, Entry, parse
from placement.audit.merkle import leaf_hash
from placement.audit.proof import Proof, verify
from placement.errors import NotFoundError, TamperedError
from placement_client.answered import CHECK, Answered
from placement_client.credentials import content, read_chain
from placement_client.logs import LogCalls
from placement_client.profile import Profile
from placement_client.trust import LogView

_LENGTH: Final = struct.Struct(">I")
_ERASED: Final = Details(outline=None, matter=None)

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that verified. Made by ``verified``.

    Attributes:
        proof: with the index, and the note.
        leaf: the leaf's hash, 32 bytes.
        entry: the entry.
        details: its matter, as far as it is shown; ``None`` once the law took it.
        checkpoint: out of the note.
    """

    proof: Proof
    leaf: bytes
    entry: Entry
    details: Details
    checkpoint: Checkpoint

    @classmethod
    def verified(cls, proof: Proof, checkpoint: Checkpoint) -> Self:
        """Open what a proof holds and verify it.

        Args:
            proof: nothing of it is trusted.
            checkpoint: out of its note, by a policy.

        Raises:
            TamperedError: the entry does not stand there, is none, or the details are
                not the ones it commits to.
        """
        entry, rest = _taken(proof.extra)
        details, rest = _taken(rest)
        if rest:
            raise TamperedError
        leaf = leaf_hash(entry)
        verify(proof, leaf, checkpoint)
        read = parse(entry)
        shown = opened(details, read.details) if details else _ERASED
        return cls(proof, leaf, read, shown, checkpoint)

    @property
    def decisions(self) -> tuple[bytes, ...]:
        """The ids of what was decided; none once the law took them."""
        matter = self.details.matter
        return matter.decisions if matter is not None else ()


def require_answer(receipt: Receipt, answered: Answered) -> None:
    """Refuse a receipt that does not say what was answered, all of it.

    Details that the law took say nothing, so they are refused too.

    Raises:
        TamperedError: anything differs, or can't be compared.
    """
    entry, matter = receipt.entry, receipt.details.matter
    if matter is None:
        raise TamperedError
    found = Answered(
        index=receipt.proof.index,
        request=matter.request,
        decisions=matter.decisions,
        verdicts=matter.verdicts,
        valid_until=matter.valid_until,
        areas=matter.areas,
        facilities=matter.facilities,
        window=matter.window,
        justification=entry.purpose,
        case=matter.case,
        revision=entry.revision,
        ruleset=entry.ruleset,
        decided_at=entry.at,
        certificate=entry.certificate,
        action=entry.action,
        objects=matter.objects,
    )
    if answered.action != CHECK:
        found = _as_decided(found)
    if (entry.outcome, found) != (ANSWERED, answered):
        raise TamperedError


def _as_decided(found: Answered) -> Answered:
    """Return what an entry says of a placement, as far as its answer says it.

    Raises:
        TamperedError: it is not about one place of one case.
    """
    if len(found.areas) != 1 or not found.case:
        raise TamperedError
    return replace(
        found,
        areas=(),
        facilities=(),
        window="",
        justification="",
        case=b"",
        objects=tuple(sorted(found.objects)),
    )


def fetch(
    logs: LogCalls,
    view: LogView,
    answered: Answered,
    *,
    pauses: Sequence[float] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> Receipt:
    """Get the receipt of an answer and verify it, all of it.

    Args:
        logs: where to ask.
        view: what this client has seen of the log; moved forward.
        answered: what the receipt has to say.
        pauses: seconds before each further try while there is none yet.
        sleep: what waits.

    Raises:
        NotFoundError: there is none that enough witnesses stand behind yet.
        TamperedError: it does not verify, or says anything else.
        PlacementError: the call failed.
    """
    return _patient(lambda: _fetch(logs, view, answered), pauses, sleep)


def require_logged(
    logs: LogCalls,
    view: LogView,
    answered: Answered,
    *,
    pauses: Sequence[float] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """See that an answer stands in the log, on the log's own word alone.

    For the time until enough witnesses have come by: a log that was put back, or that
    shows this client another history, is caught before anybody sees the answer.

    Args:
        logs: where to ask.
        view: what this client has seen of the log; it stays where it is.
        answered: what the receipt has to say.
        pauses: seconds before each further try while there is none yet.
        sleep: what waits.

    Raises:
        NotFoundError: there is no receipt yet.
        TamperedError: it does not verify, or says anything else.
        PlacementError: the call failed.
    """

    def look() -> None:
        answer = logs.receipt(answered.index, cosignatures=0)
        proof = _proof(answered.index, answer)
        checkpoint = view.policy.signed(proof.note)
        view.require(checkpoint, logs.consistency)
        require_answer(Receipt.verified(proof, checkpoint), answered)

    _patient(look, pauses, sleep)


def _patient(
    look: Callable[[], _Found],
    pauses: Sequence[float],
    sleep: Callable[[float], None],
) -> _Found:
    for pause in pauses:
        try:
            return look()
        except NotFoundError:
            sleep(pause)
    return look()


def _fetch(logs: LogCalls, view: LogView, answered: Answered) -> Receipt:
    policy = view.policy
    answer = logs.receipt(answered.index, cosignatures=policy.quorum)
    proof = _proof(answered.index, answer)
    # The order: who signed, whether enough did, one history, what was signed.
    policy.signed(proof.note)
    policy.require_enough(proof.note)
    checkpoint = view.advance(proof.note, logs.consistency)
    receipt = Receipt.verified(proof, checkpoint)
    require_answer(receipt, answered)
    return receipt


def _proof(index: int, answer: GetReceiptResponse) -> Proof:
    """Return what came as a proof of the index that was asked for."""
    parts = (answer.entry, answer.details)
    try:
        return Proof(
            index=index,
            hashes=tuple(answer.hashes),
            note=answer.note,
            extra=b"".join(_LENGTH.pack(len(part)) + part for part in parts),
        )
    except ValueError as error:
        raise TamperedError from error


def _taken(content: bytes) -> tuple[bytes, bytes]:
    """Part the first bytes, behind their length, from the rest."""
    if len(content) < _LENGTH.size:
        raise TamperedError
    end = _LENGTH.size + _LENGTH.unpack_from(content)[0]
    if len(content) < end:
        raise TamperedError
    return content[_LENGTH.size : end], content[end:]


def certificate_of(profile: Profile) -> bytes:
    """Return SHA-256 of a profile's own certificate in DER.

    Raises:
        InvalidInputError: it can't be read.
    """
    pem = content(profile.certificate, "certificate")
    return sha256(read_chain(pem, "certificate")[0].public_bytes(Encoding.DER)).digest()
