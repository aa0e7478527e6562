"""``placement receipt``: that what you were answered stands in the access log.

The objects of ``--json``:

* ``verify``: ``ok``, true when every step is; ``steps``, each with ``number``,
  ``level`` (ok; warning: can't be had yet; failure: does not verify), ``step`` (what
  was looked at) and ``text``;
* ``list``: ``receipts``, each with ``decisions``, ``decided_at``, ``areas``, ``leaf``
  (an index), ``case`` and ``reference`` (empty while it is not known), ``size`` (of the checkpoint, null while pending) and ``state`` (kept,
  pending, damaged); what a damaged one does not tell is null or empty;
* ``show``: see ``receipt_words.to_data``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from placement.api.v1.types_pb2 import Verdict
from placement.audit.checkpoint import require_follows
from placement.errors import InvalidInputError, NotFoundError, TamperedError
from placement_client.answered import Answered
from placement_client.commands.answer_words import MUST, ONLY_CLEAR
from placement_client.commands.finding_words import verdict_word
from placement_client.commands.receipt_words import lines, places, to_data
from placement_client.commands.report import Exit, Report, counted, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import iso_instant, stockholm_time
from placement_client.drafts import read_token
from placement_client.findings import Finding, Level, bad, doubtful, good
from placement_client.kept import Kept, Recheck, read_receipt
from placement_client.profile import load
from placement_client.receipts import Receipt, certificate_of

app = nouns("Verify that what you were answered stands in the access log.")

_NO_KEY: Final = (
    "is not pinned in this context, so there are no receipts; get it from the operator "
    "and add the context again with --log-key"
)
_NO_RECEIPT: Final = "has no receipt here; see placement receipt list"
_NO_FILE: Final = "is neither a decision's id, 32 hex digits, nor a file of a receipt"
STOP: Final = (
    "Stop: place nobody on this. Phone the coordinator, the auditors and the operator by "
    "numbers that you had before. Note the time and what is shown, and keep everything: "
    "the folder `log` beside the file of contexts proves it."
)
"""What to do when something does not verify (guide.md)."""
_PENDING: Final = "has no receipt yet; placement receipt verify will fetch it"


def kept_by(run: Run) -> Kept | None:
    """Return what the context of a run keeps of the log; nothing without a key.

    Raises:
        InvalidInputError: there is no such context.
    """
    contexts = load(run.path)
    name = run.common.context or contexts.current
    policy = contexts.profile(name).policy()
    return None if policy is None else Kept.of(run.path, name, policy)


def _kept(run: Run) -> Kept:
    kept = kept_by(run)
    if kept is None:
        raise InvalidInputError("log_key", _NO_KEY)
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Arguments of ``verify``."""

    decision: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DECISION|FILE...",
            help="Ids of decisions, or files of receipts; without any, everything.",
        ),
    ] = None


@verb(app, "verify")
def verify(run: Run, asked: Verified) -> Report:
    """Verify receipts, and fetch those that are pending.

    Each receipt is verified with the pinned keys, and held against the newest state of
    the log that you have seen. A file is verified without any connection.

    The exit code is 0 when everything verifies, 5 when anything does not, and 1 when
    something can't be had yet, or the service can't be reached.
    """
    findings = list(_steps(run, _kept(run), asked.decision or ()))
    levels = {each.level for each in findings}
    rows = [
        (number, each.level.value, each.step, each.sentence)
        for number, each in enumerate(findings, 1)
    ]
    keys = ("number", "level", "step", "text")
    return Report(
        data={
            "ok": levels <= {Level.OK},
            "steps": [dict(zip(keys, row, strict=True)) for row in rows],
        },
        shown=[
            table(("", "", "What", "Found"), rows),
            *([STOP] if Level.FAILURE in levels else []),
        ],
        code=_code(levels),
    )


def _code(levels: set[Level]) -> Exit:
    if Level.FAILURE in levels:
        return Exit.UNVERIFIED
    return Exit.ERROR if Level.WARNING in levels else Exit.CLEAR


class _Wanted(NamedTuple):
    """What shall be verified."""

    files: Sequence[Path]
    answers: Sequence[Answered]
    paths: Sequence[Path]


