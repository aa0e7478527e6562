"""Who signs and cosigns notes in tests, and a note that they signed."""

from hypothesis import strategies as st

from placement.audit.note import Note, Signer, Verifier, add, sign
from placement.crypto.signing import SigningKey
from placement.crypto.signing import verify as check

LOG = Signer("example.org/log", SigningKey(bytes(range(32))))
WITNESS = Signer("example.org/witness", SigningKey(b"w" * 32), time=1_800_000_000)
STRANGER = Signer("example.org/stranger", SigningKey(b"s" * 32))
TEXT = "example.org/log\n7\n\nänd a line after an empty one\n"
NAMES = st.text(
    st.characters(exclude_categories=("Cs",), min_codepoint=32), min_size=1, max_size=9
).filter(lambda name: "+" not in name and not any(map(str.isspace, name)))


def verifier(signer: Signer) -> Verifier:
    """Return what verifies somebody's signatures."""
    return Verifier(signer.public, check)


def signed_by_three() -> Note:
    """Return a note of the log, with a cosignature and the line of a stranger."""
    return add(add(sign(TEXT, LOG), WITNESS), STRANGER)
