"""Every method, asked by everybody: answered only where the grant table says so."""

from datetime import timedelta

import grpc
import pytest
from kit.asking import REQUESTS, WITNESSED
from kit.placing import cover, roomy
from kit.town import PATHS, PEOPLE, TIMEOUT, Refused, Town

from placement.access import Action, Role, grants
from placement.app import micros
from placement.rpc.methods import METHODS

SPOKEN_FOR = {
    Role.CASEWORKER: "worker",
    Role.COORDINATOR: "second",
    Role.AUDITOR: "auditor",
    Role.WITNESS: "witness",
    Role.OPERATOR: "operator",
}
"""Who speaks for each role; what a second person approves, another one proposed."""
NATIONAL = {
    *("ProposeRuleset", "ShadowRuleset", "ApproveRuleset", "WithdrawRuleset"),
    *("BeginChangeover", "EndChangeover"),
}
"""What coordinators of a region are not admitted to, though their role is."""
SILENT = {Action.LOG_FOLLOW, Action.LOG_COSIGN}
"""What is no entry when it is answered."""
SLICED = {Action.RULESET_SHADOW}
"""What is an entry a slice when it is answered, and more slices the more stands."""
ROLES = [role for role in Role if role is not Role.SERVICE]
"""Those of certificates."""
HOURS = 3_600_000_000  # microseconds


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    with Town(folder, **WITNESSED, **roomy(folder)) as town:
        cover(town)
        yield town


def attempt(town, who, method, request):
    """Call, and return the answer with the entries that it left.

    Whoever follows alerts is told of them under entries that begin with the first.
    """
    before = town.settled()
    got = town.call(who, method, request)
    after = town.head()
    left = [e for e in town.asked(before.leaves) if e.action != "ALERT_TELL"]
    own = [e for e in town.entries(before.leaves) if e.role == Role.SERVICE.value]
    # What the service did meanwhile may have written.
    if isinstance(got, Refused) and not own:
        assert after.revision == before.revision
    return got, left


def test_everything_is_asked():
    """Each method that there is, and each role."""
    assert set(REQUESTS) == set(PATHS)
    assert set(SPOKEN_FOR) == set(ROLES)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
@pytest.mark.parametrize("method", PATHS)
def test_who_may_what(town, method, role):
    """Whoever may is answered; whoever may not is refused, and it is an entry."""
    who, action = SPOKEN_FOR[role], METHODS[PATHS[method]]
    if role is Role.COORDINATOR and method in NATIONAL:
        who = "national-second"
    _, organisation, person = PEOPLE[who]
    may = action in grants(role)
    got, left = attempt(town, who, method, REQUESTS[method](town, who))
    named = [(e.action, e.outcome, e.role, e.organisation, e.person) for e in left]
    outcome = "ANSWERED" if may else "ACCESS_DENIED"
    entry = (action.name, outcome, role.value, organisation, person)
    if may and action in SLICED:
        named = sorted(set(named))

    assert isinstance(got, bytes) == may, got
    assert named == ([] if may and action in SILENT else [entry])
    if not may:
        assert (got.code.name, got.reason) == ("PERMISSION_DENIED", "ACCESS_DENIED")
        assert [e.recipient for e in left] == [""]


@pytest.fixture(scope="module")
def gone(town):
    """Callers of every role whose certificates were revoked."""
    pki, names = town.served.pki, []
    for role, who in SPOKEN_FOR.items():
        _, organisation, _ = PEOPLE[who]
        pair = pki.client(role, organisation, f"{role.value[:2]}-66")
        town._channels[f"revoked {role.value}"] = town.served.connect(pair)
        pki.revoke(pair)
        names.append(f"revoked {role.value}")
    return names


def unnamed(town, who, method, request):
    """Hold a call under a certificate that is refused to what it must be."""
    got, left = attempt(town, who, method, request)

    assert (got.code.name, got.reason) == ("UNAUTHENTICATED", "CERTIFICATE_REFUSED")
    (entry,) = left
    assert (entry.action, entry.outcome) == (METHODS[PATHS[method]].name, got.reason)
    assert (entry.person, entry.organisation, entry.role) == ("", "", "")
    assert entry.certificate == b""


@pytest.mark.parametrize("method", PATHS)
def test_a_revoked_certificate(town, gone, method):
    """Of whichever role: refused, and the entry names nobody, whatever is asked."""
    request = REQUESTS[method](town, "worker")
    for name in gone:
        unnamed(town, name, method, request)


@pytest.mark.slow
def test_an_expired_certificate(tmp_path):
    """A connection that was opened in time grants nothing once the time is over."""
    ahead = [0]
    given = {**WITNESSED, **roomy(tmp_path)}
    with Town(tmp_path, clock=lambda: micros() + ahead[0], **given) as town:
        cover(town)
        asked = {method: REQUESTS[method](town, "worker") for method in PATHS}
        for role, who in SPOKEN_FOR.items():
            _, organisation, _ = PEOPLE[who]
            pair = town.served.pki.client(
                role, organisation, f"{role.value[:2]}-66", lifetime=timedelta(hours=1)
            )
            town._channels[role.value] = town.served.connect(pair)
        early = [
            getattr(town.call(role.value, "Evaluate", b""), "reason", "")
            for role in SPOKEN_FOR
        ]
        ahead[0] = 2 * HOURS
        for role in SPOKEN_FOR:
            for method, request in asked.items():
                unnamed(town, role.value, method, request)

    assert "CERTIFICATE_REFUSED" not in early


@pytest.mark.slow
def test_no_certificate(town):
    """There is no connection, so there is nothing to be refused, and no entry."""
    credentials = grpc.ssl_channel_credentials(town.served.pki.ca)
    asked = {method: REQUESTS[method](town, "worker") for method in PATHS}
    before = town.settled()
    with grpc.secure_channel(f"localhost:{town.served.port}", credentials) as channel:
        codes = set()
        for method, request in asked.items():
            ask = channel.unary_unary(PATHS[method])
            with pytest.raises(grpc.RpcError) as refused:
                ask(request.SerializeToString(), timeout=TIMEOUT)
            codes.add(refused.value.code())

    assert codes == {grpc.StatusCode.UNAVAILABLE}
    assert town.head() == before
