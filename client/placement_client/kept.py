"""What one context keeps of the access log: its view, receipts, and what is pending.

It lies beside the file of contexts, and holds what the person at this machine was told
anyway: cases by their handles, places and verdicts::

    log/NAME-KEYID.checkpoint                      the newest checkpoint seen
    log/NAME-KEYID/pending.json                    answers without a receipt yet
    log/NAME-KEYID/receipts/DECISION.tlog-proof    by an answer's first decision

Invariants:
    * an answer is on the list of what is pending before its receipt is asked for, and
      leaves it when the receipt is kept: no answer is ever forgotten;
    * what is damaged is an error, and never begun anew;
    * a receipt that is kept was verified, and is verified again whenever it is read.

The list, bytes as hex::

    {"pending": [{"index": 12, "request": "c4d1…", "decisions": ["0f3c…"],
      "verdicts": [1], "valid_until": [1781776800000000], "areas": ["1480"],
      "facilities": [], "window": "2026-12-01/",
      "justification": "PLANNED", "case": "77aa…", "revision": 8,
      "ruleset": "2026-11-1", "decided_at": 1781517600000000,
      "certificate": "9b02…", "action": "CHECK", "objects": []}]}

A row that was written before there were holds lacks the last two; it reads as if it had
them as they are here.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from placement.audit.checkpoint import Checkpoint
from placement.audit.proof import SUFFIX, parse, render
from placement.errors import NotFoundError, TamperedError
from placement_client.answered import CHECK, Answered
from placement_client.logs import LogCalls
from placement_client.receipts import Receipt, fetch
from placement_client.trust import LogView, Policy, keep, locked, read_kept

_MAX_NUMBER: Final = (1 << 64) - 1
_ADDED: Final[Mapping[str, object]] = MappingProxyType({"action": CHECK, "objects": []})
_NO_LIST: Final = "does not hold the list of answers without a receipt"
_NO_RECEIPT: Final = "does not hold a receipt of the pinned log"
_HIDDEN: Final = "The log has grown past the entry of the answer and does not show it."
_OTHER_RECEIPT: Final = "holds the receipt of another decision"


@dataclass(frozen=True, slots=True)
class Kept:
    """The receipts of one context, and the answers that still want one.

    Attributes:
        folder: where they lie.
        view: what was seen of the log.
    """

    folder: Path
    view: LogView

    @classmethod
    def of(cls, contexts: Path, name: str, policy: Policy) -> "Kept":
        """Return what a context keeps.

        Args:
            contexts: the file of contexts.
            name: the context's.
            policy: its policy.
        """
        folder = contexts.parent / "log" / f"{name}-{policy.log.key_id.hex()}"
        view = LogView(folder.with_name(f"{folder.name}.checkpoint"), policy)
        return cls(folder, view)

    @property
    def _list(self) -> Path:
        return self.folder / "pending.json"

    def require_sound(self) -> None:
        """See that a receipt could be verified and kept, before anything is asked.

        Raises:
            TamperedError: the view or the list is damaged.
            UnavailableError: they can't be read or written.
        """
        self.view.newest()
        with locked(self.folder):
            self._write(self.pending())

    def pending(self) -> tuple[Answered, ...]:
        """Return the answers without a receipt, the oldest first.

        Raises:
            TamperedError: the list is damaged.
            UnavailableError: it can't be read.
        """
        content = read_kept(self._list)
        if content is None:
            return ()
        try:
            return tuple(_answered(row) for row in json.loads(content)["pending"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise damaged(self._list, _NO_LIST) from error

    def postpone(self, answered: Answered) -> None:
        """Put an answer on the list.

        Raises:
            TamperedError: the list is damaged.
            UnavailableError: it can't be written.
        """
        with locked(self.folder):
            self._write((*self.pending(), answered))

    def settle(
        self, logs: LogCalls, answered: Answered, pauses: Iterable[float] = ()
    ) -> Receipt:
        """Fetch the receipt of an answer on the list, verify it, and keep it.

        Raises:
            NotFoundError: there is none yet; see ``receipts.fetch``.
            TamperedError: it does not verify.
            PlacementError: the call failed, or it can't be kept.
        """
        receipt = fetch(logs, self.view, answered, pauses=tuple(pauses))
        with locked(self.folder):
            keep(self.path(answered.decisions[0]), render(receipt.proof))
            self._write(each for each in self.pending() if each != answered)
        return receipt

    def path(self, decision: bytes) -> Path:
        """Return where the receipt of an answer lies, by its first decision."""
        return self.folder / "receipts" / f"{decision.hex()}{SUFFIX}"

    def paths(self) -> tuple[Path, ...]:
        """Return where every receipt lies, in the order of their names."""
        return tuple(sorted((self.folder / "receipts").glob(f"*{SUFFIX}")))

    def read(self, path: Path) -> Receipt:
        """Read a receipt that is kept; the log's own signature suffices.

        Raises:
            NotFoundError: there is none.
            TamperedError: it does not verify, or belongs under another name.
            UnavailableError: it can't be read.
        """
        receipt = read_receipt(path, self.view.policy.signed)
        if not receipt.decisions or self.path(receipt.decisions[0]).name != path.name:
            raise damaged(path, _OTHER_RECEIPT)
        return receipt

    def find(self, decision: bytes) -> Receipt:
        """Return the receipt of any decision of an answer.

        Raises:
            NotFoundError: none is kept.
            TamperedError: as ``read``.
            UnavailableError: as ``read``.
        """
        # Most answers have one decision, whose receipt has its name.
        for path in sorted(self.paths(), key=self.path(decision).__ne__):
            receipt = self.read(path)
            if decision in receipt.decisions:
                return receipt
        raise NotFoundError

    def _write(self, answers: Iterable[Answered]) -> None:
        rows = [_row(each) for each in answers]
        keep(self._list, json.dumps({"pending": rows}).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Recheck:
    """Holds checkpoints of kept receipts against the newest one, each size once.

    Attributes:
        view: what was seen of the log.
        logs: where proofs come from.
    """

    view: LogView
    logs: LogCalls
    _roots: dict[int, bytes] = field(default_factory=dict)

    def newest(self) -> Checkpoint:
        """Ask the log for its newest checkpoint, and move the view forward.

        Raises:
            NotFoundError: there is none that enough witnesses stand behind yet.
            TamperedError: it does not verify, or shows another history.
            PlacementError: the call failed.
        """
        policy = self.view.policy
        content = self.logs.checkpoint(cosignatures=policy.quorum)
        policy.require_enough(content)
        return self.view.advance(content, self.logs.consistency)

    def require_shown(self, index: int) -> None:
        """Refuse a log that has grown past an entry of the caller's and hides it.

        That it has grown, the log's own signature says; no witness is waited for.

        Raises:
            TamperedError: it does.
            PlacementError: the call failed.
        """
        # Before the entry is asked for: it may come in between the two.
        if not self._holds(index):
            return
        try:
            self.logs.receipt(index)
        except NotFoundError as error:
            raise TamperedError().because(_HIDDEN) from error

    def _holds(self, index: int) -> bool:
        """Tell whether the log ever signed that it holds an entry."""
        seen = self.view.newest()
        if seen is not None and seen.size > index:
            return True
        try:
            content = self.logs.checkpoint(least_size=index + 1)
        except NotFoundError:
            return False
        return self.view.policy.signed(content).size > index

    def require(self, found: Checkpoint) -> None:
        """Refuse a checkpoint that is not of the history that was seen.

        Raises:
            TamperedError: it is of another one.
            UnavailableError: no proof can be had now.
        """
        known = self._roots.get(found.size)
        if known is None:
            self.view.require(found, self.logs.consistency)
            self._roots[found.size] = found.root
        elif known != found.root:
            raise TamperedError


def read_receipt(path: Path, signed: Callable[[bytes], Checkpoint]) -> Receipt:
    """Read a receipt from a file and verify it, as far as it goes without the log.

    Args:
        path: the file.
        signed: the checkpoint in a note, by a policy.

    Raises:
        NotFoundError: there is no such file.
        TamperedError: it does not verify.
        UnavailableError: it can't be read.
    """
    content = read_kept(path)
    if content is None:
        raise NotFoundError
    try:
        proof = parse(content)
        return Receipt.verified(proof, signed(proof.note))
    except TamperedError as error:
        raise damaged(path, _NO_RECEIPT) from error


def damaged(path: Path, why: str) -> TamperedError:
    """Return the error of a file that is not what this client wrote."""
    return TamperedError().because(f"{path} {why}.")


def _plain(value: Any) -> Any:  # noqa: ANN401 (as JSON)
    """Write bytes as hex, and tuples as lists."""
    if isinstance(value, bytes):
        return value.hex()
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _row(answered: Answered) -> dict[str, object]:
    return {name: _plain(value) for name, value in asdict(answered).items()}


def _answered(row: Any) -> Answered:  # noqa: ANN401 (as JSON)
    """Read one row of the list.

    Raises:
        ValueError, TypeError, KeyError: it is not the one form of one.
    """
    row = {**_ADDED, **row}
    found = Answered(
        index=_number(row["index"]),
        request=bytes.fromhex(row["request"]),
        decisions=tuple(map(bytes.fromhex, row["decisions"])),
        verdicts=tuple(map(_number, row["verdicts"])),
        valid_until=tuple(map(_number, row["valid_until"])),
        areas=tuple(map(_text, row["areas"])),
        facilities=tuple(map(bytes.fromhex, row["facilities"])),
        window=_text(row["window"]),
        justification=_text(row["justification"]),
        case=bytes.fromhex(row["case"]),
        revision=_number(row["revision"]),
        ruleset=_text(row["ruleset"]),
        decided_at=_number(row["decided_at"]),
        certificate=bytes.fromhex(row["certificate"]),
        action=_text(row["action"]),
        objects=tuple(map(bytes.fromhex, row["objects"])),
    )
    if _row(found) != row or not found.decisions:
        raise ValueError("a row of another form")
    return found


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_NUMBER:
        raise ValueError("a number of 8 bytes")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value
