"""From what was found in the access log to the wire: for auditors, and for owners."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from placement.api.v1 import audit_service_pb2 as audit_wire
from placement.api.v1 import log_service_pb2 as log_wire
from placement.api.v1 import phantom_service_pb2 as phantom_wire
from placement.api.v1 import types_pb2 as wire
from placement.audit.note import Note
from placement.audit.note import render as rendered
from placement.domain.anomalies.seen import Anomaly
from placement.domain.decide.register import Register
from placement.domain.events import ChangeProposed
from placement.domain.haunt_events import Lift, PhantomsLifted
from placement.domain.permits import Permit
from placement.domain.terms import Verdict
from placement.rpc.render import VERDICTS
from placement.rpc.render_placements import GROUNDS
from placement.service.batch import Answer
from placement.service.replay import GroundFact, Progress, Reason, Replay, Replayed
from placement.service.review import owned, shown
from placement.service.search import Export, Exported, Listed
from placement.service.selection import Found
from placement.store.ledger import Inclusion

MAX_NOTES: Final = 128 * 1024
"""Bytes of checkpoints in one answer."""

_OUTCOMES: Final[Mapping[Replayed, audit_wire.ReplayOutcome.ValueType]] = {
    Replayed.EQUAL: audit_wire.REPLAY_OUTCOME_EQUAL,
    Replayed.DIFFERENT: audit_wire.REPLAY_OUTCOME_DIFFERENT,
    Replayed.ERASED: audit_wire.REPLAY_OUTCOME_ERASED,
    Replayed.NO_RULESET: audit_wire.REPLAY_OUTCOME_NO_RULESET,
}


def entry(found: Found) -> audit_wire.LogEntry:
    """Render an entry without what is kept from auditors."""
    return audit_wire.LogEntry(
        index=found.index, entry=found.content, details=shown(found)
    )


def listed(page: Listed) -> audit_wire.ListEntriesResponse:
    """Render a page."""
    return audit_wire.ListEntriesResponse(
        entries=map(entry, page.found), next_page_token=page.token, size=page.size
    )


def followed(page: Listed) -> audit_wire.TailEntriesResponse:
    """Render what was written since."""
    return audit_wire.TailEntriesResponse(
        entries=map(entry, page.found), resume_token=page.token
    )


def shown_entry(
    found: Found, proof: Inclusion, note: Note
) -> audit_wire.ShowEntryResponse:
    """Render one entry with its proof."""
    return audit_wire.ShowEntryResponse(
        entry=entry(found), hashes=proof.hashes, note=rendered(note)
    )


def checkpoints(found: Iterable[Note]) -> log_wire.ListCheckpointsResponse:
    """Render checkpoints, as many as one answer has room for; at least one."""
    contents = [rendered(note) for note in found]
    sizes = accumulate(len(content) for content in contents)
    fitting = sum(1 for size in sizes if size <= MAX_NOTES)
    return log_wire.ListCheckpointsResponse(notes=contents[: max(fitting, 1)])


def receipt(found: Found, proof: Inclusion, note: Note) -> log_wire.GetReceiptResponse:
    """Render an entry for whose call it was, with its matter."""
    return log_wire.GetReceiptResponse(
        entry=found.content,
        details=owned(found),
        hashes=proof.hashes,
        note=rendered(note),
    )


def export_head(export: Export) -> audit_wire.ExportEntriesResponse:
    """Render what an export begins with."""
    return audit_wire.ExportEntriesResponse(
        head=audit_wire.ExportHead(
            note=export.note,
            first=export.span.first,
            count=export.span.count,
            before=export.span.before,
        )
    )


def export_piece(piece: Sequence[Exported]) -> audit_wire.ExportEntriesResponse:
    """Render some leaves."""
    leaves = audit_wire.ExportLeaves(leaves=map(_leaf, piece))
    return audit_wire.ExportEntriesResponse(leaves=leaves)


def export_end(export: Export) -> audit_wire.ExportEntriesResponse:
    """Render what an export ends with."""
    after = (
        audit_wire.Subtree(level=level, hash=found)
        for level, found in export.span.after
    )
    return audit_wire.ExportEntriesResponse(end=audit_wire.ExportEnd(after=after))


def _leaf(leaf: Exported) -> audit_wire.ExportLeaf:
    if leaf.found is None:
        return audit_wire.ExportLeaf(leaf_hash=leaf.hash)
    return audit_wire.ExportLeaf(entry=leaf.found.content, details=shown(leaf.found))


def progress(come: Progress) -> audit_wire.Progress:
    """Render how far something has come."""
    return audit_wire.Progress(done=come.done, total=come.total)


def replayed(step: Progress | Replay) -> audit_wire.ReplayDecisionResponse:
    """Render how far a replay has come, or what it found."""
    if isinstance(step, Progress):
        return audit_wire.ReplayDecisionResponse(progress=progress(step))
    made = step.found.entry
    return audit_wire.ReplayDecisionResponse(
        replay=audit_wire.Replay(
            outcome=_OUTCOMES[step.outcome],
            index=step.found.index,
            revision=step.revision,
            ruleset=made.ruleset,
            decided_at=made.at,
            recorded=_verdict(step.recorded),
            replayed=_verdict(step.replayed),
            findings=map(_finding, step.reasons),
        )
    )


def _verdict(verdict: Verdict | None) -> "wire.Verdict.ValueType":
    return wire.VERDICT_UNSPECIFIED if verdict is None else VERDICTS[verdict]


def _finding(reason: Reason) -> audit_wire.ReplayFinding:
    return audit_wire.ReplayFinding(
        rule=reason.rule,
        verdict=VERDICTS[reason.verdict],
        facts=map(_fact, reason.facts),
    )


def _fact(fact: GroundFact) -> audit_wire.ReplayFact:
    return audit_wire.ReplayFact(fact_id=fact.id, kind=fact.kind, grade=fact.grade)


def anomaly(step: Progress | Anomaly) -> audit_wire.ReportAnomaliesResponse:
    """Render how far a search for misuse has come, or what it found."""
    if isinstance(step, Progress):
        return audit_wire.ReportAnomaliesResponse(progress=progress(step))
    return audit_wire.ReportAnomaliesResponse(
        anomaly=audit_wire.Anomaly(
            pattern=step.pattern,
            organisation=step.organisation,
            person=step.person,
            case=step.case,
            at=step.at,
            count=step.count,
            limit=step.limit,
            entries=step.entries,
        )
    )


def permits(
    answer: Answer, alias: Callable[[bytes], bytes]
) -> audit_wire.ListPermitsResponse:
    """Render the register of overrides, releases and lifts."""
    reply: Any = answer.reply
    register: Register = reply
    return audit_wire.ListPermitsResponse(
        permits=[_permit(each, alias(each.case)) for each in register.permits],
        more=register.more,
        lifts=[
            *(_lift(each, alias(each.case)) for each in register.lifts),
            *(
                _waiting(change, lifted, alias(lifted.case))
                for change, lifted in register.waiting
            ),
        ],
    )


def _lift(each: Lift, alias: bytes) -> audit_wire.Lift:
    return audit_wire.Lift(
        change_id=each.change,
        case_alias=alias,
        county=each.area[:2],
        ground=phantom_wire.LiftGround.ValueType(each.ground),
        proposed_by=f"{each.region}/{each.person}",
        signed_by=each.second,
        approved_at=each.at,
        ends_at=each.until,
    )


def _waiting(
    change: ChangeProposed, lifted: PhantomsLifted, alias: bytes
) -> audit_wire.Lift:
    return audit_wire.Lift(
        change_id=change.id,
        case_alias=alias,
        county=lifted.area[:2],
        ground=phantom_wire.LiftGround.ValueType(lifted.ground),
        proposed_by=f"{change.region}/{change.person}",
        ends_at=change.expires_at,
        waits=True,
    )


def _permit(each: Permit, alias: bytes) -> audit_wire.Permit:
    signed = f"{each.signed_by_organisation}/{each.signed_by}" if each.signed_by else ""
    return audit_wire.Permit(
        permit_id=each.id,
        override=not each.is_release,
        case_alias=alias,
        county=each.candidate.area[:2],
        verdict=VERDICTS[each.verdict],
        override_ground=GROUNDS[each.ground],
        proposed_by=f"{each.organisation}/{each.person}",
        signed_by=signed,
        proposed_at=each.proposed_at,
        follow_up_day=each.follow_up or 0,
        used=each.used,
        waits=not each.signed,
    )