def _wanted(kept: Kept, words: Sequence[str]) -> _Wanted:
    """Tell files, pending answers and kept receipts apart.

    Raises:
        InvalidInputError: a word is none of them.
    """
    pending = kept.pending()
    if not words:
        return _Wanted((), pending, kept.paths())
    files, answers, paths = [], [], []
    for word in words:
        if Path(word).is_file():
            files.append(Path(word))
            continue
        decision = _decision(word, _NO_FILE)
        open_ones = [each for each in pending if decision in each.decisions]
        answers += open_ones
        if not open_ones:
            paths.append(kept.path(_found(kept, decision).decisions[0]))
    return _Wanted(files, answers, paths)


def _decision(word: str, phrase: str) -> bytes:
    try:
        return read_token(word, field="decision")
    except InvalidInputError as error:
        raise InvalidInputError("decision", phrase) from error


def _found(kept: Kept, decision: bytes) -> Receipt:
    try:
        return kept.find(decision)
    except NotFoundError as error:
        raise InvalidInputError("decision", _NO_RECEIPT) from error


def _steps(run: Run, kept: Kept, words: Sequence[str]) -> Iterator[Finding]:
    wanted = _wanted(kept, words)
    for path in wanted.files:
        yield _offline(kept, path)
    if words and not (wanted.answers or wanted.paths):
        return
    recheck = Recheck(kept.view, run.session().logs)
    yield _newest(recheck)
    certificate = certificate_of(run.profile())
    for answered in wanted.answers:
        yield _settled(kept, recheck, answered, certificate)
    for path in wanted.paths:
        yield _again(kept, recheck, path)


def _offline(kept: Kept, path: Path) -> Finding:
    """Verify a file with what is at hand."""
    policy = kept.view.policy
    step = str(path)
    try:
        receipt = read_receipt(path, policy.checkpoint)
        seen = kept.view.newest()
        if seen is not None and seen.size == receipt.checkpoint.size:
            require_follows(seen, receipt.checkpoint, ())
    except TamperedError as error:
        return bad(step, _told(error, "Does not verify."))
    witnesses = len(policy.cosigners(receipt.proof.note))
    signed = f"signed by the log and by {counted(witnesses, 'witness', 'witnesses')}"
    gone = "" if receipt.decisions else " Its details are erased."
    return good(step, f"{_place(receipt)}, {signed}.{gone}")


def _newest(recheck: Recheck) -> Finding:
    """Ask for the newest checkpoint."""
    step = "newest checkpoint"
    try:
        found = recheck.newest()
    except NotFoundError:
        return doubtful(step, "Not enough witnesses have cosigned one yet.")
    except TamperedError as error:
        return bad(step, _told(error, "Does not verify."))
    leaves = counted(found.size, "leaf", "leaves")
    return good(step, f"The log has {leaves}, and begins with all you saw of it.")


def _settled(
    kept: Kept, recheck: Recheck, answered: Answered, certificate: bytes
) -> Finding:
    """Fetch a receipt that is pending."""
    step = f"decision {answered.decisions[0].hex()}"
    try:
        receipt = kept.settle(recheck.logs, answered)
    except NotFoundError:
        return _missing(step, recheck, answered, certificate)
    except TamperedError as error:
        return bad(step, _told(error, "The log does not bear out what was answered."))
    return good(step, f"{_place(receipt)} says what was answered.")


def _missing(
    step: str, recheck: Recheck, answered: Answered, certificate: bytes
) -> Finding:
    """Tell an entry that is hidden from one that waits for a checkpoint."""
    # Under another certificate it may be somebody else's.
    if answered.certificate == certificate:
        try:
            recheck.require_shown(answered.index)
        except TamperedError as error:
            return bad(step, _told(error, "Its receipt is withheld."))
    return doubtful(step, "Its receipt can't be had yet.")


def _again(kept: Kept, recheck: Recheck, path: Path) -> Finding:
    """Hold a kept receipt against the newest checkpoint."""
    step = f"decision {path.stem}"
    try:
        receipt = kept.read(path)
        recheck.require(receipt.checkpoint)
    except TamperedError as error:
        return bad(step, _told(error, "Its receipt does not verify."))
    return good(step, f"{_place(receipt)}, as in all you saw of the log.")


