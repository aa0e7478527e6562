"""No answer is shown that the access log does not bear out.

Whatever is answered with a verdict goes through here: a check, a hold's confirmation, a
move-in, a move. Where the key of the log is pinned, the receipt is fetched, verified
and kept before anybody sees the answer; if it can't be had yet, that is written down.
"""

from dataclasses import dataclass
from typing import Final, Literal, Self

from placement.api.v1.check_service_pb2 import (
    CheckPlacementRequest,
    CheckPlacementResponse,
)
from placement.errors import (
    NotFoundError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement_client.answered import Answered, leaf_of
from placement_client.commands.receipt import STOP, kept_by
from placement_client.commands.verb import Run
from placement_client.holds import Decided
from placement_client.kept import Kept, Recheck
from placement_client.logs import LogCalls
from placement_client.receipts import Receipt, certificate_of, require_logged

PAUSES: Final = (0.5, 1.0)
"""Seconds to wait for the checkpoint that holds a new entry; the log makes one every
second."""

_NO_VERDICT: Final = (
    "The service gave a verdict, but the access log does not bear it out, so it is not "
    "shown. Do not place on this; phone instead."
)
_OLD: Final = (
    "The answer names a place in the access log that was taken before it was asked "
    "for, so it is the answer of another question, or the log was put back."
)


@dataclass(frozen=True, slots=True)
class Proven:
    """What became of the receipt, as ``--json`` has it.

    Attributes:
        leaf: index of the entry; ``None`` if the answer names none.
        size: of the checkpoint that it was verified in; else ``None``.
        state: verified; pending; or none, as no key of the log is pinned.
    """

    leaf: int | None
    size: int | None
    state: Literal["verified", "pending", "none"]

    def lines(self) -> list[str]:
        """Return the line for people."""
        match self.state:
            case "verified":
                return [f"Receipt verified: leaf {self.leaf} of {self.size}."]
            case "pending":
                return ["Receipt pending: placement receipt verify will fetch it."]
            case "none":
                return []


@dataclass(frozen=True, slots=True)
class Proving:
    """Holds an answer against the access log before anybody sees it.

    Attributes:
        kept: what this context keeps; ``None`` without a pinned key.
        certificate: SHA-256 of the certificate that asks.
        seen: leaves that the log was seen to have before the question.
    """

    kept: Kept | None
    certificate: bytes
    seen: int

    @classmethod
    def of(cls, run: Run) -> Self:
        """See that a receipt can be verified and kept before a question is spent.

        Raises:
            TamperedError: what is kept of the log is damaged.
            UnavailableError: it can't be read or written.
        """
        kept, seen = kept_by(run), None
        if kept is not None:
            kept.require_sound()
            seen = kept.view.newest()
        certificate = certificate_of(run.profile())
        return cls(kept, certificate, 0 if seen is None else seen.size)

    def prove_check(
        self,
        logs: LogCalls,
        question: CheckPlacementRequest,
        answer: CheckPlacementResponse,
    ) -> Proven:
        """Fetch a check's receipt, verify it, and keep it; or remember that it waits.

        Raises:
            TamperedError: it does not verify or is withheld, or the answer is an old
                one, so there is no verdict.
            PlacementError: it is refused, which is no reason to wait; or not even that
                it is pending can be written down.
        """
        leaf = leaf_of(answer)
        if self.kept is None:
            return Proven(leaf, None, "none")
        answered = Answered.of(question, answer, certificate=self.certificate)
        return self._prove(self.kept, logs, answered)

    def prove_decided(self, logs: LogCalls, decided: Decided) -> Proven:
        """Do the same for what was decided about a placement.

        Raises:
            PlacementError: as ``prove_check``.
        """
        if self.kept is None:
            return Proven(decided.leaf, None, "none")
        answered = Answered.of_decided(decided, certificate=self.certificate)
        return self._prove(self.kept, logs, answered)

    def _prove(self, kept: Kept, logs: LogCalls, answered: Answered) -> Proven:
        kept.postpone(answered)
        try:
            self._require_new(answered)
            receipt = _settled(kept, logs, answered)
        except (NotFoundError, UnavailableError):
            return Proven(answered.index, None, "pending")
        except PlacementError as error:  # nobody honest refuses one's own receipt
            error.because(_NO_VERDICT, STOP)
            raise
        return Proven(answered.index, receipt.checkpoint.size, "verified")

    def _require_new(self, answered: Answered) -> None:
        """Refuse an answer whose place in the log was taken before the question."""
        if answered.index < self.seen:
            raise TamperedError().because(_OLD)


def _settled(kept: Kept, logs: LogCalls, answered: Answered) -> Receipt:
    """Fetch and keep a receipt; see before that the log does not hide the entry."""
    quorum = kept.view.policy.quorum
    try:
        # A witness comes by when it does; the log's own checkpoint is soon there.
        if not quorum:
            return kept.settle(logs, answered, PAUSES)
        require_logged(logs, kept.view, answered, pauses=PAUSES)
    except NotFoundError:
        Recheck(kept.view, logs).require_shown(answered.index)
        raise
    return kept.settle(logs, answered)
