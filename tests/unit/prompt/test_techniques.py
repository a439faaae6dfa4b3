"""Examples shown before the question, and reasoning asked for after it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import RenderError
from harness.prompt import Renderer
from harness.schema import ChainOfThoughtSpec, ExamplesSpec, Message, Techniques

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROWS = tuple(
    {"text": text, "label": label}
    for text, label in [
        ("late train", "negative"),
        ("great coffee", "positive"),
        ("cold coffee", "negative"),
        ("it is a chair", "neutral"),
        ("the train was on time", "positive"),
        ("broken chair", "negative"),
    ]
)


def examples(select: Any, k: int = 2, *, rows: tuple[Mapping[str, Any], ...] = ROWS, seed: int = 0) -> Techniques:
    return Techniques(examples=ExamplesSpec(rows, select, k, "label", seed))


def shown(chat: tuple[Message, ...]) -> list[str]:
    """The questions of the examples, in order."""
    return [message.content for message in chat if message.role == "user"][:-1]


def test_examples_are_turns_between_system_message_and_question(
    make_variant: Callable[..., Any], render_chat: Callable[..., Any]
) -> None:
    variant = make_variant(("system", "Be brief."), ("user", "Classify: {{ text }}"), techniques=examples("first"))
    assert render_chat(variant, text="?") == (
        Message("system", "Be brief."),
        Message("user", "Classify: late train"),
        Message("assistant", "negative"),
        Message("user", "Classify: great coffee"),
        Message("assistant", "positive"),
        Message("user", "Classify: ?"),
    )


def test_an_example_of_a_chat_has_all_its_turns(make_variant: Any, render_chat: Callable[..., Any]) -> None:
    variant = make_variant(
        ("system", "S"),
        ("user", "Read: {{ text }}"),
        ("assistant", "Done."),
        ("user", "Which label?"),
        techniques=examples("first", 1),
    )
    assert [(message.role, message.content) for message in render_chat(variant, text="?")] == [
        ("system", "S"),
        ("user", "Read: late train"),
        ("assistant", "Done."),
        ("user", "Which label?"),
        ("assistant", "negative"),
        ("user", "Read: ?"),
        ("assistant", "Done."),
        ("user", "Which label?"),
    ]


@pytest.mark.parametrize("select", ["first", "random", "balanced", "similar"])
def test_an_example_that_asks_the_same_is_never_shown(make_variant: Any, render_chat: Any, select: str) -> None:
    variant = make_variant(techniques=examples(select, 6))
    for row in ROWS:
        others = shown(render_chat(variant, text=row["text"], label="hidden"))
        assert sorted(others) == sorted(other["text"] for other in ROWS if other["text"] != row["text"])


@pytest.mark.parametrize("select", ["first", "random", "balanced", "similar"])
def test_k_examples_are_shown_also_when_one_is_skipped(make_variant: Any, render_chat: Any, select: str) -> None:
    for k in (0, 1, 3):
        variant = make_variant(techniques=examples(select, k))
        assert len(shown(render_chat(variant, text="late train"))) == k


@pytest.mark.parametrize("select", ["random", "balanced"])
def test_a_sample_keeps_its_examples_whatever_else_is_in_the_dataset(
    make_variant: Any, make_sample: Any, select: str
) -> None:
    variant = make_variant(techniques=examples(select, 3))
    alone = Renderer().render(variant, make_sample("s7", text="?"))
    among = Renderer()
    for number in range(7):
        among.render(variant, make_sample(f"s{number}", text="?"))
    assert among.render(variant, make_sample("s7", text="?")) == alone


@pytest.mark.parametrize("select", ["random", "balanced"])
def test_samples_and_seeds_differ_in_their_examples(make_variant: Any, render_chat: Any, select: str) -> None:
    variant, other = (make_variant(techniques=examples(select, 3, seed=seed)) for seed in (0, 1))
    by_sample = {tuple(shown(render_chat(variant, f"s{number}", text="?"))) for number in range(30)}
    by_seed = {tuple(shown(render_chat(other, f"s{number}", text="?"))) for number in range(30)}
    assert len(by_sample) > 10
    assert by_sample != by_seed


def test_random_shows_every_example_about_as_often(make_variant: Any, make_sample: Any) -> None:
    renderer, variant = Renderer(), make_variant(techniques=examples("random", 2))
    counts = Counter(
        text for number in range(3000) for text in shown(renderer.render(variant, make_sample(f"s{number}", text="?")))
    )
    assert len(counts) == 6
    assert all(850 < count < 1150 for count in counts.values())  # 1000 expected, standard deviation 26


def test_balanced_takes_the_classes_in_turn(make_variant: Any, render_chat: Any) -> None:
    labels = {row["text"]: row["label"] for row in ROWS}
    for number in range(30):
        variant = make_variant(techniques=examples("balanced", 6))
        drawn = [labels[text] for text in shown(render_chat(variant, f"s{number}", text="?"))]
        assert len(set(drawn[:3])) == 3
        assert set(drawn[3:5]) == {"negative", "positive"}
        assert drawn[5] == "negative"


def test_similar_puts_the_nearest_next_to_the_question(make_variant: Any, render_chat: Any) -> None:
    variant = make_variant(techniques=examples("similar", 2))
    assert shown(render_chat(variant, text="Cold coffee, please!")) == ["great coffee", "cold coffee"]
    assert shown(render_chat(variant, text="the train was late")) == ["the train was on time", "late train"]


def test_equally_similar_examples_keep_the_order_of_the_file(make_variant: Any, render_chat: Any) -> None:
    rows = tuple({"text": f"b a {number}", "label": "x"} for number in range(20))
    variant = make_variant(techniques=examples("similar", 3, rows=rows))
    assert shown(render_chat(variant, text="a b")) == ["b a 2", "b a 1", "b a 0"]
    assert shown(render_chat(variant, text="nothing shared")) == ["b a 2", "b a 1", "b a 0"]


def test_similar_orders_many_examples_as_it_orders_few() -> None:
    from harness.prompt.similarity import SimilarityIndex

    texts = [f"a {'b ' * (number % 7)} {'c ' * (number % 3)} {number % 50}" for number in range(200)]
    index = SimilarityIndex(texts)
    cosines = index.cosines("a b c 7").round(12).tolist()
    assert list(index.nearest("a b c 7")) == sorted(range(200), key=lambda row: (-cosines[row], row))
    assert list(index.nearest("nothing shared")) == list(range(200))


def test_similar_looks_at_the_text_inputs_alone(make_variant: Any, render_chat: Any) -> None:
    rows = ({"text": "x", "n": 5, "label": "a"}, {"text": "y", "n": 7, "label": "b"})
    variant = make_variant(
        ("user", "{{ text }}{{ n }}"), inputs={"text": "str", "n": "int"}, techniques=examples("similar", 1, rows=rows)
    )
    assert shown(render_chat(variant, text="y", n=5)) == ["y7"]


@pytest.mark.parametrize("select", ["first", "random", "balanced", "similar"])
def test_no_examples_at_all_leave_the_question_alone(make_variant: Any, render_chat: Any, select: str) -> None:
    assert len(render_chat(make_variant(techniques=examples(select, 3, rows=())), text="?")) == 1


def test_an_example_without_an_input_or_answer_is_named(make_variant: Any, render_chat: Any) -> None:
    where = "prompt few_shot@1.1, example 1: "
    for row, message in (
        ({"label": "a"}, "variable 'text' is missing; columns there: label; add the column or mend `inputs`"),
        ({"text": "a"}, "column 'label' is missing; it holds the answer; add it"),
    ):
        with pytest.raises(RenderError) as raised:
            render_chat(make_variant(techniques=examples("first", rows=(row,))), text="?")
        assert str(raised.value) == where + message


def test_text_of_an_example_is_never_evaluated(make_variant: Any, render_chat: Any) -> None:
    rows = ({"text": "{{ 7*7 }}", "label": "{{ 8*8 }}"},)
    chat = render_chat(make_variant(techniques=examples("first", 1, rows=rows)), text="?")
    assert [message.content for message in chat] == ["{{ 7*7 }}", "{{ 8*8 }}", "?"]


def test_examples_of_two_samples_are_the_same_objects(make_variant: Any, make_sample: Any) -> None:
    renderer, variant = Renderer(), make_variant(techniques=examples("first", 2))
    first, second = (renderer.render(variant, make_sample(text=text)) for text in "ab")
    assert all(one is other for one, other in zip(first[:-1], second[:-1], strict=True))


def test_reasoning_is_asked_for_after_the_question_and_not_in_examples(make_variant: Any, render_chat: Any) -> None:
    reasoning = ChainOfThoughtSpec("Think step by step.", "Answer:")
    techniques = Techniques(examples("first", 1).examples, reasoning)
    variant = make_variant(("system", "S"), ("user", "{{ text }}\n"), techniques=techniques)
    assert [message.content for message in render_chat(variant, text="?")] == [
        "S",
        "late train",
        "negative",
        "?\n\nThink step by step.",
    ]


def test_reasoning_is_asked_for_in_the_last_user_message(make_variant: Any, render_chat: Any) -> None:
    variant = make_variant(
        ("user", "{{ text }}"),
        ("assistant", "a"),
        ("user", "q"),
        ("assistant", "prefill"),
        techniques=Techniques(chain_of_thought=ChainOfThoughtSpec("Think.", "Answer:")),
    )
    assert [message.content for message in render_chat(variant, text="?")] == ["?", "a", "q\n\nThink.", "prefill"]
