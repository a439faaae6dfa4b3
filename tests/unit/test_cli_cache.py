"""`prompt-suite cache`: what it prints, and its exit codes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness import cli
from harness.generate.store import Row, Store, Totals, UnfinishedRun
from harness.plan import cache_content, identity_text
from harness.schema import Generation, Message, content_key

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., tuple[int, str, str]]


def _row(user: str, **changes: object) -> Row:
    content = cache_content(identity_text({"model": "m"}), [Message("user", user)], 1)
    generation = replace(Generation("yes", cost_usd=0.25), **changes)
    return Row(f"trial {user}", content_key(content), content, generation)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `prompt-suite cache …` in a folder with three answers; exit code, what it printed, its complaint."""
    monkeypatch.chdir(tmp_path)
    store = Store(Path(".prompt_cache"))
    store.begin(UnfinishedRun("20261122T201849.042Z-3f9a", "2026-11-22T20:18:49+00:00", Totals()), Path("reports"))
    store.put([_row("a"), _row("b", cost_usd=None)])
    store.close()
    other = Store(Path(".prompt_cache"))
    other.put([_row("c")])
    other.close()

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(["cache", *arguments])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else -1
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_size_tells_answers_unfinished_runs_and_spending(command: Command) -> None:
    code, out, err = command("size")
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 4)
    assert lines[0].startswith(".prompt_cache: 3 answers, 0.")
    assert lines[1:3] == ["longest unused: 0 days", "unfinished run 20261122T201849.042Z-3f9a: 2 trials answered"]
    assert lines[3].startswith("spent on 20")
    assert lines[3].endswith(" (UTC): $0.50, and 1 call without a known price")


def test_prune_deletes_what_no_unfinished_run_needs(command: Command) -> None:
    code, out, _ = command("prune", "--to-mb", "0")
    assert code == 0
    assert out.startswith(".prompt_cache: 1 answer deleted, 0.")
    assert out.endswith(" MB left\n")


def test_export_and_import_print_the_same_digest(command: Command) -> None:
    code, out, _ = command("export", "r.jsonl")
    digest = out.split()[-1]
    assert (code, out) == (0, f"wrote r.jsonl: 3 answers, digest {digest}\n")
    assert len(digest) == 64
    assert command("import", "r.jsonl", "--cache-dir", "other") == (
        0,
        f"other: 3 answers of r.jsonl: 3 new, 0 replaced, 0 there already, digest {digest}\n",
        "",
    )
    assert command("export", "again.jsonl", "--cache-dir", "other")[0] == 0
    assert Path("again.jsonl").read_bytes() == Path("r.jsonl").read_bytes()


def test_export_to_a_folder_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    for folder in (".", "kept"):
        path = str(Path(folder) / "answers.jsonl")
        said = f"prompt-suite: {folder}: is a folder; the recording is one file, for example {path}; name it\n"
        assert command("export", folder) == (4, "", said)


def test_changed_recording_is_exit_code_2_with_the_line(command: Command) -> None:
    command("export", "r.jsonl")
    path = Path("r.jsonl")
    path.write_text(path.read_text().replace('"b"', '"B"'))
    code, out, err = command("import", "r.jsonl", "--cache-dir", "other")
    assert (code, out) == (2, "")
    assert err.startswith("r.jsonl:2: the key '")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["prune"],
            "prompt-suite: cache prune: it is not said how far; allowed: --to-mb N, --older-than-days N, or both; ",
        ),
        (["prune", "--to-mb", "-1"], "argument --to-mb: '-1' is no number from 0; write for example 100\n"),
        (["prune", "--to-mb", "nan"], "argument --to-mb: 'nan' is no number from 0; write for example 100\n"),
        (["export", "r", "--used-days", "1.5"], "argument --used-days: '1.5' is no whole number from 0; "),
        (["import", "absent"], "prompt-suite: absent: the recording cannot be read (No such file or directory); "),
        (["size", "--cache-dir", "absent"], "prompt-suite: absent: there is no answer cache; "),
        ([], "prompt-suite cache: the following arguments are required: ACTION\n"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_4_with_one_clear_line(command: Command, arguments: list[str], complaint: str) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (4, "")
    assert complaint in err
    assert not os.path.lexists("absent")


def test_names_of_files_cannot_move_the_cursor(command: Command) -> None:
    code, out, _ = command("export", "r\x1b[2J.jsonl")
    assert code == 0
    assert "\x1b" not in out
