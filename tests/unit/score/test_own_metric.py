from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import OptionError
from harness.schema import Answer, Generation, MetricSpec
from harness.score import Scorer, create

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import Score


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def _made(folder: Path, source: str, name: str = "own.py:rate", **options: Any) -> MetricSpec:
    (folder / "own.py").write_text(source)
    return MetricSpec(name, options, folder)


def _score(spec: MetricSpec, answer: Answer | None = None) -> Score:
    return Scorer([spec]).score(
        [answer or Answer("Out", ("ref",), {"city": "Rome"}, Generation("Out", latency_s=2.0))]
    )[0][0]


def _error(spec: MetricSpec) -> OptionError:
    with pytest.raises(OptionError) as raised:
        create(spec)
    return raised.value


@pytest.mark.parametrize(
    ("parameters", "expression", "value"),
    [
        ("output", "output == 'Out'", 1.0),
        ("references, output", "references == ['ref'] and output == 'Out'", 1.0),
        ("sample", "sample['city'] == 'Rome'", 1.0),
        ("generation", "generation.latency_s / 4", 0.5),
        ("", "0", 0.0),
    ],
)
def test_a_function_gets_what_it_names(folder: Path, *, parameters: str, expression: str, value: float) -> None:
    score = _score(_made(folder, f"def rate({parameters}):\n    return {expression}\n"))
    assert (score.metric, score.value, score.status) == ("rate", value, "scored")


def test_options_are_keyword_arguments(folder: Path) -> None:
    source = "def rate(output, *, longest, unit=2):\n    return len(output) / unit <= longest\n"
    assert _score(_made(folder, source, longest=2)).value == 1.0
    assert _score(_made(folder, source, longest=2, unit=1)).value == 0.0


def test_a_reason_may_come_with_the_value(folder: Path) -> None:
    score = _score(_made(folder, "def rate(output):\n    return 0.25, 'too long'\n"))
    assert (score.value, score.reason) == (0.25, "too long")


@pytest.mark.parametrize(
    ("returned", "reason"),
    [("None", "the function says that it does not apply"), ("(None, 'no city')", "no city")],
)
def test_none_means_unscored(folder: Path, returned: str, reason: str) -> None:
    score = _score(_made(folder, f"def rate(output):\n    return {returned}\n"))
    assert (score.value, score.status, score.reason) == (None, "unscored", reason)


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("'0.5'", "the function returned '0.5'; allowed: a number, true or false, (value, reason), or None"),
        ("{'a': 1}", "the function returned {'a': 1}; allowed: a number, true or false, (value, reason), or None"),
        ("(1, 2)", "the function returned (1, 2); allowed: a number, true or false, (value, reason), or None"),
        ("float('nan')", "the value is nan; allowed: a finite number"),
        ("float('inf')", "the value is inf; allowed: a finite number"),
        ("1.5", "the value is 1.5; allowed: from 0 to 1"),
        ("-1", "the value is -1; allowed: from 0 to 1"),
        ("1 / 0", "ZeroDivisionError: division by zero (PLACE:2)"),
        ("[][1]", "IndexError: list index out of range (PLACE:2)"),
        ("int('a\\nb')", "ValueError: invalid literal for int() with base 10: 'a\\nb' (PLACE:2)"),
    ],
)
def test_anything_else_is_a_failed_score_with_one_line(folder: Path, returned: str, reason: str) -> None:
    score = _score(_made(folder, f"def rate(output):\n    return {returned}\n"))
    (file,) = folder.glob("*.py")
    assert (score.value, score.status, score.reason) == (None, "failed", reason.replace("PLACE", str(file)))


def test_error_deep_in_a_library_is_placed_in_the_users_own_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "import json\ndef helper(output):\n    return json.loads(output)\ndef rate(output):\n    return helper('{')\n"
    )
    monkeypatch.chdir(folder)
    score = _score(_made(folder, source))
    (file,) = folder.glob("*.py")
    assert score.reason is not None
    assert score.reason.startswith("JSONDecodeError: ")
    assert score.reason.endswith(f" ({file.name}:3)")


def test_numpy_numbers_are_numbers(folder: Path) -> None:
    source = "import numpy as np\ndef rate(output):\n    return np.{}(1)\n"
    assert _score(_made(folder, source.format("float32"))).value == 1.0
    assert _score(_made(folder, source.format("bool_"))).value == 1.0
    assert _score(_made(folder, source.format("ones"))).status == "failed"


