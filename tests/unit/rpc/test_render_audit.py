"""From what was found in the access log to the wire: to auditors never the matter."""

import pytest
from kit.access_log import DECISION, OUTLINE, entry
from kit.steps import list_permits
from kit.world import NOW, TODAY, token

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import log_service_pb2 as log
from placement.api.v1 import phantom_service_pb2 as phantom
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import types_pb2 as wire
from placement.audit import details, merkle, note
from placement.audit.details import Details, Matter, Sealed
from placement.audit.entry import render as written
from placement.audit.note import Note, Signer
from placement.audit.span import Span
from placement.crypto.signing import SigningKey
from placement.domain.anomalies.seen import Anomaly
from placement.domain.decide.register import Register
from placement.domain.events import ChangeProposed
from placement.domain.haunt_events import Lift, PhantomsLifted
from placement.domain.permits import Permit
from placement.domain.questions import Candidate
from placement.domain.terms import LiftGround, PermitGround, Verdict, Window
from placement.rpc import render_audit as render
from placement.service.batch import Answer
from placement.service.replay import GroundFact, Progress, Reason, Replay, Replayed
from placement.service.search import Export, Exported, Listed
from placement.service.selection import Found
from placement.store.ledger import Inclusion

MATTER = Matter(
    case=token("HANDLE"),
    reference="SN SECRET 1",
    areas=("2480", "0180"),
    facilities=(token("HOUSE"), b""),
    window="2026-06-01/",
    tokens=(token("GROUP"),),
)
SECRETS = (MATTER.case, b"SN SECRET 1", b"2480", token("HOUSE"), token("GROUP"))
SEALED = Sealed.of(Details(outline=OUTLINE, matter=MATTER), bytes(range(64)))
ENTRY = entry(details=SEALED.commitment)
CONTENT = written(ENTRY)
FOUND = Found(7, CONTENT, ENTRY, SEALED.shown(matter=True))
ERASED = Found(8, CONTENT, ENTRY, None)
HASHES = (b"a" * 32, b"b" * 32)
NOTE: Note = note.sign("a\n1\nb\n", Signer("a", SigningKey(bytes(32))))
RENDERED = note.render(NOTE)
SHOWN = audit.LogEntry(index=7, entry=CONTENT, details=SEALED.shown(matter=False))
TAKEN = audit.LogEntry(index=8, entry=CONTENT)


def test_an_entry():
    """Its bytes as they stand in the log, and the outline of its details."""
    got = render.entry(FOUND)
    opened = details.opened(got.details, ENTRY.details)

    assert got == SHOWN
    assert (opened.outline, opened.matter) == (OUTLINE, None)


def test_an_entry_whose_details_the_law_took():
    """Nothing stands in their place; the entry is what it was."""
    assert render.entry(ERASED) == TAKEN


def test_pages():
    """In order, with what leads on."""
    page = Listed(found=(FOUND, ERASED), token=b"on", size=9, last=False)

    assert render.listed(page) == audit.ListEntriesResponse(
        entries=[SHOWN, TAKEN], next_page_token=b"on", size=9
    )
    assert render.followed(page) == audit.TailEntriesResponse(
        entries=[SHOWN, TAKEN], resume_token=b"on"
    )


def test_an_entry_with_its_proof():
    """The proof and the checkpoint that it leads to."""
    proof = Inclusion(merkle.leaf_hash(CONTENT), HASHES)

    assert render.shown_entry(FOUND, proof, NOTE) == audit.ShowEntryResponse(
        entry=SHOWN, hashes=HASHES, note=RENDERED
    )


def test_a_receipt():
    """Whose call it was gets the matter, and nothing that joins two cases."""
    got = render.receipt(FOUND, Inclusion(b"", HASHES), NOTE)
    opened = details.opened(got.details, ENTRY.details)

    assert got == log.GetReceiptResponse(
        entry=CONTENT,
        details=SEALED.shown(outline=False, matter=True),
        hashes=HASHES,
        note=RENDERED,
    )
    assert (opened.outline, opened.matter) == (None, MATTER)


