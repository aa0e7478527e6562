"""What can't be, as requests to a town: one item a line, with the field at fault."""

from kit.town import fresh
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import pseudonym_service_pb2 as pseudonym
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire

CODES = (
    "",
    "180",
    "01800",
    "0180 ",
    " 180",
    "018O",
    "0199",
    "00",
    "\uff10\uff11\uff18\uff10",
)
AREAS = [
    (
        "check",
        "worker",
        "CheckPlacement",
        lambda town, code: town.question("2480", code),
        "candidates[1].area",
    ),
    (
        "fact",
        "coordinator",
        "RecordFacts",
        lambda town, code: town.record(town.fact_of(presence=town.presence(area=code))),
        "facts[0].presence.area",
    ),
    (
        "coverage",
        "coordinator",
        "AttestCoverage",
        lambda town, code: registry.AttestCoverageRequest(
            request_id=fresh(), areas=[code], reviewed_on_day=town.today
        ),
        "areas[0]",
    ),
    (
        "facility",
        "coordinator",
        "RegisterFacilities",
        lambda town, code: registry.RegisterFacilitiesRequest(
            request_id=fresh(), facilities=[registry.NewFacility(area=code)]
        ),
        "facilities[0].area",
    ),
    (
        "placement",
        "coordinator",
        "RecordPlacements",
        lambda town, code: registry.RecordPlacementsRequest(
            request_id=fresh(),
            placements=[
                registry.StandingPlacement(
                    case_handle=town.case,
                    area=code,
                    window=wire.Window(start_day=town.today),
                )
            ],
        ),
        "placements[0].area",
    ),
]

CANDIDATES = [
    ("none", lambda town: town.question(candidates=[]), "candidates"),
    ("twice", lambda town: town.question("2480", "2480"), "candidates"),
    (
        "six",
        lambda town: town.question("2480", "2482", "2481", "2463", "2462", "2460"),
        "candidates",
    ),
    (
        "facility of another area",
        lambda town: town.question(
            candidates=[check.Candidate(area="2480", facility=town.house)]
        ),
        "candidates[0].facility",
    ),
    (
        "facility cut short",
        lambda town: town.question(
            candidates=[check.Candidate(area="1280", facility=town.house[:15])]
        ),
        "candidates[0].facility",
    ),
]
WINDOWS = [
    ("empty", lambda today: (today, today), "window.end_day"),
    ("turned", lambda today: (today, today - 1), "window.end_day"),
    ("past", lambda today: (today - 9, today), "window.end_day"),
    ("long past", lambda _: (-25_568, None), "window.start_day"),
    ("far ahead", lambda _: (2**31 - 1, None), "window.start_day"),
    ("an end far ahead", lambda today: (today, 2**31 - 1), "window.end_day"),
]


def evaluate(*elements):
    return pseudonym.EvaluateRequest(request_id=fresh(), blinded_elements=elements)


P = 2**256 - 2**224 + 2**192 + 2**96 - 1
ELEMENTS = {
    "empty": b"",
    "the identity": b"\x00",
    "zeros": bytes(33),
    "no point": b"\x02" + (1).to_bytes(32),
    "beyond the field": b"\x02" + P.to_bytes(32),
    "a field element in another form": b"\x02" + (P + 5).to_bytes(32),
    "uncompressed": b"\x04" + bytes(64),
    "hybrid": b"\x06" + bytes(32),
    "short": b"\x02" + bytes(31),
    "long": b"\x02" + bytes(33),
    "noise": b"\xff" * 33,
}
GOOD = bytes.fromhex(
    "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
)


def person(**given):
    return wire.Person(**(given or {"pseudonym": bytes(32)}))


