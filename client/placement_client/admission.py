"""Whether a server that can't be reached refuses this certificate.

A refused handshake looks like a server that is gone. Whoever waits for one looks at the
own certificate's dates first, and then at the server as ``placement doctor`` does. What
is found ends the waiting, in the doctor's words.

Invariants:
    * an expired certificate is certain, and ends it at once;
    * what a server that just starts or stops may look like ends it only when it was
      found several times in a row: an alarm that nobody hears is the worst of all.
"""

from datetime import UTC, datetime
from typing import Final

from placement.errors import CertificateError
from placement_client.credentials import content, read_chain
from placement_client.days import Clock
from placement_client.doctor import dates
from placement_client.findings import Level
from placement_client.profile import Profile
from placement_client.reach import REFUSED, reach

IN_A_ROW: Final = 5
"""How often a server must be seen to refuse a certificate."""

_AGAIN: Final = "Then watch again: it goes on where it was."


class Lookout:
    """Looks at what may keep one caller out, each time that a connection is lost.

    Args:
        clock: what time it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found = 0

    def look(self, profile: Profile) -> None:
        """Refuse to wait for a server that has refused for good.

        Raises:
            CertificateError: the certificate is not valid now, or no longer accepted.
            InvalidInputError: it can't be read.
        """
        now = datetime.fromtimestamp(self._clock(), UTC)
        require_dates(profile, now)
        sentence = _refusal(profile, now)
        self._found = self._found + 1 if sentence else 0
        if self._found >= IN_A_ROW:
            raise _refused(sentence)


def require_dates(profile: Profile, now: datetime) -> None:
    """Refuse a certificate that is not valid now.

    Raises:
        CertificateError: it is not.
        InvalidInputError: it can't be read.
    """
    leaf = read_chain(content(profile.certificate, "certificate"), "certificate")[0]
    found = dates(leaf, now)
    if found.level is Level.FAILURE:
        raise _refused(found.sentence)


def advise(error: CertificateError, profile: Profile, clock: Clock) -> None:
    """Say of a certificate that a server refused what the doctor would say."""
    if error.notes:
        return
    try:
        require_dates(profile, datetime.fromtimestamp(clock(), UTC))
    except CertificateError as told:
        error.because(*told.notes)
    else:
        error.because(REFUSED, _AGAIN)


def _refusal(profile: Profile, now: datetime) -> str:
    """Return the sentence of a server that refuses; empty if it does not."""
    for finding in reach(profile, now, files_are_sound=True):
        if finding.is_final:
            return finding.sentence
    return ""


def _refused(sentence: str) -> CertificateError:
    return CertificateError().because(sentence, _AGAIN)
