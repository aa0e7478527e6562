"""What a bundle proves, step by step, with no network and nothing but the file.

Invariants:
    * every step is told, in the same order, whatever became of those before it;
    * a key out of the bundle itself never counts as one that somebody pinned;
    * memory does not grow with the number of entries.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from placement.audit.checkpoint import Checkpoint
from placement.audit.merkle import Frontier
from placement.audit.note import render_key
from placement.audit.span import close, follow
from placement.crypto.documents import verify
from placement.errors import TamperedError
from placement_client.archive import Member
from placement_client.bundle import Bundle, Listed
from placement_client.bundle_writing import EVERY, Told
from placement_client.credentials import holder, signed_by
from placement_client.filters import read_written
from placement_client.frames import Transcript, read
from placement_client.matching import Asked
from placement_client.steps import Result, Step, tried
from placement_client.trust import Policy

STEPS: Final = (
    *("form", "signature", "certificate", "hashes"),
    *("log key", "checkpoint", "witnesses", "place in the log"),
    *("entries", "times", "readable lines", "filter"),
)
"""What is looked at, in order."""

_FORM, _SIGNATURE, _CERTIFICATE, _HASHES, *_REST = STEPS
_LOG_KEY, _CHECKPOINT, _WITNESSES, _PLACE, *_READ = _REST
_ENTRIES, _TIMES, _LINES, _FILTER = _READ

_GONE: Final = (
    "Those of a case that was erased are gone for good, and an ERASURE entry says who "
    "approved that; of any others ask the operator what became of them."
)


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the reader brings along.

    Attributes:
        policy: pinned keys of log and witnesses; ``None`` for none.
        authorities: one of them must have issued the exporter's certificate; nobody in
            particular if there are none.
        known: one of them may have.
    """

    policy: Policy | None = None
    authorities: Sequence[x509.Certificate] = ()
    known: Sequence[x509.Certificate] = ()


class Examination:
    """Looks at one bundle.

    Args:
        file: the whole of it.
        trusted: what the reader brings along.
        told: learns how far it has come.

    Attributes:
        bundle: what was found; ``None`` before the first step, and if that failed.
    """

    def __init__(self, file: BinaryIO, trusted: Trusted, *, told: Told) -> None:
        self.bundle: Bundle | None = None
        self._file = file
        self._trusted = trusted
        self._told = told

    def steps(self) -> Iterator[Step]:
        """Yield every step."""
        form = tried(_FORM, self._form, "This is not a bundle, or it was changed.")
        yield form
        bundle = self.bundle
        if bundle is None:
            for name in STEPS[1:]:
                yield Step(name, Result.SKIPPED, "There is no bundle to look at.")
            return
        yield from _exporter(bundle, self._trusted)
        measured: dict[str, Member] = {}
        yield tried(_HASHES, lambda: _hashes(bundle, measured), "")
        log = _Log(bundle, self._trusted.policy)
        yield from log.steps()
        reading = _Reading(bundle, self._told)
        yield from reading.steps(log.checkpoint, measured.get("entries.jsonl"))

    def _form(self) -> str:
        self.bundle = Bundle.open(self._file)
        return "The file has the one form of a bundle."


# Who exported


def _exporter(bundle: Bundle, trusted: Trusted) -> Iterator[Step]:
    """Look at the manifest's signature and the certificate behind it."""
    found: list[x509.Certificate] = []

    def look() -> str:
        found.append(verify(bundle.signed, bundle.certificate, bundle.signature))
        return _exported(bundle, found[0])

    yield tried(_SIGNATURE, look, "The manifest is not signed by the certificate.")
    if not found:
        yield Step(_CERTIFICATE, Result.SKIPPED, "Nobody's signature was found.")
        return
    issuers = (*trusted.authorities, *trusted.known)
    if any(signed_by(found[0], each) for each in issuers):
        yield Step(_CERTIFICATE, Result.OK, "A trusted authority issued it.")
    elif trusted.authorities:
        reason = "None of the authorities at hand issued the certificate."
        yield Step(_CERTIFICATE, Result.FAILED, reason)
    else:
        mark = found[0].fingerprint(hashes.SHA256()).hex()
        reason = f"No authority at hand issued it; ask them whether this is it: {mark}"
        yield Step(_CERTIFICATE, Result.SKIPPED, reason)


