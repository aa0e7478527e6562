"""Grants are exactly the table, and a caller's name has exactly one spelling."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.access import (
    NATIONAL,
    POLICE_REGIONS,
    SERVICE,
    Action,
    Caller,
    Role,
    admit,
    grants,
    parse_san,
    require_organisation,
    require_person,
)
from placement.domain.areas import parse_areas
from placement.errors import AccessDeniedError, CertificateError

ROOT = Path(__file__).parents[2]
TABLE_OF_AREAS = ROOT / "placement" / "domain" / "data" / "municipalities.csv"
DOMAIN = "placement.test"
FINGERPRINT = bytes(range(32))
TABLE = {
    Role.CASEWORKER: "EVALUATE BUDGET_SHOW CASE_OPEN CASE_SHOW CASE_CLOSE CHECK HOLD_CONFIRM "
    "HOLD_EXTEND HOLD_RELEASE PLACEMENT_MOVE_IN PLACEMENT_MOVE PLACEMENT_MOVE_OUT "
    "PLACEMENT_ABORT OVERRIDE_PROPOSE ALERT_WATCH ALERT_TELL ALERT_LIST ALERT_ACKNOWLEDGE "
    "RECEIPT_READ LOG_FOLLOW PAIRS_OFFER",
    Role.COORDINATOR: "EVALUATE PAIRS_OFFER CHANGEOVER_SHOW CHANGEOVER_BEGIN CHANGEOVER_END BUDGET_SHOW CASE_ASSESS FACT_RECORD FACT_END FACT_RETRACT "
    "FACT_REGRADE FACT_AMEND FACT_RENEW FACT_CONTEST FACT_PROPOSE FACT_LIST FACT_SHOW "
    "REVIEW_LIST COVERAGE_SHOW REVIEW_REPORT PREVIEW_BEGIN PREVIEW_WEIGH CHANGE_REJECT CHANGE_WITHDRAW "
    "CHANGE_APPROVE CHANGE_LIST CHANGE_SHOW COVERAGE_ATTEST GROUP_REGISTER "
    "GROUP_LIST GROUP_MERGE GROUP_NAME LABEL_KEYS_SHOW EXCHANGE_KEY_PUBLISH "
    "LABEL_KEY_HAND_OVER ROTATION_BEGIN LABELS_RENEW ROTATION_END FACILITY_REGISTER PLACEMENT_RECORD PLACEMENT_END OVERRIDE_SHOW "
    "OVERRIDE_SIGN PLACE_EXPLAIN PLACE_RELEASE PROVIDER_STOP ALERT_WATCH ALERT_TELL "
    "ERASURE_LIST ERASURE_PROPOSE ERASURE_APPROVE PHANTOM_LIFT GROUP_SIZE "
    "EXTRACT_PROPOSE EXTRACT_SHOW EXTRACT_APPROVE EXTRACT_READ "
    "ALERT_LIST ALERT_SHOW ALERT_ACKNOWLEDGE ALERT_HAND_OVER ALERT_CLOSE RECEIPT_READ LOG_FOLLOW "
    "IMPORT_TRY IMPORT_BEGIN IMPORT_APPEND IMPORT_FINISH IMPORT_SHOW "
    "IMPORT_LIST IMPORT_READ IMPORT_APPROVE IMPORT_CANCEL RULESET_PROPOSE RULESET_SHADOW RULESET_APPROVE RULESET_WITHDRAW RULESET_LIST "
    "RULESET_SHOW",
    Role.AUDITOR: "ENTRY_LIST ENTRY_SHOW ENTRY_TAIL LOG_EXPORT DECISION_REPLAY "
    "ANOMALY_REPORT PERMIT_LIST RULESET_LIST RULESET_SHOW RECEIPT_READ LOG_FOLLOW",
    Role.WITNESS: "LOG_FOLLOW LOG_COSIGN",
    Role.OPERATOR: "",
    Role.SERVICE: "CLOCK_TICK REEVALUATE IMPORT_TAKE IDLE",
}


def parse(path: str) -> Caller:
    return parse_san(f"spiffe://{DOMAIN}{path}", DOMAIN, fingerprint=FINGERPRINT)


@pytest.mark.parametrize("role", Role)
def test_grants_are_the_table(role):
    """Each role has its row of the table, no more and no less."""
    got = {action.name for action in grants(role)}

    assert got == set(TABLE[role].split())


def test_every_action_is_granted_to_somebody():
    """An action nobody may take would be dead code or a forgotten grant."""
    got = frozenset().union(*(grants(role) for role in Role))

    assert got == frozenset(Action) - {
        Action.NO_METHOD,
        Action.DATABASE_ACCEPT,
        Action.KEY_DESTROY,
    }


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_admit_follows_the_table(role, action):
    """A granted action passes; any other is refused."""
    caller = Caller(role, "somewhere", "someone", FINGERPRINT)

    if action.name in TABLE[role].split():
        admit(caller, action)
    else:
        with pytest.raises(AccessDeniedError):
            admit(caller, action)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/caseworker/1480/cw-01", (Role.CASEWORKER, "1480", "cw-01")),
        ("/caseworker/0114/00", (Role.CASEWORKER, "0114", "00")),
        ("/coordinator/vast/co-01", (Role.COORDINATOR, "vast", "co-01")),
        ("/coordinator/national/co-02", (Role.COORDINATOR, "national", "co-02")),
        ("/auditor/review-1/au-01", (Role.AUDITOR, "review-1", "au-01")),
        ("/witness/review-1/wi-01", (Role.WITNESS, "review-1", "wi-01")),
        ("/operator/hall-2/" + "x1" * 16, (Role.OPERATOR, "hall-2", "x1" * 16)),
    ],
)
def test_parse_reads_each_role(path, expected):
    """A well-formed name gives role, organisation, person and fingerprint."""
    got = parse(path)

    assert got == Caller(*expected, FINGERPRINT)


def test_no_certificate_names_the_service():
    """What the service does by itself nobody else can do in its name."""
    with pytest.raises(CertificateError):
        parse(f"/{SERVICE.role.value}/{SERVICE.organisation}/{SERVICE.person}")


@pytest.mark.parametrize("slug", [*POLICE_REGIONS, NATIONAL])
def test_parse_knows_every_police_region(slug):
    """Each police region, and the national unit, can have coordinators."""
    got = parse(f"/coordinator/{slug}/co-01").region

    assert got == slug


def test_police_regions_police_every_municipality():
    """The regions in certificates are exactly those of the table of municipalities."""
    areas = parse_areas(TABLE_OF_AREAS.read_text("utf-8"))
    got = {slug: len(areas.policed_by(slug)) for slug in POLICE_REGIONS}

    assert min(got.values()) > 0
    assert sum(got.values()) == 290


def test_region_is_only_a_coordinators():
    """Nobody but a coordinator has a police region."""
    got = parse("/caseworker/1480/cw-01").region

    assert got is None


def test_caller_is_frozen():
    """Nobody edits a caller after the certificate was read."""
    caller = parse("/caseworker/1480/cw-01")

    with pytest.raises(FrozenInstanceError):
        caller.role = Role.COORDINATOR


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "spiffe://",
        "spiffe://placement.test",
        "spiffe://placement.test/",
        "spiffe://placement.test/caseworker",
        "spiffe://placement.test/caseworker/1480",
        "spiffe://placement.test/caseworker/1480/",
        "spiffe://placement.test/caseworker/1480/cw-01/",
        "spiffe://placement.test/caseworker/1480/cw-01/more",
        "spiffe://placement.test/caseworker//cw-01",
        "spiffe://placement.test//caseworker/1480/cw-01",
        "spiffe:///caseworker/1480/cw-01",
        "spiffe://other.test/caseworker/1480/cw-01",
        "spiffe://placement.test.evil/caseworker/1480/cw-01",
        "spiffe://PLACEMENT.TEST/caseworker/1480/cw-01",
        "spiffe://user@placement.test/caseworker/1480/cw-01",
        "spiffe://placement.test:443/caseworker/1480/cw-01",
        "SPIFFE://placement.test/caseworker/1480/cw-01",
        "https://placement.test/caseworker/1480/cw-01",
        "spiffe://placement.test/caseworker/1480/anna",
        "spiffe://placement.test/caseworker/1480/850101-1234",
        "spiffe://placement.test/caseworker/1480/19850101-1234",
        "spiffe://placement.test/caseworker/1480/85-01-01-12-34",
        "spiffe://placement.test/caseworker/1480/850101-t123",
        " spiffe://placement.test/caseworker/1480/cw-01",
        "spiffe://placement.test/Caseworker/1480/cw-01",
        "spiffe://placement.test/clerk/1480/cw-01",
        "spiffe://placement.test/caseworker/148/cw-01",
        "spiffe://placement.test/caseworker/01480/cw-01",
        "spiffe://placement.test/caseworker/14a0/cw-01",
        "spiffe://placement.test/caseworker/١٤٨٠/cw-01",
        "spiffe://placement.test/caseworker/vast/cw-01",
        "spiffe://placement.test/coordinator/1480/co-01",
        "spiffe://placement.test/coordinator/väst/co-01",
        "spiffe://placement.test/coordinator/Vast/co-01",
        "spiffe://placement.test/coordinator/vastra/co-01",
        "spiffe://placement.test/coordinator/nordost/co-01",
        "spiffe://placement.test/auditor/a/au-01",
        "spiffe://placement.test/auditor/" + "a" * 33 + "/au-01",
        "spiffe://placement.test/operator/hall_2/op-01",
        "spiffe://placement.test/caseworker/1480/c",
        "spiffe://placement.test/caseworker/1480/" + "c" * 33,
        "spiffe://placement.test/caseworker/1480/CW-01",
        "spiffe://placement.test/caseworker/1480/cw.01",
        "spiffe://placement.test/caseworker/1480/cw%2D01",
        "spiffe://placement.test/caseworker/1480/cw-01?x=1",
        "spiffe://placement.test/caseworker/1480/cw-01#x",
        "spiffe://placement.test/caseworker/1480/cw-01\n",
        "spiffe://placement.test/caseworker/1480\n/cw-01",
        "spiffe://placement.test/caseworker/1480/cw-01\x00",
        "spiffe://placement.test/caseworker/../caseworker/1480/cw-01",
    ],
)
def test_parse_refuses_every_other_spelling(uri):
    """Whatever is not exactly the form names nobody."""
    with pytest.raises(CertificateError):
        parse_san(uri, DOMAIN, fingerprint=FINGERPRINT)


# Words that an auditor types


@pytest.mark.parametrize("person", ["cw-01", "00", "x1" * 16, "850141x"])
def test_a_persons_id_passes(person):
    """Whatever a certificate may name somebody, an auditor may look for."""
    require_person(person)

    assert parse(f"/caseworker/1480/{person}").person == person


@pytest.mark.parametrize(
    "person",
    [
        "",
        "c",
        "anna",
        "CW-01",
        "cw_01",
        "cw-01 ",
        "850101-1234",
        "85-0101-t123",
        "1" * 33,
    ],
)
def test_no_persons_id(person):
    """A name, another spelling, or what may be a national number."""
    with pytest.raises(CertificateError):
        require_person(person)
    with pytest.raises(CertificateError):
        parse(f"/caseworker/1480/{person}")


@pytest.mark.parametrize("organisation", ["1480", "syd", NATIONAL, "imy", "review-1"])
def test_an_organisation_passes(organisation):
    """A municipality, a police region, an office."""
    require_organisation(organisation)


@pytest.mark.parametrize(
    "organisation",
    ["", "a", "Syd", "väst", "a" * 33, "im y", "850101-1234", "19850101-t123"],
)
def test_no_organisation(organisation):
    """Of no role's form, or what may be a national number."""
    with pytest.raises(CertificateError):
        require_organisation(organisation)


FORM = "caseworker/[0-9]{3,5}/[a-zA-Z0-9-]{1,4}|coordinator/(vast|nord|x)/[a-z]{2}"


@given(st.text(max_size=60) | st.from_regex(FORM, fullmatch=True))
def test_parse_answers_or_refuses_any_text(text):
    """Any text is a caller whose parts spell that text, or is refused."""
    uri = f"spiffe://{DOMAIN}/{text}"
    try:
        caller = parse_san(uri, DOMAIN, fingerprint=FINGERPRINT)
    except CertificateError:
        return
    got = f"{caller.role.value}/{caller.organisation}/{caller.person}"

    assert got == text
