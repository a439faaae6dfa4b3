from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.schema import ChainOfThoughtSpec, ExamplesSpec, OutputSpec

if TYPE_CHECKING:
    from harness.schema import Variant
    from tests.unit.suite.conftest import Project

PROMPT = "inputs: {text: str}\ntemplate: '{{ text }}'\n"
INSTRUCTION = (
    'Think step by step. Then give the final answer on the last line as "Answer: " followed by the answer only.'
)


def _variants(project: Project, prompts: str) -> list[Variant]:
    project.suite(f"dataset: {{path: ../../datasets/demo.jsonl, reference: label}}\nprompts: {prompts}\n")
    return list(project.load().variants)


def _techniques(project: Project, techniques: str, prompts: str = "[few_shot]") -> Variant:
    project.write("suites/demo/prompts/few_shot/v1.0.yaml", f"{PROMPT}techniques: {techniques}\n")
    return _variants(project, prompts)[0]


def test_the_highest_version_is_meant_by_a_bare_name(project: Project) -> None:
    for version in ("1.9", "1.10", "1.2"):
        project.prompt(PROMPT, version)
    assert [variant.prompt.version for variant in _variants(project, "[zero_shot]")] == ["1.10"]


def test_a_version_is_not_read_as_a_number(project: Project) -> None:
    project.prompt("metadata: {version: 1.1}\n" + PROMPT, "1.1")
    project.prompt("metadata: {version: 1.10}\n" + PROMPT, "1.10")
    variants = _variants(project, "[zero_shot@1.1, zero_shot@1.10]")
    assert [variant.prompt.version for variant in variants] == ["1.1", "1.10"]
    assert [variant.name for variant in variants] == ["zero_shot@1.1", "zero_shot@1.10"]


def test_a_label_means_its_version(project: Project) -> None:
    project.prompt("metadata: {labels: [no]}\n" + PROMPT, "2")
    project.prompt(PROMPT, "3")
    variant = _variants(project, "[zero_shot@no]")[0]
    assert (variant.name, variant.prompt.version, variant.prompt.labels) == ("zero_shot@no", "2", ("no",))


def test_a_mapping_names_its_variant(project: Project) -> None:
    variants = _variants(project, "[{prompt: few_shot@1.0, name: mine}, {prompt: few_shot}]")
    assert [variant.name for variant in variants] == ["mine", "few_shot"]


def test_metadata_is_kept(project: Project) -> None:
    project.prompt("metadata: {version: '1.0', created: 2026-11-22, author: team-ai, labels: [a, b]}\n" + PROMPT)
    prompt = _variants(project, "[zero_shot]")[0].prompt
    assert (prompt.created, prompt.author, prompt.labels) == ("2026-11-22", "team-ai", ("a", "b"))
    assert prompt.path == "suites/demo/prompts/zero_shot/v1.0.yaml"


def test_messages_know_the_line_of_their_source(project: Project) -> None:
    messages = _variants(project, "[zero_shot]")[0].prompt.messages
    assert [(message.role, message.line) for message in messages] == [("system", 2), ("user", 4)]
    assert messages[1].source == "Classify:\n{{ text }}\n"


def test_a_whole_chat_may_be_written(project: Project) -> None:
    chat = "[{role: system, content: You.}, {role: user, content: '{{ text }}'}, {role: assistant, content: Label}]"
    project.prompt(f"inputs: {{text: str}}\nmessages: {chat}\n")
    messages = _variants(project, "[zero_shot]")[0].prompt.messages
    assert [(message.role, message.source) for message in messages] == [
        ("system", "You."), ("user", "{{ text }}"), ("assistant", "Label"),
    ]  # fmt: skip


def test_a_template_without_variables_needs_no_inputs(project: Project) -> None:
    project.prompt("template: Say yes.\n")
    project.suite("dataset: {path: ../../datasets/demo.jsonl, ignore: all}\nprompts: [zero_shot]\n")
    assert project.load().variants[0].prompt.inputs == {}


def test_output_is_read(project: Project) -> None:
    project.prompt(
        PROMPT + "output: {strip_fences: true, last_line: true, regex: '(a|b)', json_schema: {type: string}}\n"
    )
    assert _variants(project, "[zero_shot]")[0].prompt.output == OutputSpec(
        strip_fences=True, last_line=True, regex="(a|b)", json_schema={"type": "string"}
    )


def test_examples_have_defaults(project: Project) -> None:
    variant = _variants(project, "[few_shot]")[0]
    assert variant.techniques == variant.prompt.techniques
    assert variant.techniques.examples == ExamplesSpec(
        rows=({"text": "good", "answer": "positive"}, {"text": "bad", "answer": "negative"}),
        select="first",
        k=2,
        answer="answer",
        seed=0,
    )