def _exported(bundle: Bundle, certificate: x509.Certificate) -> str:
    """Hold what the manifest says of the exporter against the certificate."""
    manifest = bundle.manifest
    who = manifest.exporter
    if holder(certificate) != who:
        raise TamperedError().because(
            "The certificate names another person than the manifest."
        )
    at = datetime.fromtimestamp(manifest.exported_at / 1_000_000, UTC)
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise TamperedError().because(
            "The certificate was not valid when the bundle was exported."
        )
    return (
        f"{who.role} {who.organisation}/{who.person} exported it on {at:%Y-%m-%d} "
        f"for {manifest.purpose}, matter {manifest.matter}."
    )


def _hashes(bundle: Bundle, measured: dict[str, Member]) -> str:
    """Hold every member against the manifest."""
    for name, listed in bundle.manifest.members.items():
        try:
            measured[name] = bundle.archive.measured(name)
        except TamperedError as error:
            raise TamperedError().because(
                f"{name} can't be read to its end."
            ) from error
        if Listed.of(measured[name]) != listed:
            raise TamperedError().because(f"{name} is not what the manifest says.")
    return f"{len(measured)} members are what the manifest says."


# Which log


class _Log:
    """Looks at whose log it is.

    Attributes:
        checkpoint: the one that was verified; ``None`` if none was.
    """

    def __init__(self, bundle: Bundle, pinned: Policy | None) -> None:
        self.checkpoint: Checkpoint | None = None
        self._bundle = bundle
        self._pinned = pinned
        self._policy = pinned or bundle.policy

    def steps(self) -> Iterator[Step]:
        """Yield the steps from the log's key to its witnesses."""
        yield self._key()
        refusal = "The log's key did not sign the checkpoint."
        yield tried(_CHECKPOINT, self._signed, refusal)
        yield self._witnesses()

    def _key(self) -> Step:
        own = self._bundle.policy.log
        if self._pinned is None:
            reason = f"The key is the bundle's own; compare it by another way: {render_key(own)}"
            return Step(_LOG_KEY, Result.WARNING, reason)
        if self._pinned.log != own:
            reason = "The bundle names another key than the one that is pinned."
            return Step(_LOG_KEY, Result.FAILED, reason)
        return Step(_LOG_KEY, Result.OK, "The key is the one that is pinned.")

    def _signed(self) -> str:
        found = self._policy.signed(self._bundle.note)
        manifest = self._bundle.manifest
        if (found.origin, found.size) != (manifest.origin, manifest.size):
            raise TamperedError().because(
                "The manifest speaks of another log, or another size of it."
            )
        self.checkpoint = found
        return f"{found.origin} signed it, with {found.size} entries."

    def _witnesses(self) -> Step:
        if self.checkpoint is None:
            reason = "There is no checkpoint that they could have cosigned."
            return Step(_WITNESSES, Result.SKIPPED, reason)
        if not self._policy.quorum:
            reason = "No witness is demanded; say which with --witness and --quorum."
            return Step(_WITNESSES, Result.SKIPPED, reason)
        step = tried(_WITNESSES, self._cosigned, "A witness's signature is forged.")
        if step.result is Result.OK and self._pinned is None:
            reason = f"{step.sentence} Their keys are the bundle's own."
            return Step(_WITNESSES, Result.WARNING, reason)
        return step

    def _cosigned(self) -> str:
        names = self._policy.cosigners(self._bundle.note)
        told = f"{len(names)} cosigned it and {self._policy.quorum} must have"
        if len(names) < self._policy.quorum:
            raise TamperedError().because(f"{told}.")
        return f"{told}: {', '.join(names)}."


# What the entries say


