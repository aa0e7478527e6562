"""Say who calls and what they may attempt; nothing else decides rights.

A caller is what a verified certificate says: one role, one organisation, one person.
Each role has a fixed set of actions and whatever is not granted is refused. The
module holds no keys, knows no wire and reads no files.

Invariants:
    * a new ``Action`` is granted to nobody until it stands in the table below;
    * no action of a coordinator is an action of an auditor, but for following the log
      in hashes and reading the entries of the own calls;
    * the operator may do nothing at all, and a witness nothing but follow and cosign;
    * no certificate names the service's own role;
    * a name is accepted in exactly one spelling, so one person is one caller.

Example:
    >>> caller = parse_san(
    ...     "spiffe://placement.test/caseworker/1480/cw-01",
    ...     "placement.test",
    ...     fingerprint=bytes(32),
    ... )
    >>> caller.role is Role.CASEWORKER, caller.organisation
    (True, '1480')
    >>> admit(caller, Action.CHECK)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from placement.errors import AccessDeniedError, CertificateError

NATIONAL: Final = "national"
"""The organisation of coordinators at the national unit."""

POLICE_REGIONS: Final = (
    *("stockholm", "mitt", "nord", "ost", "vast", "syd", "bergslagen"),
)
"""Organisations of the other coordinators, spelled as areas spell them."""


class Role(Enum):
    """What kind of caller; the value is the word in the certificate."""

    CASEWORKER = "caseworker"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"
    WITNESS = "witness"
    OPERATOR = "operator"
    SERVICE = "service"


class Action(Enum):
    """What is attempted; every call on the wire is exactly one.

    ``LOG_FOLLOW`` and ``LOG_COSIGN`` touch hashes and signatures only; everything else
    leaves an entry. ``NO_METHOD`` is what a call attempts that names none of ours; nobody may.
    """

    EVALUATE = "evaluate"
    CASE_OPEN = "case_open"
    CASE_SHOW = "case_show"
    CASE_CLOSE = "case_close"
    BUDGET_SHOW = "budget_show"
    CHECK = "check"
    CASE_ASSESS = "case_assess"
    FACT_RECORD = "fact_record"
    FACT_END = "fact_end"
    FACT_RETRACT = "fact_retract"
    FACT_REGRADE = "fact_regrade"
    FACT_AMEND = "fact_amend"
    FACT_RENEW = "fact_renew"
    FACT_CONTEST = "fact_contest"
    FACT_PROPOSE = "fact_propose"
    FACT_LIST = "fact_list"
    FACT_SHOW = "fact_show"
    CHANGE_APPROVE = "change_approve"
    CHANGE_REJECT = "change_reject"
    CHANGE_WITHDRAW = "change_withdraw"
    CHANGE_LIST = "change_list"
    CHANGE_SHOW = "change_show"
    COVERAGE_ATTEST = "coverage_attest"
    REVIEW_LIST = "review_list"
    COVERAGE_SHOW = "coverage_show"
    REVIEW_REPORT = "review_report"
    PREVIEW_BEGIN = "preview_begin"
    PREVIEW_WEIGH = "preview_weigh"
    GROUP_REGISTER = "group_register"
    GROUP_LIST = "group_list"
    GROUP_MERGE = "group_merge"
    GROUP_NAME = "group_name"
    LABEL_KEYS_SHOW = "label_keys_show"
    EXCHANGE_KEY_PUBLISH = "exchange_key_publish"
    LABEL_KEY_HAND_OVER = "label_key_hand_over"
    ROTATION_BEGIN = "rotation_begin"
    LABELS_RENEW = "labels_renew"
    ROTATION_END = "rotation_end"
    FACILITY_REGISTER = "facility_register"
    PLACEMENT_RECORD = "placement_record"
    PLACEMENT_END = "placement_end"
    HOLD_CONFIRM = "hold_confirm"
    HOLD_EXTEND = "hold_extend"
    HOLD_RELEASE = "hold_release"
    PLACEMENT_MOVE_IN = "placement_move_in"
    PLACEMENT_MOVE = "placement_move"
    PLACEMENT_MOVE_OUT = "placement_move_out"
    PLACEMENT_ABORT = "placement_abort"
    OVERRIDE_PROPOSE = "override_propose"
    OVERRIDE_SHOW = "override_show"
    OVERRIDE_SIGN = "override_sign"
    PLACE_EXPLAIN = "place_explain"
    PLACE_RELEASE = "place_release"
    PROVIDER_STOP = "provider_stop"
    PHANTOM_LIFT = "phantom_lift"
    GROUP_SIZE = "group_size"
    ERASURE_LIST = "erasure_list"
    ERASURE_PROPOSE = "erasure_propose"
    ERASURE_APPROVE = "erasure_approve"
    EXTRACT_PROPOSE = "extract_propose"
    EXTRACT_SHOW = "extract_show"
    EXTRACT_APPROVE = "extract_approve"
    EXTRACT_READ = "extract_read"
    ALERT_WATCH = "alert_watch"
    ALERT_TELL = "alert_tell"
    ALERT_LIST = "alert_list"
    ALERT_SHOW = "alert_show"
    ALERT_ACKNOWLEDGE = "alert_acknowledge"
    ALERT_HAND_OVER = "alert_hand_over"
    ALERT_CLOSE = "alert_close"
    ENTRY_LIST = "entry_list"
    ENTRY_SHOW = "entry_show"
    ENTRY_TAIL = "entry_tail"
    LOG_EXPORT = "log_export"
    DECISION_REPLAY = "decision_replay"
    ANOMALY_REPORT = "anomaly_report"
    PERMIT_LIST = "permit_list"
    RECEIPT_READ = "receipt_read"
    LOG_FOLLOW = "log_follow"
    LOG_COSIGN = "log_cosign"
    RULESET_PROPOSE = "ruleset_propose"
    RULESET_SHADOW = "ruleset_shadow"
    RULESET_APPROVE = "ruleset_approve"
    RULESET_WITHDRAW = "ruleset_withdraw"
    RULESET_LIST = "ruleset_list"
    RULESET_SHOW = "ruleset_show"
    IMPORT_TRY = "import_try"
    IMPORT_BEGIN = "import_begin"
    IMPORT_APPEND = "import_append"
    IMPORT_FINISH = "import_finish"
    IMPORT_SHOW = "import_show"
    IMPORT_LIST = "import_list"
    IMPORT_READ = "import_read"
    IMPORT_APPROVE = "import_approve"
    IMPORT_CANCEL = "import_cancel"
    IMPORT_TAKE = "import_take"
    CLOCK_TICK = "clock_tick"
    REEVALUATE = "reevaluate"
    DATABASE_ACCEPT = "database_accept"
    KEY_DESTROY = "key_destroy"
    CHANGEOVER_SHOW = "changeover_show"
    CHANGEOVER_BEGIN = "changeover_begin"
    CHANGEOVER_END = "changeover_end"
    PAIRS_OFFER = "pairs_offer"
    IDLE = "idle"
    NO_METHOD = "no_method"


_BOTH: Final = frozenset(
    {
        Action.EVALUATE,
        Action.BUDGET_SHOW,
        Action.ALERT_WATCH,
        Action.ALERT_TELL,
        Action.ALERT_LIST,
        Action.ALERT_ACKNOWLEDGE,
        Action.RECEIPT_READ,
        Action.LOG_FOLLOW,
        Action.PAIRS_OFFER,
    }
)
"""What caseworkers and coordinators may."""

_GRANTS: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.CASEWORKER: _BOTH.union(
            {
                Action.CASE_OPEN,
                Action.CASE_SHOW,
                Action.CASE_CLOSE,
                Action.CHECK,
                Action.HOLD_CONFIRM,
                Action.HOLD_EXTEND,
                Action.HOLD_RELEASE,
                Action.PLACEMENT_MOVE_IN,
                Action.PLACEMENT_MOVE,
                Action.PLACEMENT_MOVE_OUT,
                Action.PLACEMENT_ABORT,
                Action.OVERRIDE_PROPOSE,
            }
        ),
        Role.COORDINATOR: _BOTH.union(
            {
                Action.CASE_ASSESS,
                Action.FACT_RECORD,
                Action.FACT_END,
                Action.FACT_RETRACT,
                Action.FACT_REGRADE,
                Action.FACT_AMEND,
                Action.FACT_RENEW,
                Action.FACT_CONTEST,
                Action.FACT_PROPOSE,
                Action.FACT_LIST,
                Action.FACT_SHOW,
                Action.CHANGE_APPROVE,
                Action.CHANGE_REJECT,
                Action.CHANGE_WITHDRAW,
                Action.CHANGE_LIST,
                Action.CHANGE_SHOW,
                Action.COVERAGE_ATTEST,
                Action.REVIEW_LIST,
                Action.COVERAGE_SHOW,
                Action.REVIEW_REPORT,
                Action.PREVIEW_BEGIN,
                Action.PREVIEW_WEIGH,
                Action.GROUP_REGISTER,
                Action.GROUP_LIST,
                Action.GROUP_MERGE,
                Action.GROUP_NAME,
                Action.LABEL_KEYS_SHOW,
                Action.EXCHANGE_KEY_PUBLISH,
                Action.LABEL_KEY_HAND_OVER,
                Action.ROTATION_BEGIN,
                Action.LABELS_RENEW,
                Action.ROTATION_END,
                Action.FACILITY_REGISTER,
                Action.PLACEMENT_RECORD,
                Action.PLACEMENT_END,
                Action.OVERRIDE_SHOW,
                Action.OVERRIDE_SIGN,
                Action.PLACE_EXPLAIN,
                Action.PLACE_RELEASE,
                Action.PROVIDER_STOP,
                Action.PHANTOM_LIFT,
                Action.GROUP_SIZE,
                Action.ERASURE_LIST,
                Action.ERASURE_PROPOSE,
                Action.ERASURE_APPROVE,
                Action.EXTRACT_PROPOSE,
                Action.EXTRACT_SHOW,
                Action.EXTRACT_APPROVE,
                Action.EXTRACT_READ,
                Action.ALERT_SHOW,
                Action.ALERT_HAND_OVER,
                Action.ALERT_CLOSE,
                *(Action.IMPORT_BEGIN, Action.IMPORT_APPEND, Action.IMPORT_FINISH),
                *(Action.IMPORT_SHOW, Action.IMPORT_LIST, Action.IMPORT_READ),
                *(Action.IMPORT_APPROVE, Action.IMPORT_CANCEL, Action.IMPORT_TRY),
                *(Action.RULESET_PROPOSE, Action.RULESET_SHADOW),
                *(Action.RULESET_APPROVE, Action.RULESET_WITHDRAW),
                *(Action.RULESET_LIST, Action.RULESET_SHOW),
                *(Action.CHANGEOVER_SHOW, Action.CHANGEOVER_BEGIN),
                Action.CHANGEOVER_END,
            }
        ),
        Role.AUDITOR: frozenset(
            {
                Action.ENTRY_LIST,
                Action.ENTRY_SHOW,
                Action.ENTRY_TAIL,
                Action.LOG_EXPORT,
                Action.DECISION_REPLAY,
                Action.ANOMALY_REPORT,
                Action.PERMIT_LIST,
                Action.RULESET_LIST,
                Action.RULESET_SHOW,
                Action.RECEIPT_READ,
                Action.LOG_FOLLOW,
            }
        ),
        Role.WITNESS: frozenset({Action.LOG_FOLLOW, Action.LOG_COSIGN}),
        Role.OPERATOR: frozenset(),
        Role.SERVICE: frozenset(
            {Action.CLOCK_TICK, Action.REEVALUATE, Action.IMPORT_TAKE, Action.IDLE}
        ),
    }
)

_ID: Final = "[a-z0-9-]{2,32}"
_PERSON: Final = re.compile(r"(?=.*[0-9])" + _ID)
_NUMBER: Final = re.compile(r"[0-9]{9}|[0-9]{6}[a-z][0-9]{3}")
# An id with a digit in it is less likely a name; a national number it must not hold.
_ORGANISATIONS: Final[Mapping[Role, re.Pattern[str]]] = MappingProxyType(
    {
        Role.CASEWORKER: re.compile("[0-9]{4}"),
        Role.COORDINATOR: re.compile("|".join((*POLICE_REGIONS, NATIONAL))),
        Role.AUDITOR: re.compile(_ID),
        Role.WITNESS: re.compile(_ID),
        Role.OPERATOR: re.compile(_ID),
    }
)
# Nobody has a certificate of the service's own role.
_ROLES: Final[Mapping[str, Role]] = MappingProxyType(
    {r.value: r for r in Role if r is not Role.SERVICE}
)
_SEGMENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a verified certificate.

    Attributes:
        role: the one role that the certificate names.
        organisation: municipality code, police region, or the name of an office.
        person: the organisation's own id of the person, never a personal name.
        certificate: SHA-256 of the certificate in DER, 32 bytes.
    """

    role: Role
    organisation: str
    person: str
    certificate: bytes

    @property
    def region(self) -> str | None:
        """The slug of a coordinator's police region or ``national``; else nothing."""
        return self.organisation if self.role is Role.COORDINATOR else None