def test_an_export():
    """A head, leaves whole or as hashes, an end."""
    leaves = [Exported(b"x" * 32, None), Exported(b"y" * 32, FOUND)]
    span = Span(first=6, before=HASHES, count=2, after=((0, b"c" * 32), (3, b"d" * 32)))
    export = Export(RENDERED, span, iter([leaves]))

    assert render.export_head(export).head == audit.ExportHead(
        note=RENDERED, first=6, count=2, before=HASHES
    )
    assert render.export_piece(leaves).leaves == audit.ExportLeaves(
        leaves=[
            audit.ExportLeaf(leaf_hash=b"x" * 32),
            audit.ExportLeaf(entry=CONTENT, details=SHOWN.details),
        ]
    )
    assert render.export_end(export).end == audit.ExportEnd(
        after=[
            audit.Subtree(level=0, hash=b"c" * 32),
            audit.Subtree(level=3, hash=b"d" * 32),
        ]
    )


@pytest.mark.parametrize(
    "form",
    [
        lambda: render.listed(Listed(found=(FOUND,), token=b"", size=9, last=False)),
        lambda: render.followed(Listed(found=(FOUND,), token=b"", size=9, last=False)),
        lambda: render.shown_entry(FOUND, Inclusion(b"", ()), NOTE),
        lambda: render.export_piece([Exported(b"x" * 32, FOUND)]),
        lambda: render.replayed(
            Replay(outcome=Replayed.EQUAL, found=FOUND, revision=3)
        ),
    ],
    ids=["listed", "followed", "shown", "exported", "replayed"],
)
def test_no_auditor_sees_the_matter(form):
    """Neither case nor reference, neither area nor house nor group."""
    content = form().SerializeToString()

    assert [secret for secret in SECRETS if secret in content] == []


def test_how_far_something_has_come():
    """The same of a replay and of a search for misuse."""
    step = audit.Progress(done=3, total=9)

    assert render.replayed(Progress(3, 9)).progress == step
    assert render.anomaly(Progress(3, 9)).progress == step


@pytest.mark.parametrize("outcome", Replayed)
def test_every_outcome_of_a_replay_has_its_name(outcome):
    """Ours and the wire's are never crossed."""
    got = render.replayed(Replay(outcome=outcome, found=FOUND, revision=3)).replay

    assert audit.ReplayOutcome.Name(got.outcome) == f"REPLAY_OUTCOME_{outcome.name}"


def test_a_replay():
    """Rule ids, grades and fact ids, and no token."""
    fact = GroundFact(id=token("fact"), kind="rivalry", grade="STRONG")
    place = GroundFact(id=token("place"), kind="placement", grade="")
    got = render.replayed(
        Replay(
            outcome=Replayed.DIFFERENT,
            found=FOUND,
            revision=3,
            recorded=Verdict.CLEAR,
            replayed=Verdict.CONFLICT,
            reasons=(
                Reason(rule="R2", verdict=Verdict.CONFLICT, facts=(fact, place)),
                Reason(rule="R9", verdict=Verdict.REVIEW, facts=()),
            ),
        )
    )

    assert got.replay == audit.Replay(
        outcome=audit.REPLAY_OUTCOME_DIFFERENT,
        index=7,
        revision=3,
        ruleset=ENTRY.ruleset,
        decided_at=ENTRY.at,
        recorded=wire.VERDICT_CLEAR,
        replayed=wire.VERDICT_CONFLICT,
        findings=[
            audit.ReplayFinding(
                rule="R2",
                verdict=wire.VERDICT_CONFLICT,
                facts=[
                    audit.ReplayFact(
                        fact_id=token("fact"), kind="rivalry", grade="STRONG"
                    ),
                    audit.ReplayFact(fact_id=token("place"), kind="placement"),
                ],
            ),
            audit.ReplayFinding(rule="R9", verdict=wire.VERDICT_REVIEW),
        ],
    )


def test_a_replay_of_nothing():
    """Unset verdicts are unspecified."""
    got = render.replayed(Replay(outcome=Replayed.ERASED, found=ERASED, revision=3))

    assert (got.replay.recorded, got.replay.replayed) == (0, 0)
    assert (got.replay.index, list(got.replay.findings)) == (8, [])


