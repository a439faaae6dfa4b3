"""Writes the datasets of this folder, and the examples of the suites' prompts, from their public sources.

    python datasets/build.py SOURCES

SOURCES holds these files, which the SOURCE.md files beside this one say where to find:

    banking77/test.csv
    banking77/train_5_per_class.jsonl              five rows (text, category) of each intent of train.csv
    bipia/email_test.jsonl, email_train.jsonl      benchmark/email/test.jsonl, train.jsonl
    humaneval/HumanEval.jsonl.gz
    lost_in_conversation/sharded_translation.json  data/sharded_translation.json
    unieval/topical_chat_result.json               reproduce/unieval_predict/topical_chat_result.json
    bfcl/BFCL_v4_simple_python.json, possible_answer_BFCL_v4_simple_python.json

The folders may be called `injection_bipia` and `bfcl_simple` as well. The choice of rows depends on their text alone,
so that the same sources give the same files.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import itertools
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITES = HERE.parent / "suites"

TOPICS = {
    "exchange": ("exchange_rate", "exchange_charge", "exchange_via_app", "fiat_currency_support"),
    "pin": ("pin_blocked", "change_pin", "passcode_forgotten"),
    "lost": ("lost_or_stolen_card", "lost_or_stolen_phone"),
    "delivery": ("card_arrival", "card_delivery_estimate"),
    "refund": ("request_refund", "Refund_not_showing_up"),
}
"""Our topics and the intents of Banking77 they stand for."""
ROWS_A_TOPIC = 20
EXAMPLES_AN_INTENT = 5


def main(arguments: list[str]) -> int:
    """The exit code: 0 written, 4 wrong usage."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 4
    sources = Path(arguments[0])
    build_feedback(sources / "banking77")
    build_answers(_either(sources, "bipia", "injection_bipia"))
    build_extraction(_either(sources, "bfcl", "bfcl_simple"))
    build_code_generation(sources / "humaneval")
    build_summaries(sources / "lost_in_conversation")
    build_dialogue(_either(sources, "unieval", "unieval_topical_chat"))
    return 0


def build_feedback(folder: Path) -> None:
    """feedback.jsonl: topics in turn, so that the head of the file holds as many of each."""
    topic_of = {intent: topic for topic, intents in TOPICS.items() for intent in intents}
    with (folder / "test.csv").open(encoding="utf-8", newline="") as lines:
        rows = [
            {"id": f"fb{number:04}", "text": row["text"], "intent": row["category"], "label": topic_of[row["category"]]}
            for number, row in enumerate(csv.DictReader(lines), 1)
            if row["category"] in topic_of
        ]
    chosen = [_by_hash([row for row in rows if row["label"] == topic], "text")[:ROWS_A_TOPIC] for topic in TOPICS]
    _write(HERE / "feedback.jsonl", [row for turn in zip(*chosen, strict=True) for row in turn])
    training = [row for row in _json_lines(folder / "train_5_per_class.jsonl") if row["category"] in topic_of]
    by_intent = [
        [row for row in training if row["category"] == intent][:EXAMPLES_AN_INTENT]
        for intent in itertools.chain.from_iterable(TOPICS.values())
    ]
    examples = [
        {"text": row["text"], "label": topic_of[row["category"]]}
        for turn in itertools.zip_longest(*by_intent)
        for row in turn
        if row is not None
    ]
    _write(SUITES / "feedback/prompts/few_shot/examples.jsonl", examples)


EMAIL_EXAMPLES = 2
LONGEST_EMAIL = 580
"""Characters: longer ones cost seconds of prompt on a small machine."""


def build_answers(folder: Path) -> None:
    """answers.jsonl: the questions that their e-mail answers, one of them an e-mail, and none of an example's."""
    rows = {split: _answers_rows(folder / f"email_{split}.jsonl", split) for split in ("test", "train")}
    examples = sorted(rows["train"], key=lambda row: len(row["email"]))[:EMAIL_EXAMPLES]
    shown = {row["email"] for row in examples}
    once = {row["email"]: row for split in ("train", "test") for row in reversed(rows[split])}
    tested = _by_hash([row for email, row in once.items() if email not in shown], "email")
    _write(HERE / "answers.jsonl", tested)
    for row in examples:
        row["answer"] = row["answer"][0]
    _write(SUITES / "answers/prompts/few_shot/examples.jsonl", [_without(row, "id") for row in examples])