def test_attributes_of_the_function_say_range_and_direction(folder: Path) -> None:
    source = "def rate(output):\n    return 250\nrate.low, rate.high, rate.higher_is_better = 10, None, False\n"
    measure = create(_made(folder, source)).measures[0]
    assert (measure.low, measure.high, measure.higher_is_better, measure.unit) == (10.0, None, False, "score")
    assert _score(_made(folder, source)).value == 250.0


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("higher_is_better = 1", "metric 'own.py:rate': its higher_is_better is 1; allowed: True or False"),
        (
            "low = 2",
            (
                "metric 'own.py:rate': its low is 2 and high 1.0; "
                "allowed: finite numbers, low below high; high may be None"
            ),
        ),
        (
            "high = float('nan')",
            (
                "metric 'own.py:rate': its low is 0.0 and high nan; "
                "allowed: finite numbers, low below high; high may be None"
            ),
        ),
    ],
)
def test_an_attribute_of_the_wrong_kind_is_an_error(folder: Path, attribute: str, message: str) -> None:
    assert str(_error(_made(folder, f"def rate(output):\n    return 0\nrate.{attribute}\n"))) == message


def test_references_without_a_default_are_needed(folder: Path) -> None:
    needed = _made(folder, "def rate(output, references):\n    return output in references\n")
    assert create(needed).needs_references
    score = _score(needed, Answer("x", (), {}, None))
    assert (score.status, score.reason) == ("unscored", "the sample has no reference")


def test_references_with_a_default_are_not_needed(folder: Path) -> None:
    free = _made(folder, "def rate(output, references=()):\n    return not references\n")
    assert not create(free).needs_references
    assert _score(free, Answer("x", (), {}, None)).value == 1.0


def test_the_signature_holds_the_whole_file_and_the_options(folder: Path) -> None:
    source = "LIMIT = {}\ndef rate(output, x=0):\n    return len(output) < LIMIT\n"
    edits: list[tuple[int, dict[str, Any]]] = [(3, {}), (4, {}), (4, {"x": 1}), (4, {})]
    signatures = [
        create(_made(folder, source.format(limit), **options)).measures[0].signature for limit, options in edits
    ]
    assert len(set(signatures[:3])) == 3
    assert signatures[1] == signatures[3]
    assert signatures[0].startswith("own:own.py:rate|source:")


def test_an_edited_file_is_loaded_anew(folder: Path) -> None:
    assert _score(_made(folder, "def rate(output):\n    return 0\n")).value == 0.0
    assert _score(_made(folder, "def rate(output):\n    return 1\n")).value == 1.0


def test_a_file_is_loaded_once(folder: Path) -> None:
    spec = _made(
        folder,
        "import sys\nsys.own_metric_loads = getattr(sys, 'own_metric_loads', 0) + 1\nrate = len\n"
        "def rate(output):\n    return 1\n",
    )
    try:
        create(spec)
        create(spec)
        assert sys.own_metric_loads == 1  # type: ignore[attr-defined]
    finally:
        del sys.own_metric_loads  # type: ignore[attr-defined]


def test_a_file_may_import_its_neighbours_and_leaves_the_path_alone(folder: Path) -> None:
    (folder / "neighbour_of_own.py").write_text("LIMIT = 1\n")
    before = list(sys.path)
    spec = _made(folder, "from neighbour_of_own import LIMIT\ndef rate(output):\n    return LIMIT\n")
    assert _score(spec).value == 1.0
    assert sys.path == before


def test_dataclasses_work_in_the_users_file(folder: Path) -> None:
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Point:\n    x: int\ndef rate(output):\n    return Point(1).x\n"
    )
    assert _score(_made(folder, source)).value == 1.0


def test_a_function_of_a_package_is_found_by_its_module() -> None:
    from pathlib import Path

    spec = MetricSpec("math:hypot", {}, Path())
    assert str(_error(spec)) == "metric 'math:hypot' does not say which parameters it has; allowed: a Python function"