def test_the_suites_techniques_are_laid_over_the_prompts_key_by_key(project: Project) -> None:
    laid = "{prompt: few_shot, name: b, techniques: {examples: {select: similar, k: 1}, chain_of_thought: true}}"
    plain, variant = _variants(project, f"[few_shot, {laid}]")
    examples = variant.techniques.examples
    assert examples is not None
    assert (examples.select, examples.k, len(examples.rows)) == ("similar", 1, 2)
    assert variant.techniques.chain_of_thought == ChainOfThoughtSpec(INSTRUCTION, "Answer:")
    assert plain.techniques.chain_of_thought is None
    assert variant.prompt.content_hash != plain.prompt.content_hash


@pytest.mark.parametrize("k", [0, 1])
def test_k_may_be_any_number_up_to_the_rows(project: Project, k: int) -> None:
    examples = _techniques(project, f"{{examples: {{path: examples.jsonl, k: {k}, seed: 0}}}}").techniques.examples
    assert examples is not None
    assert examples.k == k


def test_a_path_of_the_suite_entry_is_relative_to_the_suite_file(project: Project) -> None:
    project.write("suites/demo/more.csv", "text,answer\nso so,neutral\n")
    entry = "{prompt: few_shot, name: more, techniques: {examples: {path: more.csv}}}"
    examples = _variants(project, f"[{entry}]")[0].techniques.examples
    assert examples is not None
    assert examples.rows == ({"text": "so so", "answer": "neutral"},)


def test_answers_of_examples_become_text(project: Project) -> None:
    project.write(
        "suites/demo/prompts/few_shot/examples.yaml",
        "- {text: x, answer: {b: 1.0, a: no}}\n- {text: y, answer: 1.10}\n",
    )
    examples = _techniques(project, "{examples: {path: examples.yaml}}").techniques.examples
    assert examples is not None
    assert [row["answer"] for row in examples.rows] == ['{"a":"no","b":1.0}', "1.10"]


@pytest.mark.parametrize(
    ("own", "laid", "expected"),
    [
        ("true", None, ChainOfThoughtSpec(INSTRUCTION, "Answer:")),
        ("false", None, None),
        ("{answer_prefix: '=>'}", None, ChainOfThoughtSpec(INSTRUCTION, "=>")),
        ("true", "false", None),
        ("{answer_prefix: '=>'}", "true", ChainOfThoughtSpec(INSTRUCTION, "=>")),
        ("{answer_prefix: '=>'}", "{instruction: Think.}", ChainOfThoughtSpec("Think.", "=>")),
    ],
)
def test_chain_of_thought_layers(
    project: Project, *, own: str, laid: str | None, expected: ChainOfThoughtSpec | None
) -> None:
    techniques = f", techniques: {{chain_of_thought: {laid}}}" if laid is not None else ""
    variant = _techniques(project, f"{{chain_of_thought: {own}}}", f"[{{prompt: few_shot{techniques}}}]")
    assert variant.techniques.chain_of_thought == expected


def test_the_content_hash_follows_file_and_examples(project: Project) -> None:
    before = _variants(project, "[few_shot]")[0].prompt.content_hash
    again = _variants(project, "[few_shot]")[0].prompt.content_hash
    project.write("suites/demo/prompts/few_shot/examples.jsonl", '{"text": "great", "answer": "positive"}\n')
    examples = _variants(project, "[few_shot]")[0].prompt.content_hash
    changed = PROMPT.replace("}}'", "}}.'") + "techniques: {examples: {path: examples.jsonl}}\n"
    project.write("suites/demo/prompts/few_shot/v1.0.yaml", changed)
    text = _variants(project, "[few_shot]")[0].prompt.content_hash
    assert again == before
    assert len({before, examples, text}) == 3


def test_a_label_that_a_broken_version_may_hold_is_not_called_unknown(project: Project) -> None:
    project.prompt("metadata: [", "2.0")
    project.suite("dataset: {path: ../../datasets/demo.jsonl, reference: label}\nprompts: [zero_shot@prod]\n")
    lines = project.mistakes().split("\n")
    assert [line.split(":")[0] for line in lines] == ["suites/demo/prompts/zero_shot/v2.0.yaml"]


def test_the_content_hash_does_not_follow_metadata_and_comments(project: Project) -> None:
    project.write("suites/demo/prompts/few_shot/v1.0.yaml", PROMPT)
    before = _variants(project, "[few_shot]")[0].prompt.content_hash
    labelled = f"# a note\nmetadata:\n  labels: [prod-b]  # since May\n{PROMPT}"
    project.write("suites/demo/prompts/few_shot/v1.0.yaml", labelled)
    assert _variants(project, "[few_shot]")[0].prompt.content_hash == before


def test_the_content_hash_follows_how_a_number_is_written_in_a_text(project: Project) -> None:
    hashes = set()
    for number in ("1.1", "1.10", "'1.1'"):
        project.write("suites/demo/prompts/few_shot/v1.0.yaml", f"{PROMPT}system: {number}\n")
        hashes.add(_variants(project, "[few_shot]")[0].prompt.content_hash)
    assert len(hashes) >= 2