def _answers_rows(path: Path, split: str) -> list[dict]:
    rows = []
    for number, row in enumerate(_json_lines(path), 1):
        email, accepted = row["context"].strip(), _ways_to_write(row["ideal"])
        if len(email) <= LONGEST_EMAIL and any(amount in email for amount in accepted):
            question = row["question"].removeprefix("Q: ")
            rows.append({"id": f"em-{split}{number:02}", "email": email, "question": question, "answer": accepted})
    return rows


def _ways_to_write(amount: str) -> list[str]:
    """An amount with a comma, a blank (the source lost its commas) and nothing between the thousands; as asked first."""
    whole, dot, cents = amount.removeprefix("$").replace(",", "").replace(" ", "").partition(".")
    if not whole.isdigit():
        return []
    with_comma = f"${int(whole):,}{dot}{cents}"
    return list(dict.fromkeys([with_comma, with_comma.replace(",", " "), with_comma.replace(",", "")]))


LONGEST_SENTENCE = 110
MOST_REFERENCES = 8
EXTRACTION_ROWS = 40
CALL_EXAMPLES = ("bfcl218", "bfcl331")
"""One of two texts, of which one looks like a number, and one of a text and a number."""


def build_extraction(folder: Path) -> None:
    """extraction.jsonl: calls of two or three plain arguments whose values stand in the sentence."""
    questions = _json_lines(folder / "BFCL_v4_simple_python.json")
    answers = _json_lines(folder / "possible_answer_BFCL_v4_simple_python.json")
    rows, seen = [], set()
    for question, answer in zip(questions, answers, strict=True):
        if question["id"] != answer["id"]:
            raise SystemExit(f"{question['id']}: its answer is that of {answer['id']}")
        row = _extraction_row(question, answer)
        if row is not None and (fields := tuple(row["fields"])) not in seen:
            seen.add(fields)
            rows.append(row)
    ordered = _by_hash(rows, "text")
    tested = [row for row in ordered if row["id"] not in CALL_EXAMPLES][:EXTRACTION_ROWS]
    _write(HERE / "extraction.jsonl", tested)
    examples = [row for name in CALL_EXAMPLES for row in rows if row["id"] == name]
    shown = [{**row, "answer": json.dumps(json.loads(row["answer"][0]), ensure_ascii=False)} for row in examples]
    _write(SUITES / "extraction/prompts/few_shot/examples.jsonl", [_without(row, "id") for row in shown])


def _extraction_row(question: dict, answer: dict) -> dict | None:
    text = question["question"][0][0]["content"].strip()
    parameters = question["function"][0]["parameters"]
    fields = parameters["required"]
    accepted = next(iter(answer["ground_truth"][0].values()))
    plain = all(parameters["properties"][field]["type"] in ("string", "integer", "float") for field in fields)
    if not plain or not 2 <= len(fields) <= 3 or len(text) > LONGEST_SENTENCE:
        return None
    values = [[value for value in accepted[field] if value != ""] for field in fields]
    if not all(_stands_in(text, of_field) for of_field in values):
        return None
    references = [_canonical(dict(zip(fields, choice, strict=True))) for choice in itertools.product(*values)]
    if len(references) > MOST_REFERENCES:
        return None
    return {
        "id": question["id"].replace("simple_python_", "bfcl"),
        "text": text,
        "fields": fields,
        "answer": references,
    }


LONGEST_PROMPT, LONGEST_SOLUTION = 420, 160
"""Characters: what a very small model can be asked, and may get right."""
CODE_ROWS = 40


