"""``doctor``: what it prints and exits with."""

import pytest


def test_doctor_says_what_it_finds(cli):
    """Green is 0."""
    result = cli("doctor")
    code, data = cli.json("doctor")

    assert result.exit_code == 0
    assert "You are caseworker cw-01 of Göteborg." in result.stdout
    assert (code, data["ok"]) == (0, True)
    assert data["findings"][0] == {
        "step": "context",
        "level": "ok",
        "text": f"The context asks {cli.profile.server}.",
    }


def test_doctor_fails_with_three(cli):
    """Something that keeps calls from succeeding."""
    cli.add("b")
    code, data = cli.json("doctor", "--context", "b")

    assert (code, data["ok"]) == (3, False)


@pytest.mark.parametrize(
    ("words", "content", "text"),
    [
        (
            *((), ""),
            "No context is in use: choose one with placement context use, ",
        ),
        (
            *(("--context", "other"), ""),
            "There is no context of this name: see placement context list, ",
        ),
        ((), "=", "The file of contexts: `contexts` can't be read as TOML."),
    ],
    ids=["none", "unknown", "broken"],
)
def test_doctor_starts_from_nothing(cli, words, content, text):
    """Without a context the only step says what is missing, and how to have it."""
    cli.path.write_text(content)
    code, data = cli.json("doctor", *words)

    (finding,) = data["findings"]

    assert code == 3
    assert (finding["step"], finding["level"]) == ("context", "failure")
    assert finding["text"].startswith(text)
    assert ("placement context add." in finding["text"]) == (not content)
