"""What was acknowledged, held against what is stored."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from placement.audit import checkpoint, note
from placement.audit.entry import ANSWERED
from placement.audit.merkle import verify_consistency, verify_inclusion
from placement.audit.note import Signer, Verifier
from placement.crypto.signing import SigningKey, verify
from placement.domain.state import State
from placement.errors import PlacementError
from placement.service.fold import load
from placement.service.review import Review
from placement.service.selection import Found
from placement.store import fsck
from placement.store.ledger import Ledger
from placement.store.log import Store

KINDS = ("cases", "facts", "verdicts", "checkpoints")
FAULTS = ("lost", "unlogged", "doubled", "forked", "failed")


@dataclass(frozen=True, slots=True)
class Before:
    """What was stored before anybody was acknowledged anything.

    Attributes:
        leaves: how many entries.
        cases: their handles.
    """

    leaves: int = 0
    cases: frozenset[bytes] = frozenset()


NOTHING = Before()


def report(
    store: Store,
    folder: Path,
    kills: int,
    origin: str,
    *,
    before: Before = NOTHING,
    beside: str = "",
) -> int:
    """Compare what was acknowledged with what is stored.

    Args:
        store: with the log.
        folder: of the run.
        kills: how many there were.
        origin: of the log.
        before: what was there before the run.
        beside: what else to say in the last line.

    Returns:
        0 if everything is there, once.
    """
    key = Verifier(Signer(origin, SigningKey.open(folder / "log.key")).public, verify)
    with store.writing() as log:
        log.publish(Signer(origin, SigningKey.open(folder / "log.key")))
    head = fsck.verify(store, key, deeper=True)
    judge = Judge(store, key, before.leaves, head.leaves)
    text = (folder / "acknowledged.jsonl").read_text("utf-8")
    counts: Counter[str] = Counter()
    for line in map(json.loads, text.splitlines()):
        counts.update(judge.of(line))
    cases = judge.state.cases
    references = Counter(cases[key].reference for key in cases.keys() - before.cases)
    counts["doubled"] += sum(count > 1 for count in references.values())
    store.close()
    shown = {kind: counts[kind] for kind in KINDS}
    faults = {fault: counts[fault] for fault in FAULTS}
    print(
        f"{kills} kills; {head.revision} events, {head.leaves} entries verified;"
        f"{beside} acknowledged: {shown}; {faults}"
    )
    return 0 if all(shown.values()) and not any(faults.values()) else 1


class Judge:
    """Knows what is stored."""

    def __init__(self, store: Store, key: Verifier, first: int, size: int) -> None:
        self.state: State = load(store)[0]
        self._ledger = Ledger(store)
        self._key = key
        self._newest = self._opened(note.render(self._ledger.newest()))
        review = Review(store, lambda: None)
        self._found = {found.index: found for found in review.whole(first, size)}

    def of(self, line: dict[str, Any]) -> Iterator[str]:
        """Yield what a line counts as, and what is wrong with it."""
        match line:
            case {"failure": failure}:
                print(f"a caller gave up: {failure}")
                yield "failed"
            case {"case": handle, "reference": reference}:
                yield "cases"
                case = self.state.cases.get(bytes.fromhex(handle))
                if case is None or case.reference != reference:
                    yield "lost"
            case {"fact": fact}:
                yield "facts"
                if bytes.fromhex(fact) not in self.state.facts:
                    yield "lost"
            case {"note": content}:
                yield "checkpoints"
                if not self._is_of_this_log(content.encode()):
                    yield "forked"
            case _:
                yield "verdicts"
                found = self._found.get(line["leaf"])
                if found is None or not self._says(found, line):
                    yield "unlogged"

    def _says(self, found: Found, line: dict[str, Any]) -> bool:
        """Tell whether an entry says what was answered, and is proven to be there."""
        size, root = self._newest.size, self._newest.root
        proof = self._ledger.inclusion(found.index, size)
        verify_inclusion(proof.leaf, found.index, size, proof.hashes, root)
        outline = found.opened.outline if found.opened else None
        if outline is None or found.entry.outcome != ANSWERED:
            return False
        said = (tuple(line["verdicts"]), tuple(map(bytes.fromhex, line["decisions"])))
        return (outline.verdicts, outline.decisions) == said

    def _is_of_this_log(self, content: bytes) -> bool:
        """Tell whether a checkpoint begins the log as it is now."""
        newest = self._newest
        try:
            made = self._opened(content)
            proof = self._ledger.consistency(made.size, newest.size)
            verify_consistency(made.size, newest.size, made.root, newest.root, proof)
        except PlacementError:
            return False
        return True

    def _opened(self, content: bytes) -> checkpoint.Checkpoint:
        signed = note.parse(content)
        note.verify(signed, [self._key])
        return checkpoint.parse(signed.text)