def build_code_generation(folder: Path) -> None:
    """code_generation.jsonl: the problems with a short prompt and a short solution, without the solution."""
    with gzip.open(folder / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as lines:
        problems = [json.loads(line) for line in lines if line.strip()]
    short = [
        problem
        for problem in problems
        if len(problem["prompt"]) <= LONGEST_PROMPT and len(problem["canonical_solution"]) <= LONGEST_SOLUTION
    ]
    rows = [{"id": problem["task_id"].replace("HumanEval/", "he"), **problem} for problem in _by_hash(short, "prompt")]
    _write(
        HERE / "code_generation.jsonl",
        [{name: row[name] for name in ("id", "prompt", "entry_point", "test")} for row in rows[:CODE_ROWS]],
    )


LONGEST_ARTICLE = 600
"""Characters: the first sentences of a news article say most of it, and cost a small machine less."""
SUMMARY_EXAMPLES = 2
FEWEST_WORDS = 5
"""Of a headline that says what happened; `Is nothing sacred?` does not."""


def build_summaries(folder: Path) -> None:
    """summaries.jsonl: the first sentences of news articles, with the headline that their newspaper gave them."""
    rows = []
    for article in json.loads((folder / "sharded_translation.json").read_text(encoding="utf-8")):
        headline, *sentences = (line.strip() for line in article["document_en"].splitlines() if line.strip())
        ends = itertools.accumulate(len(sentence) + 1 for sentence in sentences)
        kept = [sentence for sentence, end in zip(sentences, ends, strict=True) if end <= LONGEST_ARTICLE]
        number = int(re.search(r"\d+", article["task_id"])[0])
        if len(headline.split()) >= FEWEST_WORDS and len(kept) > 1 and "--" not in article["document_en"]:
            rows.append({"id": f"news{number:02}", "article": " ".join(kept), "headline": headline})
    examples = sorted(rows, key=lambda row: len(row["article"]))[:SUMMARY_EXAMPLES]
    shown = {row["id"] for row in examples}
    _write(HERE / "summaries.jsonl", _by_hash([row for row in rows if row["id"] not in shown], "article"))
    _write(SUITES / "summaries/prompts/few_shot/examples.jsonl", [_without(row, "id") for row in examples])


CONVERSATIONS = 10


def build_dialogue(folder: Path) -> None:
    """dialogue.jsonl: the shortest conversations; dialogue_ratings.jsonl: six replies to each, with people's ratings."""
    of_conversation: dict[str, list[dict]] = {}
    for row in json.loads((folder / "topical_chat_result.json").read_text(encoding="utf-8")):
        of_conversation.setdefault(row["source"].strip(), []).append(row)
    shortest = sorted(of_conversation.items(), key=lambda item: (len(item[0]) + len(item[1][0]["context"]), item[0]))
    conversations, ratings = [], []
    for number, (conversation, replies) in enumerate(shortest[:CONVERSATIONS], 1):
        fact = replies[0]["context"].strip()
        task = {"conversation": conversation, "fact": "" if fact == "_nofact" else fact}
        conversations.append({"id": f"tc{number:02}", **task})
        ratings += [
            {
                "id": f"tc{number:02}-{place}",
                "group": f"tc{number:02}",
                **task,
                "output": reply["system_output"].strip(),
                "system": reply["system_id"],
                "overall": round(reply["scores"]["overall"], 2),
            }
            for place, reply in enumerate(replies, 1)
        ]
    _write(HERE / "dialogue.jsonl", conversations)
    _write(HERE / "dialogue_ratings.jsonl", ratings)


def _stands_in(text: str, values: list[object]) -> bool:
    """Whether one of the values is written in the text, as a whole word."""
    return any(re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", text, re.IGNORECASE) for value in values)


def _canonical(value: dict) -> str:
    """The form in which `output.json_schema` hands on an answer."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _either(folder: Path, *names: str) -> Path:
    return next((folder / name for name in names if (folder / name).is_dir()), folder / names[0])


def _by_hash(rows: list[dict], column: str) -> list[dict]:
    """An order that looks random and depends on each row alone: another row elsewhere moves none."""
    return sorted(rows, key=lambda row: hashlib.sha256(row[column].encode()).digest())


def _without(row: dict, column: str) -> dict:
    return {name: value for name, value in row.items() if name != column}


def _json_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{path.relative_to(HERE.parent)}: {len(rows)} rows")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
