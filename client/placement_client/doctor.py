"""What is wrong with a context, in plain words, before a call fails without any.

A refused handshake shows a client nothing but "unavailable". So each thing that a call
rests on is looked at by itself, in the order in which they build on one another, and
each says what to do. Nothing here asks about a case. Who names persons spends one
evaluation: nothing cheaper shows which key the custodian holds.

Invariants:
    * nothing is changed, and no secret is shown;
    * a step whose ground is missing is left out; the step that found it says why.
"""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from placement.errors import InvalidInputError, PlacementError
from placement_client.areas import areas
from placement_client.credentials import (
    Holder,
    content,
    for_clients,
    holder,
    read_chain,
    require_pair,
    signed_by,
    user,
)
from placement_client.days import Clock, now, stockholm_time
from placement_client.findings import Finding, Level, bad, doubtful, good
from placement_client.labels import LabelKey
from placement_client.profile import Profile
from placement_client.reach import reach
from placement_client.trials import try_calls
from placement_client.trust import LogView

EXPIRING: Final = timedelta(days=14)
"""How near an end is worth a warning; for short lives, a third of the life."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def examine(
    profile: Profile, *, clock: Clock, view: LogView | None = None
) -> Iterator[Finding]:
    """Look at everything that a call under a profile rests on, in order.

    Args:
        profile: which server, as whom, with which keys.
        clock: seconds since 1970.
        view: what the context has seen of the log; ``None`` to leave the log out.
    """
    now = datetime.fromtimestamp(clock(), UTC)
    sound = True
    for finding in _files(profile, now):
        sound = sound and finding.level is not Level.FAILURE
        yield finding
    # Broken files break the handshake too, and with worse words.
    healthy = False
    for finding in reach(profile, now, files_are_sound=sound):
        healthy |= finding.step == "health" and finding.level is not Level.FAILURE
        yield finding
    who = user(profile) if healthy else None
    if who is not None:
        yield from try_calls(profile, who, view)


def _files(profile: Profile, now: datetime) -> Iterator[Finding]:
    """Look at the files that the profile names."""
    leaf, authorities = None, None
    try:
        leaf = read_chain(content(profile.certificate, "certificate"), "certificate")[0]
        yield good("certificate", "Your certificate can be read.")
    except InvalidInputError as error:
        yield bad("certificate", f"{_told(error)} Ask the operator for a new one.")
    try:
        authorities = read_chain(content(profile.ca, "ca"), "ca")
    except InvalidInputError as error:
        yield bad("authority", f"{_told(error)} Ask the operator for the right file.")
    if leaf is not None:
        yield _pair(profile, leaf)
        yield dates(leaf, now)
        yield _person(leaf)
    yield _key_mode(profile)
    if leaf is not None and authorities is not None:
        yield _signature(leaf, authorities)
    who = None if leaf is None else holder(leaf)
    yield _custodian(profile, who)
    yield _log(profile, who)
    if who is not None and who.role == "coordinator":
        yield _label_key(profile)


def _told(error: InvalidInputError) -> str:
    return f"The file of `{error.field}` {error.description}."


def _pair(profile: Profile, leaf: x509.Certificate) -> Finding:
    try:
        require_pair(leaf, content(profile.key, "key"))
    except InvalidInputError as error:
        return bad("key", f"{_told(error)} Use the pair as the operator issued it.")
    return good("key", "The private key belongs to the certificate.")


def _key_mode(profile: Profile) -> Finding:
    try:
        mode = Path(profile.key).expanduser().stat().st_mode
    except (OSError, ValueError, RuntimeError):
        return bad("key mode", "There is no private key where the context says.")
    if mode & _OTHERS:
        return bad("key mode", "Others can use your private key: chmod 600 it.")
    return good("key mode", "Only you can use the private key.")


def dates(leaf: x509.Certificate, at: datetime) -> Finding:
    """Look at when a certificate is valid."""
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    shown = stockholm_time(now(end.timestamp))
    if at < start:
        return bad("dates", "Your certificate is not valid yet: set the clock.")
    if at >= end:
        return bad("dates", f"Your certificate expired on {shown}: ask for a new one.")
    if end - at < min(EXPIRING, (end - start) / 3):
        return doubtful("dates", f"Your certificate expires on {shown}: renew it soon.")
    return good("dates", f"Your certificate is valid until {shown}.")


def _person(leaf: x509.Certificate) -> Finding:
    who = holder(leaf)
    if who is None:
        return bad("person", "Your certificate names no person: ask for another one.")
    if not for_clients(leaf):
        return bad("person", "Your certificate is a server's: ask for one of your own.")
    where = areas().name(who.organisation)
    return good("person", f"You are {who.role} {who.person} of {where}.")


def _signature(
    leaf: x509.Certificate, authorities: tuple[x509.Certificate, ...]
) -> Finding:
    if any(signed_by(leaf, authority) for authority in authorities):
        return good("authority", "The authority in `ca` signed your certificate.")
    # Large installations may sign servers and clients apart.
    return doubtful(
        "authority",
        "The authority in `ca` signed servers only, or this certificate is from "
        "elsewhere: if the server refuses you, ask the operator.",
    )


def _custodian(profile: Profile, who: Holder | None) -> Finding:
    if profile.custodian_key:
        return good("custodian", "The custodian's key is pinned.")
    if who is not None and who.role in {"auditor", "witness", "operator"}:
        return good("custodian", "No custodian's key is pinned; you need none.")
    return bad(
        "custodian",
        "No custodian's key is pinned, so nobody can be named: get it from the "
        "operator and add the context again with --custodian-key.",
    )


def _log(profile: Profile, who: Holder | None) -> Finding:
    policy = profile.policy()
    if policy is None and who is not None and who.role == "operator":
        return good("log", "No key of the access log is pinned; you need none.")
    if policy is None:
        return doubtful(
            "log",
            "No key of the access log is pinned, so there are no receipts: get it from "
            "the operator and add the context again with --log-key.",
        )
    if policy.witnesses and not policy.quorum:
        return doubtful(
            "log",
            "Witnesses are pinned, but none of them must have cosigned: add the "
            "context again without --quorum, and all of them must.",
        )
    wanted, witnesses = policy.quorum, len(policy.witnesses)
    return good(
        "log",
        f"The access log's key is pinned; {wanted} of {witnesses} witnesses must have "
        "cosigned.",
    )


def _label_key(profile: Profile) -> Finding:
    if not profile.label_key:
        return doubtful(
            "label key",
            "No label key is set, so groups have no names: run placement label-key "
            "publish, have a coordinator hand it over, then run placement label-key fetch.",
        )
    try:
        LabelKey.read(Path(profile.label_key).expanduser())
    except PlacementError:
        return bad(
            "label key",
            "The label key can't be used: it must be the coordinators' whole file, "
            "and only you may read it (chmod 600).",
        )
    return good("label key", "The label key can be used.")
