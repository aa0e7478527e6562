"""A whole exchange with the custodian's function: blind, evaluate, prove, finalize."""

from collections.abc import Sequence

from placement.crypto import voprf

Exchange = tuple[
    tuple[voprf.Blinding, ...],
    list[voprf.BlindedElement],
    tuple[voprf.EvaluatedElement, ...],
    voprf.Proof,
]

KEY = voprf.PrivateKey.of(0xC0FFEE)
OTHER_KEY = voprf.PrivateKey.of(0xDECADE)


def exchange(key: voprf.PrivateKey, count: int = 2) -> Exchange:
    """Blind, evaluate and prove a batch."""
    blindings = voprf.blind([bytes([number]) for number in range(count)])
    blinded = [blinding.element for blinding in blindings]
    evaluated = voprf.evaluate(key, blinded)
    return blindings, blinded, evaluated, voprf.prove(key, blinded, evaluated)


def run(
    key: voprf.PrivateKey,
    inputs: Sequence[bytes],
    mode: voprf.Mode = voprf.Mode.VOPRF,
) -> tuple[bytes, ...]:
    """Go through the whole protocol with fresh blinds."""
    blindings = voprf.blind(inputs, mode=mode)
    evaluated = voprf.evaluate(key, [blinding.element for blinding in blindings])
    return voprf.finalize(blindings, evaluated)
