"""Whether a server that can't be reached refuses this certificate."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kit.certs import Pki
from kit.wire import Wire
from placement_client import admission
from placement_client.admission import IN_A_ROW, Lookout, advise, require_dates
from placement_client.findings import bad
from placement_client.reach import REFUSED

from placement.access import Role
from placement.errors import CertificateError

GOES_ON = "Then watch again: it goes on where it was."


def told(refused):
    return refused.value.notes


def test_dates_come_first(profile, pki, monkeypatch):
    """An expired certificate is certain: no server is asked."""
    monkeypatch.setattr(admission, "reach", None)
    short = pki.client(Role.CASEWORKER, "1480", "cw-01", lifetime=timedelta(hours=1))
    expired = replace(
        profile, certificate=str(short.certificate_path), key=str(short.key_path)
    )
    later = datetime.now(UTC) + timedelta(hours=2)
    with pytest.raises(CertificateError) as refused:
        Lookout(later.timestamp).look(expired)

    assert told(refused)[0].startswith("Your certificate expired on ")
    assert told(refused)[1] == GOES_ON


def test_dates_that_are_good(profile):
    """Nothing is said of them."""
    require_dates(profile, datetime.now(UTC))


def now():
    return datetime.now(UTC).timestamp()


def looked(profile, times, clock=now):
    """Look several times with one lookout."""
    lookout = Lookout(clock)
    for _ in range(times):
        lookout.look(profile)


def test_a_server_that_is_gone_is_waited_for(profile, wire):
    """However long it takes."""
    gone = replace(profile, server="127.0.0.1:1")

    looked(gone, 2 * IN_A_ROW)


def test_a_server_that_is_back_is_waited_for(profile, wire):
    """It refuses nobody."""
    looked(profile, IN_A_ROW)


def test_a_server_of_another_authority(profile, tmp_path):
    """It does not trust whoever signed the certificate: in the doctor's words."""
    stranger = Pki(tmp_path, name="another CA")
    stranger.server()
    other = Wire(stranger)
    try:
        trusted = tmp_path / "both.pem"
        trusted.write_bytes(stranger.ca)
        there = replace(profile, server=other.address, ca=str(trusted))
        looked(there, IN_A_ROW - 1)
        with pytest.raises(CertificateError) as refused:
            looked(there, IN_A_ROW)
    finally:
        other.stop()

    assert "does not trust whoever signed your certificate" in told(refused)[0]


def test_a_server_that_no_known_authority_signed(profile, tmp_path):
    """Waiting does not help."""
    stranger = Pki(tmp_path, name="another CA")
    elsewhere = replace(profile, ca=str(stranger.paths.authority))
    with pytest.raises(CertificateError) as refused:
        looked(elsewhere, IN_A_ROW)

    assert "The server is not signed by the authority in `ca`" in told(refused)[0]


def test_only_what_is_found_in_a_row_ends_it(profile, monkeypatch):
    """A server that starts or stops may look like one that refuses."""
    final = bad("health", REFUSED, is_final=True)
    passing = bad("port", "Nothing listens there.")
    found = iter([final] * (IN_A_ROW - 1) + [passing] + [final] * IN_A_ROW)
    monkeypatch.setattr(
        admission, "reach", lambda *_given, files_are_sound: iter([next(found)])
    )
    lookout = Lookout(now)
    for _ in range(2 * IN_A_ROW - 1):
        lookout.look(profile)
    with pytest.raises(CertificateError) as refused:
        lookout.look(profile)

    assert told(refused) == [REFUSED, GOES_ON]


def test_what_a_server_refused_is_said_as_the_doctor_says_it(profile):
    """By the dates if it is those; else that it is refused; and once."""
    revoked, expired = CertificateError(), CertificateError()
    advise(revoked, profile, now)
    advise(revoked, profile, now)
    years = timedelta(days=10_000).total_seconds()
    advise(expired, profile, lambda: now() + years)

    assert revoked.notes == [REFUSED, GOES_ON]
    assert expired.notes[0].startswith("Your certificate expired on ")
