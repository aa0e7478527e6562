"""What entries say was attempted: the codes, and how people type them.

Whoever searches types ``check``, ``change-approve`` or a word that only one code has,
such as ``lift``. A search for what no entry can have would find nothing and say nothing.

Example:
    >>> action_code("change-approve"), action_code("lift")
    ('CHANGE_APPROVE', 'PHANTOM_LIFT')
"""

from typing import Final

from placement.errors import InvalidInputError
from placement_client.nearness import nearest

ACTIONS: Final = (
    *("ALERT_ACKNOWLEDGE", "ALERT_CLOSE", "ALERT_HAND_OVER", "ALERT_LIST"),
    *("ALERT_SHOW", "ALERT_TELL", "ALERT_WATCH", "ANOMALY_REPORT", "BUDGET_SHOW"),
    *("CASE_ASSESS", "CASE_CLOSE", "CASE_OPEN", "CASE_SHOW", "CHANGEOVER_BEGIN"),
    *("CHANGEOVER_END", "CHANGEOVER_SHOW", "CHANGE_APPROVE", "CHANGE_LIST"),
    *("CHANGE_REJECT", "CHANGE_SHOW", "CHANGE_WITHDRAW", "CHECK", "CLOCK_TICK"),
    *("COVERAGE_ATTEST", "COVERAGE_SHOW", "DATABASE_ACCEPT", "DECISION_REPLAY"),
    *("ENTRY_LIST", "ENTRY_SHOW", "ENTRY_TAIL", "ERASURE_APPROVE", "ERASURE_LIST"),
    *("ERASURE_PROPOSE", "EVALUATE", "EXCHANGE_KEY_PUBLISH", "EXTRACT_APPROVE"),
    *("EXTRACT_PROPOSE", "EXTRACT_READ", "EXTRACT_SHOW", "FACILITY_REGISTER"),
    *("FACT_AMEND", "FACT_CONTEST", "FACT_END", "FACT_LIST", "FACT_PROPOSE"),
    *("FACT_RECORD", "FACT_REGRADE", "FACT_RENEW", "FACT_RETRACT", "FACT_SHOW"),
    *("GROUP_LIST", "GROUP_MERGE", "GROUP_NAME", "GROUP_REGISTER", "GROUP_SIZE"),
    *("HOLD_CONFIRM", "HOLD_EXTEND", "HOLD_RELEASE", "IDLE", "IMPORT_APPEND"),
    *("IMPORT_APPROVE", "IMPORT_BEGIN", "IMPORT_CANCEL", "IMPORT_FINISH"),
    *(
        "IMPORT_LIST",
        "IMPORT_READ",
        "IMPORT_SHOW",
        "IMPORT_TAKE",
        "IMPORT_TRY",
        "KEY_DESTROY",
        "LABELS_RENEW",
    ),
    *("LABEL_KEYS_SHOW", "LABEL_KEY_HAND_OVER", "LOG_COSIGN", "LOG_EXPORT"),
    *("LOG_FOLLOW", "NO_METHOD", "OVERRIDE_PROPOSE", "OVERRIDE_SHOW", "OVERRIDE_SIGN"),
    *("PAIRS_OFFER", "PERMIT_LIST", "PHANTOM_LIFT", "PLACEMENT_ABORT", "PLACEMENT_END"),
    *("PLACEMENT_MOVE", "PLACEMENT_MOVE_IN", "PLACEMENT_MOVE_OUT", "PLACEMENT_RECORD"),
    *("PLACE_EXPLAIN", "PLACE_RELEASE", "PREVIEW_BEGIN", "PREVIEW_WEIGH"),
    *("PROVIDER_STOP", "RECEIPT_READ", "REEVALUATE", "REVIEW_LIST", "REVIEW_REPORT"),
    *("ROTATION_BEGIN", "ROTATION_END", "RULESET_APPROVE", "RULESET_LIST"),
    *("RULESET_PROPOSE", "RULESET_SHADOW", "RULESET_SHOW", "RULESET_WITHDRAW"),
)
"""Every code that an entry can have, in order."""

_LISTED: Final = " (docs/protocol.md lists all)"


def action_code(text: str) -> str:
    """Return the code that somebody means; nothing means any.

    Raises:
        InvalidInputError: no code, or no single one, is called so; it names those that
            might be meant.
    """
    code = text.upper().replace("-", "_")
    if not code or code in ACTIONS:
        return code
    alike = [each for each in ACTIONS if f"_{code}_" in f"_{each}_"]
    if len(alike) == 1:
        return alike[0]
    words = [*map(_typed, alike)] or nearest(_typed(code), map(_typed, ACTIONS))
    near = f"; perhaps {', '.join(words)}" if words else ""
    raise InvalidInputError("action", f"is none, or more than one{near}{_LISTED}")


def actions_like(incomplete: str) -> list[str]:
    """Return what somebody may go on to type."""
    return [word for word in map(_typed, ACTIONS) if word.startswith(incomplete)]


def _typed(code: str) -> str:
    return code.lower().replace("_", "-")