class _Reading:
    """Reads every leaf once."""

    def __init__(self, bundle: Bundle, told: Told) -> None:
        self._bundle = bundle
        self._span = bundle.span
        self._told = told
        self._asked = Asked(read_written(bundle.manifest.filter))
        self._transcript = Transcript(bundle.span.first, self._asked)
        self._lines = sha256()

    def steps(
        self, checkpoint: Checkpoint | None, lines: Member | None
    ) -> Iterator[Step]:
        """Yield the steps about entries.

        Args:
            checkpoint: that they have to lead to, if there is one.
            lines: what is known of ``entries.jsonl``, if it could be read.
        """
        try:
            edge = self._edge()
        except TamperedError:
            edge = None
        yield self._place(edge, checkpoint)
        if self._transcript.index != self._span.first + self._span.count:
            reason = "entries.bin does not hold as many entries as it should."
            yield Step(_ENTRIES, Result.FAILED, reason)
            for name in (_TIMES, _LINES, _FILTER):
                yield Step(name, Result.SKIPPED, "Not all entries could be read.")
            return
        yield self._entries()
        yield tried(_TIMES, self._times, "")
        if lines is not None and lines.sha256 == self._lines.digest():
            sentence = "entries.jsonl says what the entries say."
            yield Step(_LINES, Result.OK, sentence)
        else:
            sentence = "entries.jsonl does not say what the entries say."
            yield Step(_LINES, Result.FAILED, sentence)
        yield tried(_FILTER, self._filtered, "")

    def _edge(self) -> Frontier:
        span = self._span
        return follow(span.first, span.before, span.count, self._hashes())

    def _hashes(self) -> Iterator[bytes]:
        line, update = self._transcript.line, self._lines.update
        leaves = read(self._bundle.archive.stream("entries.bin"))
        for done, leaf in enumerate(leaves, 1):
            found = leaf.hash
            update(line(leaf, found))
            if not done % EVERY or done == self._span.count:
                self._told(done, self._span.count)
            yield found

    def _place(self, edge: Frontier | None, checkpoint: Checkpoint | None) -> Step:
        if checkpoint is None:
            reason = "There is no checkpoint that the entries could lead to."
            return Step(_PLACE, Result.SKIPPED, reason)

        def look() -> str:
            if edge is None:
                raise TamperedError
            close(edge, self._span.after, checkpoint.size, checkpoint.root)
            return (
                f"{_range(self._span.first, self._span.count)} lead to the checkpoint."
            )

        return tried(_PLACE, look, "The entries do not lead to the checkpoint.")

    def _entries(self) -> Step:
        found = self._transcript
        if found.unreadable is not None:
            reason = (
                f"Entry {found.unreadable} can't be read, or its details are not its "
                "own."
            )
            return Step(_ENTRIES, Result.FAILED, reason)
        hidden = self._span.count - found.shown
        told = f"{found.shown} are shown, {hidden} are hidden."
        if not found.erased:
            return Step(_ENTRIES, Result.OK, told)
        reason = f"{told} {found.erased} of the shown have no details. {_GONE}"
        return Step(_ENTRIES, Result.WARNING, reason)

    def _times(self) -> str:
        if self._transcript.backwards is not None:
            raise TamperedError().because(
                f"Entry {self._transcript.backwards} is older than one before it."
            )
        return "No entry is older than one before it."

    def _filtered(self) -> str:
        """Hold what is shown against what was asked for, as the manifest says it."""
        found, manifest = self._transcript, self._bundle.manifest
        try:
            self._asked.require_span(self._span.first, self._span.count, manifest.size)
        except TamperedError as error:
            reason = "The entries begin or end elsewhere than was asked for."
            raise TamperedError().because(reason) from error
        if found.unasked is not None:
            raise TamperedError().because(
                f"Entry {found.unasked} is shown, but was not asked for."
            )
        if found.withheld is not None:
            raise TamperedError().because(
                f"Entry {found.withheld} is hidden, but was asked for."
            )
        words = " ".join(f"{name}={word}" for name, word in manifest.filter.items())
        return f"What is shown fits what was asked for: {words or 'everything'}."


def _range(first: int, count: int) -> str:
    """Say which entries."""
    return f"Entries {first} to {first + count - 1}" if count else "No entries"
