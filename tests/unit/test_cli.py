"""The `prompt-suite` command: what it prints, where, and its exit codes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from harness import cli
from harness.score import metric_names
from harness.suite import prompt_schema, suite_schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `prompt-suite …` in an empty folder; exit code, what it printed, and what it complained of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROMPT_SUITE_MODELS", str(tmp_path / "models"))

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(arguments)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else -1
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def gguf(path: Path, content: bytes = b"GGUF and the rest") -> str:
    """A file that looks like a model; its SHA-256."""
    path.write_bytes(content)
    return sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "prompt-suite: the following arguments are required: COMMAND\n"),
        (["models"], "prompt-suite models: the following arguments are required: ACTION\n"),
        (["schema", "--colour"], "prompt-suite: unrecognized arguments: --colour\n"),
        (["models", "verify"], "prompt-suite models verify: the following arguments are required: model\n"),
    ],
)
def test_wrong_usage_is_exit_code_4_with_the_usage_line(command: Command, arguments: list[str], complaint: str) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (4, "")
    assert err.startswith("usage: prompt-suite")
    assert err.endswith(complaint)


def test_help_is_exit_code_0(command: Command) -> None:
    code, out, _ = command("--help")
    assert code == 0
    assert out.startswith("usage: prompt-suite")


def test_interrupted_command_is_exit_code_2_as_in_pytest(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_schema", interrupted)
    assert command("schema") == (2, "", "")


# -- init and lint ------------------------------------------------------------------------------------------------


def test_init_makes_a_suite_without_mistakes(command: Command, tmp_path: Path) -> None:
    code, out, err = command("init", "suites/mine")
    assert (code, err) == (0, "")
    written = [line.removeprefix("wrote ") for line in out.splitlines() if line.startswith("wrote ")]
    assert "suites/mine/suite.yaml" in written
    assert sorted(written) == sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert out.endswith("\n\nrun it with: pytest --prompt-suite suites/mine\n")
    assert command("lint")[0] == 0


def test_init_makes_suites_first_without_a_name(command: Command, tmp_path: Path) -> None:
    assert command("init")[0] == 0
    assert (tmp_path / "suites/first/suite.yaml").is_file()


def test_init_into_an_empty_folder_is_allowed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert command("init", "mine")[0] == 0


@pytest.mark.parametrize("is_folder", [True, False])
def test_init_changes_nothing_that_is_there(command: Command, tmp_path: Path, *, is_folder: bool) -> None:
    (tmp_path / "mine").mkdir() if is_folder else (tmp_path / "mine").write_text("kept")
    if is_folder:
        (tmp_path / "mine/notes.txt").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    assert command("init", "mine") == (
        4,
        "",
        "prompt-suite: mine: is there already; a new or empty folder is allowed; name one, for example suites/second\n",
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_init_below_a_file_is_one_clear_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert command("init", "file/mine") == (
        4,
        "",
        "prompt-suite: file/mine: cannot be written (Not a directory); a writable folder is needed; name another\n",
    )


@pytest.mark.parametrize("name", ["with space", "name]bad[::", "..x", "new\nline", "x" * 101])
def test_init_refuses_a_folder_whose_name_no_suite_can_have(command: Command, tmp_path: Path, name: str) -> None:
    code, out, err = command("init", f"suites/{name}")
    assert (code, out) == (4, "")
    assert " cannot name a suite; up to 100 letters, digits and . _ - + @ are allowed; name another folder" in err
    assert not (tmp_path / "suites").exists()


def test_init_names_the_suite_after_the_folder_that_it_is_called_in(command: Command, tmp_path: Path) -> None:
    assert command("init", ".")[0] == 0
    assert (tmp_path / "suite.yaml").is_file()


def test_init_quotes_what_is_to_be_typed(command: Command) -> None:
    assert (
        command("init", "my suites/first")[1].splitlines()[-1] == "run it with: pytest --prompt-suite 'my suites/first'"
    )


def test_path_that_is_no_path_is_one_harmless_line(command: Command) -> None:
    code, out, err = command("lint", "a\x1b[31m")
    assert (code, out) == (2, "")
    assert err == "a\\x1b[31m: the file does not exist; a path to a file is allowed; check the spelling\n"
    code, out, err = command("lint", "x" * 5000)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_lint_counts_what_is_fine_and_tells_every_mistake_with_exit_code_2(command: Command, tmp_path: Path) -> None:
    command("init", "suites/fine")
    command("init", "suites/wrong")
    with (tmp_path / "suites/wrong/suite.yaml").open("a") as file:
        file.write("colour: red\nrepeats: many\n")
    lines = (tmp_path / "suites/wrong/suite.yaml").read_text().count("\n")
    code, out, err = command("lint", "suites")
    assert code == 2
    assert out == (
        "suites/fine/suite.yaml: 8 samples, 2 variants, 1 backend, 16 trials, 2 gates\n"
        "suites/fine/suite.yaml: with 8 samples the gate exact_match.mean >= 0.5 fails in 80 % of runs only where the "
        "true share is below 0.30\n"
    )
    first, second = err.splitlines()
    assert first.startswith(f"suites/wrong/suite.yaml:{lines - 1}:1: key 'colour' is unknown; ")
    assert second.startswith(f"suites/wrong/suite.yaml:{lines}:10: 'repeats' is the text 'many'; ")


def test_lint_calls_no_model_and_writes_nothing(command: Command, tmp_path: Path) -> None:
    command("init")
    before = sorted(tmp_path.rglob("*"))
    assert command("lint", "suites/first/suite.yaml")[0] == 0
    assert sorted(path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts) == before


def test_lint_of_a_folder_without_suites_is_a_usage_error(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert command("lint", "empty") == (
        4,
        "",
        (
            "prompt-suite: empty: there is no suite.yaml below it; a suite file or a folder of suites is allowed; "
            "make one with: prompt-suite init empty/first\n"
        ),
    )


def test_lint_of_what_is_not_there_is_exit_code_2(command: Command) -> None:
    assert command("lint", "absent.yaml") == (
        2,
        "",
        "absent.yaml: the file does not exist; a path to a file is allowed; check the spelling\n",
    )


# -- schema and metrics -------------------------------------------------------------------------------------------


def test_schema_prints_one_form_or_both(command: Command) -> None:
    code, out, _ = command("schema")
    assert code == 0
    assert json.loads(out) == {"suite": suite_schema(), "prompt": prompt_schema()}
    assert json.loads(command("schema", "suite")[1]) == suite_schema()
    assert json.loads(command("schema", "prompt")[1]) == prompt_schema()


def test_schema_writes_files_for_editors(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("schema", "--write", "editor/schemas")
    names = ["editor/schemas/suite.schema.json", "editor/schemas/prompt.schema.json"]
    assert (code, out) == (0, "".join(f"wrote {name}\n" for name in names))
    assert [json.loads((tmp_path / name).read_text()) for name in names] == [suite_schema(), prompt_schema()]


def test_schema_writes_only_the_form_that_is_named(command: Command, tmp_path: Path) -> None:
    assert command("schema", "prompt", "--write", ".")[1] == "wrote prompt.schema.json\n"
    assert not (tmp_path / "suite.schema.json").exists()


def test_schema_that_cannot_be_written_is_one_clear_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert command("schema", "--write", "file/below") == (
        1,
        "",
        (
            "prompt-suite: file/below: the schemas cannot be written (Not a directory); a writable folder is needed; "
            "name another with --write DIR\n"
        ),
    )


def test_metrics_are_listed_one_a_line_with_range_direction_and_needs(command: Command) -> None:
    code, out, _ = command("metrics")
    head, *lines = [re.split(r"  +", line) for line in out.splitlines()]
    rows = {line[0]: line[1:] for line in lines}
    assert code == 0
    assert head == ["metric", "measures", "range", "better", "needs", "what"]
    assert sorted(rows) == list(metric_names())
    assert rows["bleu"][:4] == ["bleu", "0 to 100", "higher", "references"]
    assert rows["rouge"][0] == "rouge1 rouge2 rougeL rougeLsum"
    assert rows["regex"][3] == "option pattern"
    assert rows["judge"][3] == "backend, option backend"
    assert rows["meteor"][3] == "references, extra nltk, option synonyms"
    assert rows["latency_s"][:3] == ["latency_s", "0 to …", "lower"]
    assert rows["latency_s"][-1].endswith("(measured without being listed)")


def test_metrics_as_json_have_signatures_and_options(command: Command) -> None:
    code, out, _ = command("metrics", "--json")
    metrics = {each["name"]: each for each in json.loads(out)}
    assert code == 0
    assert metrics["ter"]["measures"][0]["higher_is_better"] is False
    assert metrics["ter"]["measures"][0]["signature"].startswith("ter|")
    assert (metrics["ter"]["needs"], metrics["cost_usd"]["is_always"]) == (["references"], True)
    pattern = metrics["regex"]["takes"][0]
    assert (pattern["name"], pattern["default"]) == ("pattern", "required")
    assert metrics["regex"]["options"] == {"pattern": "yes|no"}


def test_metric_that_cannot_be_made_here_is_listed_with_the_reason(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.score.nltk_data.find_spec", lambda _name: None)
    code, out, _ = command("metrics")
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith("meteor ")]
    assert line.endswith("not here: metric 'meteor' needs NLTK; run: pip install 'pytest-prompt-suite[nltk]'")


def test_output_that_nobody_reads_to_the_end_is_no_error() -> None:
    program = "import sys; from harness.cli import main; sys.exit(main(sys.argv[1:]))"
    script = f"{sys.executable} -c '{program}' schema | head -c 10"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stderr, len(done.stdout)) == ("", 10)


@pytest.mark.parametrize("arguments", [["metrics"], ["schema"]])
def test_output_that_cannot_be_written_is_one_clear_line(arguments: list[str]) -> None:
    program = "import sys; from harness.cli import main; sys.exit(main(sys.argv[1:]))"
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "prompt-suite: the output: No space left on device; nothing more was done\n"


def test_terminal_that_knows_ascii_only_gets_escapes() -> None:
    program = "import sys; from harness.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", program, "metrics"], capture_output=True, env=environment, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 to \\u2026" in done.stdout


# -- models -------------------------------------------------------------------------------------------------------


def test_models_list_says_what_is_installed_and_how_to_install_the_rest(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    (tmp_path / "models").mkdir()
    gguf(tmp_path / "models/mine.gguf", b"GGUF" * 500_000)
    code, out, err = command("models", "list")
    assert (code, err) == (0, "")
    assert out == (
        "minilm\n"
        "  all-MiniLM-L6-v2, 8 bit, an encoder: the default of bertscore and semantic_similarity\n"
        "  23 MB, licence Apache-2.0\n"
        "  not installed; run: prompt-suite models install minilm\n"
        "minilm-fp32\n"
        "  all-MiniLM-L6-v2 as published, 32 bit, an encoder for bertscore; needs the extra [bertscore]\n"
        "  91 MB, licence Apache-2.0\n"
        "  not installed; run: prompt-suite models install minilm-fp32\n"
        "smollm2\n"
        "  SmolLM2-135M-Instruct, 4 bit: a real language model, but tiny: simple instructions, no judge\n"
        "  98 MB, licence Apache-2.0\n"
        "  not installed; run: prompt-suite models install smollm2\n"
        "mine\n"
        f"  file in {tmp_path / 'models'}\n"
        "  2 MB, licence unknown\n"
        f"  installed: {tmp_path / 'models/mine.gguf'}\n"
    )


def test_models_install_takes_a_file_and_verify_says_its_sha256(command: Command, tmp_path: Path) -> None:
    digest = gguf(tmp_path / "some.gguf")
    assert command("models", "install", "some.gguf", "--name", "mine") == (
        0,
        f"mine: installed, SHA-256 {digest[:16]}…, licence unknown\n",
        "",
    )
    told = f"mine: SHA-256 {digest}; it is a file of one's own, with nothing published to compare it with\n"
    assert command("models", "verify", "mine") == (0, told, "")


def test_model_that_is_not_there_is_exit_code_1_with_what_to_run(command: Command) -> None:
    assert command("models", "verify", "absent") == (
        1,
        "",
        (
            "prompt-suite: the model 'absent' is unknown; available: minilm, minilm-fp32, smollm2; "
            "or write path: FILE.gguf, or run: prompt-suite models install FILE.gguf\n"
        ),
    )


def test_embedded_model_takes_no_other_name(command: Command) -> None:
    assert command("models", "install", "smollm2", "--name", "mine") == (
        1,
        "",
        "prompt-suite: 'smollm2' is an embedded model and keeps its name; leave --name 'mine' out\n",
    )


def test_model_that_cannot_be_put_into_its_folder_is_one_clear_line(command: Command, tmp_path: Path) -> None:
    gguf(tmp_path / "some.gguf")
    (tmp_path / "models/some.gguf").mkdir(parents=True)
    assert command("models", "install", "some.gguf") == (
        1,
        "",
        (
            f"prompt-suite: {tmp_path / 'models/some.gguf'}: the model cannot be put there (Is a directory); "
            "a writable folder with free space is needed; set PROMPT_SUITE_MODELS to one\n"
        ),
    )


def test_file_that_is_no_model_is_exit_code_1(command: Command, tmp_path: Path) -> None:
    gguf(tmp_path / "some.gguf", b"text")
    assert command("models", "install", "some.gguf") == (
        1,
        "",
        "prompt-suite: some.gguf: this is no GGUF file; only GGUF models can be run\n",
    )


def test_module_is_the_command_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("prompt-suite ")