def test_a_class_is_made_with_the_options(folder: Path) -> None:
    source = (
        "from harness.schema import Measure, Score\n"
        "class Batch:\n"
        "    needs_references = False\n"
        "    def __init__(self, options):\n"
        "        self.measures = (Measure('lengths', 'score', 0, options['high'], True, 'lengths'),)\n"
        "    def score(self, answers):\n"
        "        return [(Score('lengths', float(len(a.output)), 'scored'),) for a in answers]\n"
    )
    score = _score(_made(folder, source, "own.py:Batch", high=10))
    assert (score.metric, score.value) == ("lengths", 3.0)


@pytest.mark.parametrize(
    ("source", "name", "options", "message"),
    [
        (
            "def rate(output):\n    return 1\n",
            "own.py:rat",
            {},
            (
                "metric 'own.py:rat': own.py has no 'rat'; allowed: file.py:function, relative to the file that "
                "names it, or package.module:function. Did you mean 'rate'?"
            ),
        ),
        (
            "",
            "own.py:",
            {},
            (
                "metric 'own.py:' names no function; allowed: file.py:function, relative to the file that names it, "
                "or package.module:function"
            ),
        ),
        (
            "x = (\n",
            "own.py:rate",
            {},
            "metric 'own.py:rate': own.py cannot be loaded: SyntaxError: line 1: '(' was never closed; mend it",
        ),
        (
            "import no_such_module_at_all\n",
            "own.py:rate",
            {},
            (
                "metric 'own.py:rate': own.py cannot be loaded: "
                "ModuleNotFoundError: No module named 'no_such_module_at_all'; mend it"
            ),
        ),
        (
            "raise SystemExit(3)\n",
            "own.py:rate",
            {},
            "metric 'own.py:rate': own.py cannot be loaded: SystemExit: 3; mend it",
        ),
        (
            "",
            "no_such_module_at_all:rate",
            {},
            (
                "metric 'no_such_module_at_all:rate': no_such_module_at_all cannot be loaded: "
                "ModuleNotFoundError: No module named 'no_such_module_at_all'; mend it"
            ),
        ),
        (
            "rate = 3\n",
            "own.py:rate",
            {},
            "metric 'own.py:rate' is 3; allowed: a function, or a class with measures and score",
        ),
        (
            "def rate(output):\n    return 1\n",
            "own.py:rate",
            {"limit": 3},
            "metric 'own.py:rate' has no option 'limit'; it takes none; remove it",
        ),
        (
            "def rate(output, limits=1):\n    return 1\n",
            "own.py:rate",
            {"limit": 3},
            "metric 'own.py:rate' has no option 'limit'; available: limits. Did you mean 'limits'?",
        ),
        (
            "def rate(output):\n    return 1\n",
            "own.py:rate",
            {"output": "x"},
            "metric 'own.py:rate' has no option 'output'; it takes none; remove it",
        ),
        (
            "def rate(output, limit):\n    return 1\n",
            "own.py:rate",
            {},
            (
                "metric 'own.py:rate' needs the option 'limit'; its function names it without a default; "
                "without options a function may name output, references, sample, generation"
            ),
        ),
        (
            "async def rate(output):\n    return 1\n",
            "own.py:rate",
            {},
            "metric 'own.py:rate' is an async function or a generator; allowed: a plain function",
        ),
        (
            "def rate(output, /):\n    return 1\n",
            "own.py:rate",
            {},
            (
                "metric 'own.py:rate' has the parameter 'output' that cannot be given by name; "
                "allowed: output, references, sample, generation and options, without / and *"
            ),
        ),
        (
            "class Rate:\n    def __init__(self, options):\n        pass\n",
            "own.py:Rate",
            {},
            (
                "metric 'own.py:Rate' is the class Rate; "
                "allowed: a class whose objects have measures, needs_references and score"
            ),
        ),
        (
            "class Rate:\n    pass\n",
            "own.py:Rate",
            {},
            (
                "metric 'own.py:Rate' cannot be made: TypeError: Rate() takes no arguments; "
                "allowed: a class that takes the mapping of options"
            ),
        ),
    ],
)
def test_what_cannot_be_a_metric_is_an_option_error(
    folder: Path, *, source: str, name: str, options: dict[str, Any], message: str
) -> None:
    assert str(_error(_made(folder, source, name, **options))) == message


def test_a_missing_file_is_named(folder: Path) -> None:
    assert str(_error(MetricSpec("gone.py:rate", {}, folder))) == (
        f"metric 'gone.py:rate': there is no file {folder / 'gone.py'}; "
        "allowed: file.py:function, relative to the file that names it, or package.module:function"
    )
