"""``receipt verify``: what was answered is fetched and verified, kept or carried away."""

import pytest
from kit.pinned import CODE, A, B, asking, pinned, receipts_of
from kit.wire import RefusalError
from placement_client.commands import proving

from placement.access import Role
from placement.audit.details import Details, Outline
from placement.audit.note import render_key
from placement.audit.proof import parse, render

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(proving, "PAUSES", ())


@pytest.fixture
def log(cli, wire, pair):
    """A log whose key the context pins."""
    return pinned(cli, wire, pair)


@pytest.fixture
def kept(cli, log, monkeypatch):
    return receipts_of(cli, monkeypatch)


@pytest.fixture
def ask(cli, wire, log):
    """Check places; leave the receipt pending if asked to. Return the decisions."""
    return asking(cli, wire, log)


def steps(cli, *words):
    """Verify; return exit code, levels, and sentences."""
    code, data = cli.json("receipt", "verify", *words)
    assert [each["number"] for each in data["steps"]] == list(
        range(1, len(data["steps"]) + 1)
    )
    assert data["ok"] == (code == 0)
    return (
        code,
        [each["level"] for each in data["steps"]],
        [each["text"] for each in data["steps"]],
    )


@pytest.mark.parametrize(
    "words", [("verify",), ("list",), ("show", "00" * 16)], ids=lambda words: words[0]
)
def test_without_a_pinned_key_there_are_no_receipts(cli, wire, words):
    """Which is said, with what to do."""
    result = cli("receipt", *words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "add the context again with --log-key" in result.stderr
    assert wire.seen == []


# verify


def test_nothing_kept_verifies_the_newest_checkpoint(cli, log, kept):
    """One step; the view begins with it."""
    got = steps(cli)

    assert got == (
        0,
        ["ok"],
        ["The log has 3 leaves, and begins with all you saw of it."],
    )
    assert kept.view.newest() == log.checkpoint()


@pytest.mark.slow
def test_what_is_pending_is_fetched_and_what_is_kept_verified_again(
    cli, wire, log, kept, ask
):
    """Numbered steps, one for each answer; each size is proven once."""
    first = ask("1480", "0180")
    second = ask(pending=True)
    third = ask("0180", pending=True)
    log.grow(3)
    wire.seen.clear()
    code, levels, texts = steps(cli)
    proofs = [
        (each.old_size, each.new_size) for each in wire.requests("ProveConsistency")
    ]
    table = cli("receipt", "verify")

    assert (code, levels) == (0, ["ok"] * 4)
    assert texts == [
        "The log has 9 leaves, and begins with all you saw of it.",
        "Leaf 4 of 9 says what was answered.",
        "Leaf 5 of 9 says what was answered.",
        "Leaf 3 of 4, as in all you saw of the log.",
    ]
    assert proofs == [(4, 9), (4, 9)]
    assert kept.pending() == ()
    assert len(kept.paths()) == 3
    assert table.exit_code == 0
    for number, decision in enumerate((first, second, third), 2):
        assert f"{number}  ok  decision {decision[0]}" in table.stdout


@pytest.mark.slow
def test_receipts_of_one_size_are_proven_once(cli, wire, log, ask):
    """However many there are."""
    log.grow(5)
    for area in ("1480", "0180", "1280"):
        ask(area, pending=True)
    steps(cli)
    log.grow(1)
    wire.seen.clear()
    code, levels, _ = steps(cli)

    # One for the view, one for the size that all three were proven in.
    assert (code, levels) == (0, ["ok"] * 4)
    assert len(wire.requests("ProveConsistency")) == 2
    assert wire.requests("GetReceipt") == []


def test_one_decision_is_verified_by_itself(cli, ask):
    """Any decision of an answer names it, kept or pending."""
    first = ask("1480", "0180")
    second = ask("1280", "1281", pending=True)
    kept = steps(cli, first[1])
    fetched = steps(cli, second[1])
    both = steps(cli, first[0], second[0])

    assert kept[0] == fetched[0] == both[0] == 0
    assert kept[2][1:] == ["Leaf 3 of 4, as in all you saw of the log."]
    assert fetched[2][1:] == ["Leaf 4 of 5 says what was answered."]
    assert len(both[2]) == 3


@pytest.mark.parametrize("word", ["00" * 16, "00", "nowhere.tlog-proof"])
def test_what_names_no_receipt_is_refused(cli, wire, log, word):
    """Before anything is asked, and without repeating it."""
    result = cli("receipt", "verify", word)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "decision (DECISION|FILE)" in result.stderr
    assert word not in result.stderr
    assert wire.seen == []


def test_what_cannot_be_had_yet_is_no_success_and_no_accusation(cli, log, ask, pair):
    """Exit code 1; the answer waits on."""
    ask(pending=True)
    log.published = 3
    waiting = steps(cli)
    cli.become(pair, witnesses=render_key(A.public), quorum="1")
    strict = steps(cli)

    assert waiting[:2] == (1, ["ok", "warning"])
    assert waiting[2][1] == "Its receipt can't be had yet."
    assert strict[:2] == (1, ["warning", "warning"])
    assert strict[2][0] == "Not enough witnesses have cosigned one yet."


def test_a_log_that_hides_an_entry_is_caught(cli, log, ask):
    """It has grown past its index, and does not show what was promised there."""
    ask(pending=True)
    log.held.clear()
    log.grow(2)
    code, levels, texts = steps(cli)

    assert (code, levels) == (5, ["ok", "failure"])
    assert texts[1] == (
        "Its receipt is withheld. "
        "The log has grown past the entry of the answer and does not show it."
    )


def test_somebody_elses_answer_is_not_called_hidden(cli, pki, log, ask):
    """The context got another certificate meanwhile."""
    ask(pending=True)
    log.held.clear()
    cli.become(pki.client(Role.CASEWORKER, "1480", "cw-02"))

    assert steps(cli)[:2] == (1, ["ok", "warning"])


def test_an_own_answer_survives_a_new_certificate(cli, pki, log, ask):
    """The one that asked is remembered with the answer."""
    ask(pending=True)
    cli.become(pki.client(Role.CASEWORKER, "1480", "cw-03"))

    assert steps(cli)[:2] == (0, ["ok", "ok"])


@pytest.mark.slow
def test_a_pending_answer_that_the_log_denies_is_caught(cli, log, kept, ask):
    """Another entry stands there; the answer stays on the list."""
    ask(pending=True)
    ask("0180", pending=True)
    log.held[3] = log.held[4]
    code, levels, texts = steps(cli)

    assert (code, levels) == (5, ["ok", "failure", "ok"])
    assert texts[1] == "The log does not bear out what was answered."
    assert [each.index for each in kept.pending()] == [3]


def test_a_kept_receipt_that_was_altered_is_caught(cli, kept, ask):
    """The file is named; the others are verified all the same."""
    ask()
    ask("0180")
    path = kept.paths()[0]
    path.write_bytes(path.read_bytes().replace(b"index 3", b"index 2"))
    code, levels, texts = steps(cli)

    assert (code, levels) == (5, ["ok", "failure", "ok"])
    assert str(path) in texts[1]


def test_a_rollback_is_caught(cli, wire, log, ask):
    """By the newest checkpoint, and by each receipt that only the old log can prove."""
    ask()
    ask("0180")
    wire.answers |= log.forked(2, 9).answers()
    code, levels, texts = steps(cli)

    assert (code, levels) == (5, ["failure", "failure", "ok"])
    assert "The log shows another history" in texts[0]
    assert "The log shows another history" in texts[1]


def test_a_service_that_cannot_be_reached_is_told(cli, wire, ask):
    """Exit code 1, and nothing is called verified."""
    ask()
    wire.answers["GetCheckpoint"] = RefusalError(CODE.UNAVAILABLE)
    result = cli("receipt", "verify")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "placement doctor" in result.stderr


# verify FILE


@pytest.fixture
def file(kept, ask, tmp_path):
    """A receipt that was carried away."""
    ask()
    path = tmp_path / "carried.tlog-proof"
    path.write_bytes(kept.paths()[0].read_bytes())
    return path


def test_a_file_is_verified_without_a_connection(cli, wire, file):
    """By the pinned keys alone, and by what was seen."""
    wire.seen.clear()
    code, levels, texts = steps(cli, file)

    assert (code, levels) == (0, ["ok"])
    assert texts == ["Leaf 3 of 4, signed by the log and by 0 witnesses."]
    assert wire.seen == []


def test_a_file_needs_its_witnesses(cli, log, pair, file):
    """As many as the context demands now."""
    cli.become(
        pair, witnesses=f"{render_key(A.public)} {render_key(B.public)}", quorum="2"
    )
    too_few = steps(cli, file)
    log.cosigned = (A, B)
    proof = parse(file.read_bytes())
    cosigned = type(proof)(
        index=proof.index, hashes=proof.hashes, note=log.note(4), extra=proof.extra
    )
    file.write_bytes(render(cosigned))
    enough = steps(cli, file)

    assert too_few[:2] == (5, ["failure"])
    assert enough == (
        0,
        ["ok"],
        ["Leaf 3 of 4, signed by the log and by 2 witnesses."],
    )


def test_an_altered_file_is_refused(cli, file):
    """Every bit flipped, one at a time, at a sample of places."""
    content = file.read_bytes()
    for place in range(0, len(content), 23):
        file.write_bytes(
            content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        )

        assert steps(cli, file)[:2] == (5, ["failure"])


def test_a_file_of_another_history_is_refused(cli, log, kept, file):
    """Though the same key signed it, a checkpoint of that size was seen."""
    other = log.forked(2, 3)
    matter = kept.read(kept.paths()[0]).details.matter
    other._write(Details(outline=Outline(), matter=matter))
    receipt = other.receipt(_Asked(3))
    extra = b"".join(
        len(part).to_bytes(4, "big") + part for part in (receipt.entry, receipt.details)
    )
    proof = type(parse(file.read_bytes()))(
        index=3, hashes=tuple(receipt.hashes), note=receipt.note, extra=extra
    )
    file.write_bytes(render(proof))
    seen = steps(cli, file)
    kept.view.path.unlink()
    unseen = steps(cli, file)

    assert seen[:2] == (5, ["failure"])
    assert unseen[:2] == (0, ["ok"])


class _Asked:
    """A request for a receipt."""

    cosignatures = 0

    def __init__(self, index):
        self.index = index


def test_a_file_whose_details_are_erased_says_so(cli, file):
    """It still proves that the entry stands there."""
    proof = parse(file.read_bytes())
    length = int.from_bytes(proof.extra[:4], "big")
    erased = type(proof)(
        index=proof.index,
        hashes=proof.hashes,
        note=proof.note,
        extra=proof.extra[: 4 + length] + bytes(4),
    )
    file.write_bytes(render(erased))
    code, _, texts = steps(cli, file)

    assert code == 0
    assert texts[0].endswith("by 0 witnesses. Its details are erased.")


def test_files_and_decisions_may_be_mixed(cli, ask, file):
    """Files first."""
    (decision,) = ask("0180")

    assert steps(cli, decision, file)[2] == [
        "Leaf 3 of 4, signed by the log and by 0 witnesses.",
        "The log has 5 leaves, and begins with all you saw of it.",
        "Leaf 4 of 5, as in all you saw of the log.",
    ]