def test_an_anomaly():
    """Every field, the supporting entries in order."""
    found = Anomaly(
        pattern="MANY_AREAS",
        organisation="1280",
        person="cw-01",
        case=DECISION,
        at=NOW,
        count=9,
        limit=6,
        entries=(3, 5, 8),
    )

    assert render.anomaly(found).anomaly == audit.Anomaly(
        pattern="MANY_AREAS",
        organisation="1280",
        person="cw-01",
        case=DECISION,
        at=NOW,
        count=9,
        limit=6,
        entries=[3, 5, 8],
    )


# The register


def permit(**given):
    values = {
        "id": token("permit"),
        "case": MATTER.case,
        "candidate": Candidate(area="2480", facility=token("HOUSE")),
        "window": Window(start=TODAY),
        "ground": PermitGround.OWN_WISH,
        "verdict": Verdict.CONFLICT,
        "seen": (),
        "organisation": "1280",
        "person": "cw-01",
        "proposed_at": NOW,
        "expires_at": NOW + 9,
        "follow_up": TODAY + 30,
    }
    return Permit(**(values | given))


def registered(*permits, more=False, lifts=(), waiting=()):
    register = Register(
        search=list_permits(),
        cases=None,
        permits=permits,
        lifts=lifts,
        waiting=waiting,
        more=more,
    )
    return render.permits(
        Answer(reply=register, revision=1, leaf=1), lambda case: b"alias" + case[:1]
    )


def test_the_register_names_counties_and_aliases():
    """Who asked and who signed; nothing that names a case, a place or a house."""
    signed = permit(
        signed=True, signed_by_organisation="syd", signed_by="co-02", used=True
    )
    got = registered(signed, more=True)

    assert got == audit.ListPermitsResponse(
        permits=[
            audit.Permit(
                permit_id=token("permit"),
                override=True,
                case_alias=b"alias" + MATTER.case[:1],
                county="24",
                verdict=wire.VERDICT_CONFLICT,
                override_ground=place.OVERRIDE_GROUND_OWN_WISH,
                proposed_by="1280/cw-01",
                signed_by="syd/co-02",
                proposed_at=NOW,
                follow_up_day=TODAY + 30,
                used=True,
            )
        ],
        more=True,
    )
    assert [one for one in SECRETS if one in got.SerializeToString()] == []


def test_what_waits_in_the_register():
    """A release is no override; unsigned it covers nothing."""
    release = permit(ground=PermitGround.RELEASED, follow_up=None)
    (alone,) = registered(permit(ground=PermitGround.RELEASED, signed=True)).permits
    (waits,) = registered(release).permits

    assert (alone.override, alone.waits, alone.signed_by) == (False, False, "")
    assert (waits.override, waits.waits, waits.follow_up_day) == (False, True, 0)


def test_lifts_in_the_register():
    """Those in force, and those that wait; a county, and no case or place."""
    given = {"case": MATTER.case, "area": "2480", "ground": LiftGround.CARE}
    lift = Lift(
        **given,
        region="syd",
        at=NOW,
        until=NOW + 9,
        change=token("change"),
        person="co-01",
        second="co-02",
    )
    proposed = PhantomsLifted(**given, hours=2)
    change = ChangeProposed(
        id=token("later"),
        person="co-03",
        region="nord",
        expires_at=NOW + 5,
        records=(),
        amendments=(proposed,),
    )
    got = registered(lifts=(lift,), waiting=((change, proposed),))
    common = {
        "case_alias": b"alias" + MATTER.case[:1],
        "county": "24",
        "ground": phantom.LIFT_GROUND_CARE,
    }

    assert list(got.lifts) == [
        audit.Lift(
            change_id=token("change"),
            **common,
            proposed_by="syd/co-01",
            signed_by="co-02",
            approved_at=NOW,
            ends_at=NOW + 9,
        ),
        audit.Lift(
            change_id=token("later"),
            **common,
            proposed_by="nord/co-03",
            ends_at=NOW + 5,
            waits=True,
        ),
    ]
    assert MATTER.case not in got.SerializeToString()