SERVICE: Final = Caller(Role.SERVICE, "service", "service-0", bytes(32))
"""The service itself: what it does because time has passed, or the picture changed."""


def grants(role: Role) -> frozenset[Action]:
    """Return every action that a role may attempt."""
    return _GRANTS[role]


def admit(caller: Caller, action: Action) -> None:
    """Let a caller through if the role grants the action.

    Raises:
        AccessDeniedError: the role does not grant it.
    """
    if action not in _GRANTS[caller.role]:
        raise AccessDeniedError


def require_person(person: str) -> None:
    """Refuse what no certificate has as a person's id.

    Raises:
        CertificateError: another form, or it may hold a national number.
    """
    if not _PERSON.fullmatch(person) or _NUMBER.search(person.replace("-", "")):
        raise CertificateError


def require_organisation(organisation: str) -> None:
    """Refuse what is no organisation in any role's certificates.

    Raises:
        CertificateError: another form, or it may hold a national number.
    """
    known = any(form.fullmatch(organisation) for form in _ORGANISATIONS.values())
    if not known or _NUMBER.search(organisation.replace("-", "")):
        raise CertificateError


def parse_san(uri: str, trust_domain: str, *, fingerprint: bytes) -> Caller:
    """Read a caller from the one URI that a certificate names.

    The parser compares text with text and decodes nothing: percent escapes, upper
    case, queries, fragments, empty or extra segments match no pattern.

    Args:
        uri: ``spiffe://<trust-domain>/<role>/<organisation>/<person>``.
        trust_domain: the one domain that this server accepts, lower case.
        fingerprint: SHA-256 of the certificate in DER, 32 bytes.

    Returns:
        The caller, whose certificate somebody else has verified.

    Raises:
        CertificateError: the URI is anything else than the form above.
    """
    prefix = f"spiffe://{trust_domain}/"
    if not uri.startswith(prefix):
        raise CertificateError
    segments = uri.removeprefix(prefix).split("/")
    if len(segments) != _SEGMENTS:
        raise CertificateError
    word, organisation, person = segments
    role = _ROLES.get(word)
    if role is None or not _ORGANISATIONS[role].fullmatch(organisation):
        raise CertificateError
    require_person(person)
    return Caller(role, organisation, person, fingerprint)
