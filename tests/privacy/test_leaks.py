"""Nothing that names anybody or anything is found where it must not be."""

import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from kit.leaks import Recorder, forms, found_in, kept, logged
from kit.numbers import number
from kit.served import Served
from placement_client.identifiers import parse_identifier
from placement_client.label_book import LabelBook
from placement_client.labels import LabelKey, create_label_key
from placement_client.session import Session

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import extract_service_pb2 as extract
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.audit import checkpoint, note
from placement.crypto import voprf
from placement.domain.terms import Micros, stockholm_day
from placement.errors import PlacementError

AREAS = ("1480", "0580", "2480")
NAMES = ("Sentinel Brotherhood", "Marker Street Crew")
REFERENCE = "QZJX 904417/731"


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """Run the main job once; keep what was used, stored, logged and answered."""
    folder = tmp_path_factory.mktemp("leaks")
    recorders = {
        who: Recorder()
        for who in ("caseworker", "owner", "auditor", "witness", "teller")
    }
    with logged() as records:
        with Served(folder) as served:
            used = work(served, folder, recorders)
            database = kept(folder)
        shutil.copytree(folder, folder.with_name("copy"))
        database += kept(folder.with_name("copy"))
    received = {who: recorder.received for who, recorder in recorders.items()}
    return used, database, "\n".join(records).encode(), received


GROUND = audit.Ground(purpose=audit.AUDIT_PURPOSE_INCIDENT, matter="DI 7")


def listing(filter_):
    return audit.ListEntriesRequest(filter=filter_, page_size=100, ground=GROUND)


def look(auditor, case, decisions):
    """Do everything that an auditor can do, and twice, so that it sees itself do it."""
    audits = auditor.audits
    everything = audit.EntryFilter(first_index=0)
    searches = [
        everything,
        audit.EntryFilter(case_handle=case),
        audit.EntryFilter(organisation="1280", reference=REFERENCE),
    ]
    for _ in range(2):
        for each in searches:
            found = audits.list_entries(listing(each)).entries
            for entry in found:
                audits.show_entry(entry.index, GROUND)
            list(
                audits.export_entries(
                    audit.ExportEntriesRequest(filter=each, ground=GROUND)
                )
            )
        for decision in decisions:
            list(audits.replay_decision(decision, GROUND))
        period = audit.ReportAnomaliesRequest(since=0, until=2**61, ground=GROUND)
        list(audits.report_anomalies(period))
        follow = audits.tail_entries(audit.TailEntriesRequest(ground=GROUND))
        next(follow)
        audits.list_entries(listing(everything))
        while not next(follow).entries:
            continue
        follow.close()


def tell(proposer, second, pseudonym, fact):
    """Tell the person what is kept about them, with one of the facts."""
    proposed = proposer.extracts.propose(
        extract.ProposeExtractRequest(
            pseudonyms=[pseudonym],
            ground=extract.EXTRACT_GROUND_OWN_REQUEST,
            reference="A 12/2026",
        )
    )
    change = proposed.change_id
    seen = second.extracts.show(change, [pseudonym]).seen
    second.extracts.approve(
        extract.ApproveExtractRequest(
            change_id=change,
            pseudonyms=[pseudonym],
            released_ids=[fact],
            parts=[1, 2],
            seen=seen,
        )
    )
    proposer.extracts.read(change, [pseudonym])
    for other in (bytes(64), pseudonym[:32] + bytes(32)):
        with suppress(PlacementError):
            second.extracts.show(change, [other])


def rely(witness):
    """Do everything that a witness can do, but cosign."""
    logs = witness.logs
    size = checkpoint.parse(note.parse(logs.checkpoint()).text).size
    logs.checkpoints(0, 100)
    logs.consistency(1, size)
    for index in range(size):
        logs.inclusion(index, size)