UNKNOWN = 99
FIELDS = [
    # Values that no enumeration has
    ("OpenCase", lambda town: town.open_case(basis=UNKNOWN), "basis"),
    ("OpenCase", lambda town: town.open_case(basis=0), "basis"),
    ("CheckPlacement", lambda town: town.question(mode=UNKNOWN), "mode"),
    ("CheckPlacement", lambda town: town.question(mode=0), "mode"),
    (
        "CheckPlacement",
        lambda town: town.question(justification=UNKNOWN),
        "justification",
    ),
    (
        "CloseCase",
        lambda town: check.CloseCaseRequest(
            request_id=fresh(), case_handle=town.case, reason=UNKNOWN
        ),
        "reason",
    ),
    (
        "RecordFacts",
        lambda town: town.record(town.fact_of(presence=town.presence(kind=UNKNOWN))),
        "facts[0].presence.kind",
    ),
    (
        "RecordFacts",
        lambda town: town.record(
            town.fact_of(presence=town.presence(), reason=UNKNOWN)
        ),
        "facts[0].reason",
    ),
    (
        "RecordFacts",
        lambda town: town.record(
            town.fact_of(
                presence=town.presence(),
                grade=wire.SourceGrade(scheme=UNKNOWN, given="1B"),
            )
        ),
        "facts[0].grade.scheme",
    ),
    (
        "RecordFacts",
        lambda town: town.record(
            town.fact_of(
                affiliation=wire.Affiliation(
                    person=person(), group=town.group, role=UNKNOWN
                )
            )
        ),
        "facts[0].affiliation.role",
    ),
    # Ids, pseudonyms, references, labels
    ("OpenCase", lambda town: town.open_case(request_id=b""), "request_id"),
    ("OpenCase", lambda town: town.open_case(pseudonyms=[]), "pseudonyms"),
    (
        "OpenCase",
        lambda town: town.open_case(pseudonyms=[bytes(32)] * 2),
        "pseudonyms",
    ),
    (
        "OpenCase",
        lambda town: town.open_case(pseudonyms=[bytes(32), bytes(31)]),
        "pseudonyms[1]",
    ),
    ("OpenCase", lambda town: town.open_case(reference="850101-1234"), "reference"),
    ("CheckPlacement", lambda town: town.question(case_handle=b"x"), "case_handle"),
    (
        "RegisterGroups",
        lambda _: registry.RegisterGroupsRequest(
            request_id=fresh(), groups=[registry.NewGroup(fingerprint=bytes(32))]
        ),
        "groups[0].sealed_label",
    ),
    ("ListGroups", lambda _: registry.ListGroupsRequest(page_token=b"x"), "page_token"),
    # Facts that contradict the schema
    (
        "RecordFacts",
        lambda town: town.record(
            town.fact_of(presence=town.presence()),
            town.fact_of(
                rivalry=wire.Rivalry(group_a=town.group, group_b=town.group, severity=1)
            ),
        ),
        "facts[1].rivalry",
    ),
    (
        "RecordFacts",
        lambda town: town.record(
            town.fact_of(presence=town.presence()),
            town.fact_of(
                presence=town.presence(),
                valid_from_day=town.today,
                valid_to_day=town.today - 1,
            ),
        ),
        "facts[1].valid_to_day",
    ),
    (
        "RecordFacts",
        lambda town: town.record(
            town.fact_of(
                rivalry=wire.Rivalry(group_a=town.group, group_b=town.other, severity=4)
            )
        ),
        "facts[0].rivalry.severity",
    ),
    (
        "RecordFacts",
        lambda town: town.record(town.fact_of(presence=town.presence(group=fresh()))),
        "facts[0].presence.group",
    ),
    ("RecordFacts", lambda town: town.record(town.fact_of()), "facts[0].statement"),
    (
        "RecordFacts",
        lambda town: town.record(
            town.fact_of(tie=wire.Tie(person=wire.Person(), area="1280"))
        ),
        "facts[0].tie.person.person",
    ),
    (
        "EndFacts",
        lambda town: registry.EndFactsRequest(
            request_id=fresh(),
            endings=[registry.Ending(fact_id=town.fact, valid_to_day=town.today + 1)],
        ),
        "endings[0].valid_to_day",
    ),
]
WHO = dict.fromkeys(("OpenCase", "CheckPlacement", "CloseCase"), "worker")