def _place(receipt: Receipt) -> str:
    return f"Leaf {receipt.proof.index} of {receipt.checkpoint.size}"


def _told(error: TamperedError, sentence: str) -> str:
    return " ".join((sentence, *error.notes))


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the receipts that are kept, and the answers that still want one.

    The exit code is 5 when a receipt is damaged; placement receipt verify says more.
    """
    kept = _kept(run)
    rows = [*_pending_rows(kept), *_kept_rows(kept)]
    rows.sort(key=lambda row: (row.decided_at or 0, row.decisions))
    shown = [
        (
            " ".join(row.decisions),
            "-" if row.decided_at is None else stockholm_time(row.decided_at),
            row.reference or row.case or "-",
            " ".join(row.areas) or "-",
            "-" if row.leaf is None else row.leaf,
            row.state,
        )
        for row in rows
    ]
    damaged = any(row.state == _DAMAGED for row in rows)
    return Report(
        data={"receipts": [row.data() for row in rows]},
        shown=[
            table(("Decision", "Decided", "Case", "Areas", "Leaf", "Receipt"), shown),
            *([STOP] if damaged else []),
        ],
        code=Exit.UNVERIFIED if damaged else Exit.CLEAR,
    )


_DAMAGED: Final = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One answer; what a damaged receipt does not tell is empty."""

    decisions: tuple[str, ...]
    decided_at: int | None = None
    case: str = ""
    reference: str = ""
    areas: tuple[str, ...] = ()
    leaf: int | None = None
    size: int | None = None
    state: str

    def data(self) -> dict[str, object]:
        """Return the object of ``--json``."""
        at = None if self.decided_at is None else iso_instant(self.decided_at)
        return asdict(self) | {"decided_at": at}


def _pending_rows(kept: Kept) -> Iterator[_Row]:
    for each in kept.pending():
        yield _Row(
            decisions=tuple(one.hex() for one in each.decisions),
            decided_at=each.decided_at,
            case=each.case.hex(),
            areas=each.areas,
            leaf=each.index,
            state="pending",
        )


def _kept_rows(kept: Kept) -> Iterator[_Row]:
    for path in kept.paths():
        try:
            receipt = kept.read(path)
        except TamperedError:
            yield _Row(decisions=(path.stem,), state=_DAMAGED)
            continue
        matter = receipt.details.matter
        yield _Row(
            decisions=tuple(one.hex() for one in receipt.decisions),
            decided_at=receipt.entry.at,
            case=matter.case.hex() if matter else "",
            reference=matter.reference if matter else "",
            areas=matter.areas if matter else (),
            leaf=receipt.proof.index,
            size=receipt.checkpoint.size,
            state="kept",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Arguments of ``show``."""

    decision: Annotated[
        str, typer.Argument(metavar="DECISION", help="Id of a decision, 32 hex digits.")
    ]


@verb(app, "show")
def show(run: Run, asked: Shown) -> Report:
    """Show the receipt of a decision: what the access log says of it, and who signed."""
    kept = _kept(run)
    decision = read_token(asked.decision, field="decision")
    if any(decision in each.decisions for each in kept.pending()):
        raise InvalidInputError("decision", _PENDING)
    receipt = _found(kept, decision)
    cosigners = kept.view.policy.cosigners(receipt.proof.note)
    rows = map(_place_row, places(receipt, stockholm_time))
    headings = (
        *("Area", "Name", "Facility", "Verdict", "Means", "Valid until"),
        "Decision",
    )
    return Report(
        data=to_data(receipt, cosigners),
        shown=[
            table(("Receipt", ""), lines(receipt, cosigners)),
            table(headings, rows),
            ONLY_CLEAR,
        ],
    )


def _place_row(place: Mapping[str, str]) -> tuple[str, ...]:
    """Return a place as a row; what may not be relied on stands without a time."""
    clear = place["verdict"] == verdict_word(Verdict.VERDICT_CLEAR)
    means = {verdict_word(number): words for number, words in MUST.items()}
    return (
        *(place["area"], place["name"], place["facility"], place["verdict"]),
        means.get(place["verdict"], "-"),
        place["valid_until"] if clear else "-",
        place["decision_id"],
    )