def work(served, folder, recorders):
    """Do everything that leaves traces; return every name and token that was used."""
    custodian = voprf.PublicKey.decode(served.custodian.public_key)
    channel = served.channel("caseworker", "1280", "cw-01")
    caseworker = recorders["caseworker"].session(channel, custodian=custodian)
    first = Session(served.channel("coordinator", "national", "co-01"))
    second = Session(served.channel("coordinator", "national", "co-02"))
    today = stockholm_day(Micros(time.time_ns() // 1000))
    digits = number()
    identifier = parse_identifier(
        digits,
        field="identifier",
        today=datetime.fromtimestamp(time.time(), UTC).date(),
    )
    (pseudonym,) = caseworker.pseudonyms([identifier])
    opened = caseworker.open_case(
        [pseudonym], reference=REFERENCE, basis=check.BASIS_POLICE
    )
    create_label_key(folder / "labels.key")
    key = LabelKey.read(folder / "labels.key")
    first.registry.register_groups(key.new_group(name) for name in NAMES)
    book = LabelBook([key], first.registry.list_groups())
    own, rival = (book.token(name) for name in NAMES)
    grade = wire.SourceGrade(scheme=1, given="1B")
    member = wire.CaseMember(case_handle=opened.case_handle, position=0)
    assessed = first.registry.assess_case(
        opened.case_handle,
        [
            wire.Fact(
                grade=grade,
                reason=1,
                affiliation=wire.Affiliation(
                    person=wire.Person(case_member=member), group=own, role=1
                ),
            )
        ],
        none_known=False,
    )
    pair = {"group_a": own, "group_b": rival}
    recorded = first.registry.record_facts(
        [
            wire.Fact(grade=grade, reason=1, rivalry=wire.Rivalry(severity=3, **pair)),
            wire.Fact(
                grade=grade,
                reason=1,
                presence=wire.Presence(group=rival, area=AREAS[0], kind=1),
            ),
        ]
    )
    second.registry.approve_change(recorded.change_id)
    first.registry.attest_coverage([], reviewed_on=today, whole_region=True)
    facility = first.registry.register_facilities(
        [registry.NewFacility(area=AREAS[1])]
    ).facilities[0]
    placed = first.registry.record_placements(
        [
            registry.StandingPlacement(
                case_handle=opened.case_handle,
                area=AREAS[1],
                facility=facility.token,
                window=wire.Window(start_day=today - 5),
            )
        ]
    )
    checked = [
        caseworker.check_placement(
            caseworker.question(
                opened.case_handle,
                [check.Candidate(area=area)],
                window=wire.Window(start_day=today),
                justification=check.JUSTIFICATION_PLANNED,
            )
        )
        for area in AREAS
    ]
    told = served.channel("coordinator", "national", "co-03")
    teller = recorders["teller"].session(told)
    tell(teller, second, pseudonym, assessed.fact_ids[0])
    owner = recorders["owner"].session(channel)
    for answer in checked:
        owner.logs.receipt(answer.leaf_index)
    for bad in (lambda: caseworker.show_case(bytes(16)), first.registry.list_changes):
        try:
            bad()
        except PlacementError:
            continue
    look(
        recorders["auditor"].session(served.channel("auditor", "imy", "au-01")),
        opened.case_handle,
        [answer.verdicts[0].decision_id for answer in checked],
    )
    witness = served.channel("witness", "imy", "wi-01")
    rely(recorders["witness"].session(witness))
    return {
        "identifier": digits,
        "ten digits": digits[2:],
        "with a dash": f"{digits[:8]}-{digits[8:]}",
        "pseudonym": pseudonym[32:],
        "case handle": opened.case_handle,
        "reference": REFERENCE,
        "own group": own,
        "rival group": rival,
        "change": recorded.change_id,
        "facility": facility.token,
        "provider": facility.provider,
        "placement": placed.placement_ids[0],
        **{f"fact {n}": fact for n, fact in enumerate(assessed.fact_ids)},
        **{f"fact {n + 9}": fact for n, fact in enumerate(recorded.fact_ids)},
        **{f"name {name}": name for name in NAMES},
        **{f"plain {name}": name.casefold().replace(" ", "") for name in NAMES},
        **{f"area {area}": area for area in AREAS},
    }


def test_the_search_finds_what_is_there(journey):
    """The search itself works: a planted secret is found in every form."""
    used = journey[0]
    planted = b"..".join(forms(secret)[-1] for secret in used.values())

    assert found_in(planted, used) == list(used)


@pytest.mark.parametrize(
    "said",
    [
        b"area=2480",
        b"\x0a\x042480",
        b"facility2480caseworker",
        b"0" * 33 + b"2480",
        b"/2480/" + b"A" * 43 + b"=\n",
        b"case=2480" + b"a" * 28 + b" case=2480" + b"b" * 28,
    ],
)
def test_a_place_is_found_wherever_somebody_could_have_written_it(said):
    """As a word, a field, or among other columns."""
    assert found_in(said, {"area": "2480"}) == ["area"]


@pytest.mark.parametrize(
    "drawn",
    [
        b"decision=01a21ee02480e98880ddfe00839797f9",
        b"2480" * 10 + b"AAA=\n",
        b"Loaded running loop: id(loop)=140024803457104",
    ],
)
def test_four_digits_of_something_random_are_no_place(drawn):
    """An identifier and a line of a note hold any four digits now and then."""
    assert found_in(drawn, {"area": "2480"}) == []
    assert found_in(drawn + b" 2480", {"area": "2480"}) == ["area"]


def test_when_ids_were_made_is_no_place():
    """All of a minute begin alike; what stands behind the time, or for it, counts."""
    made, area = 0x01A224800000 / 1000, {"area": "2480"}
    ids = [b"01a22480%04x" % n + b"ab" * 10 for n in range(3)]
    behind = [each[:12] + b"ab2480" + each[18:] for each in ids]
    instead = [b"2480" + each[4:] for each in ids]

    assert found_in(b" ".join(ids), area, made) == []
    assert found_in(b" ".join(behind), area, made) == ["area"]
    assert found_in(b" ".join(instead), area, made) == ["area"]
    assert found_in(b" ".join(ids), area, made + 60 * 60) == ["area"]


def test_the_database_holds_nothing_in_the_clear(journey):
    """No byte of any database file is an identifier, token, handle, area or name."""
    used, database, *_ = journey

    assert len(database) > 100_000
    assert found_in(database, used) == []


def test_the_logs_hold_nothing(journey):
    """No log line at any level says who, what or where."""
    used, _, logs, _ = journey

    assert logs
    assert found_in(logs, used) == []


def received_by(journey, who, *allowed):
    """Return what somebody got that is none of what they may see."""
    used, _, _, received = journey
    others = {
        name: secret
        for name, secret in used.items()
        if not name.startswith(allowed or ("nothing",))
    }
    assert len(received[who]) >= 3
    assert len(others) < len(used) or not allowed
    return found_in(b"\n".join(received[who]), others)


def test_a_caseworker_gets_verdicts_and_nothing_else(journey):
    """Whatever a caseworker receives holds nothing but its own handle back."""
    assert received_by(journey, "caseworker", "case handle") == []


def test_a_receipt_holds_what_was_asked_and_nothing_of_why(journey):
    """Case, reference and areas of one's own question."""
    own = ("case handle", "reference", "area ")
    used, _, _, received = journey

    assert received_by(journey, "owner", *own) == []
    assert "reference" in found_in(b"".join(received["owner"]), used)


def test_an_auditor_gets_fact_ids_and_nothing_that_names_anybody(journey):
    """Neither case nor reference nor municipality, whatever they searched by."""
    assert received_by(journey, "auditor", "fact ", "change", "placement") == []


def test_an_auditor_gets_what_an_auditor_may_see(journey):
    """Else the search above would say nothing."""
    used, _, _, received = journey
    content = b"\n".join(received["auditor"])

    assert len(received["auditor"]) > 100
    assert {"fact 0", "fact 9", "fact 10", "change"} <= set(found_in(content, used))


def test_an_extract_holds_what_is_the_persons_own(journey):
    """Their case, group, place and the fact that was released; nobody else's."""
    own = ("case handle", "reference", "own group", "fact 0", "area ")
    used, _, _, received = journey
    content = b"".join(received["teller"])

    assert received_by(journey, "teller", *own) == []
    assert set(found_in(content, used)) >= {"case handle", "own group", "fact 0"}


def test_a_witness_gets_hashes_alone(journey):
    """Nothing of anything."""
    assert received_by(journey, "witness") == []


def test_every_verdict_has_the_same_size(journey):
    """CONFLICT, REVIEW and CLEAR are answered with as many bytes."""
    *_, received = journey
    sizes = set()
    verdicts = set()
    for content in received["caseworker"]:
        try:
            answer = check.CheckPlacementResponse.FromString(content)
        except Exception:  # noqa: BLE001 (metadata is no message)
            continue
        if answer.HasField("leaf_index"):
            sizes.add(len(content))
            verdicts.add(answer.verdicts[0].verdict)

    assert len(verdicts) > 1
    assert len(sizes) == 1
