"""What the custodian answers, and that it comes from the one whose key is pinned."""

import hashlib
from collections.abc import Sequence

from placement.api.v1.pseudonym_service_pb2 import EvaluateResponse
from placement.crypto import voprf
from placement.errors import InvalidInputError, TamperedError


class UnpinnedError(TamperedError):
    """The custodian that answered has another key than the pinned one."""

    text = (
        "The custodian's key is not the one that this context pins; nothing of its "
        "answer was used. Stop, and ask the operator which key is right."
    )


def verified(
    custodian: voprf.PublicKey,
    blinded: Sequence[voprf.BlindedElement],
    answer: EvaluateResponse,
) -> list[voprf.EvaluatedElement]:
    """Return the evaluated elements once they are proven.

    Raises:
        UnpinnedError: the answer speaks of another key.
        TamperedError: it does not prove that the pinned key made it.
    """
    # 1. The answer speaks of the pinned key, or a rotation has passed us by.
    if answer.key_id != hashlib.sha256(custodian.encode()).digest():
        raise UnpinnedError
    # 2. Every byte decodes in the one way, and there is one element for each.
    try:
        evaluated = [
            voprf.EvaluatedElement.decode(e) for e in answer.evaluated_elements
        ]
        proof = voprf.Proof.decode(answer.proof)
        # 3. The holder of the pinned key, never of a key that came along, made them.
        voprf.verify(custodian, blinded, evaluated, proof)
    except InvalidInputError as error:
        raise TamperedError from error
    return evaluated
