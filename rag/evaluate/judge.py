"""A chat model's opinion of the answers, reported beside the metrics and never mixed with them.

It is asked about faithfulness to the cited passages and relevance to the question (Zheng et al. 2023, Judging LLM-as-a-judge; Es et al.
2024, RAGAS, for the two notions). How far it can be trusted is printed with it: its agreement with the labels of the set, and with the
check of support that the program does itself. Answers that it could not or would not judge are counted, not guessed.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.config import LlmConfig
from rag.errors import GenerationError, InputError, RagError
from rag.evaluate.score import Outcome
from rag.evaluate.statistics import cohen_kappa
from rag.evaluate.subject import Progress
from rag.evaluate.summary import estimate_mean
from rag.generate import load_generator
from rag.generate.language_model import LanguageModel, LanguageModelGenerator, written
from rag.prompt import MESSAGE_OVERHEAD, Message, Prompt, fit, frame, load_prompt
from rag.types import Hit, Passage, Why

BEST = 2
SCALES = ("faithfulness", "relevance")
_OBJECT = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Opinion:
    """Grades of one answer, 0 to `BEST`."""

    faithfulness: int
    relevance: int


def load_judge(config: LlmConfig) -> LanguageModelGenerator:
    """The chat model `config.model`, which is to judge.

    Raises:
        InputError, ConfigError, ModelError: it cannot be used at all.
    """
    try:
        generator = load_generator(config)
    except RagError as error:
        raise type(error)(f"--judge {config.model}: {error}") from error
    if not isinstance(generator, LanguageModelGenerator):
        raise InputError(f"--judge {config.model!r} is no language model; name one as in llm.model, for example openai:gpt-5-mini.")
    return generator


def judge_outcomes(
    outcomes: Sequence[Outcome], config: LlmConfig, progress: Progress | None = None, judge: LanguageModelGenerator | None = None
) -> dict[str, Any]:
    """Let the chat model `config.model` judge every answer that was given; `judge` is that model if it is loaded already.

    Returns:
        {"model", "prompt", "judged", "failed", "faithfulness", "relevance" (means of grade / 2 with intervals), "agreement" (of relevance
        with the labels), "agreement_on_support" (of faithfulness with the program's own check), "per_query"}.

    Raises:
        InputError, ConfigError, ModelError: see `load_judge`.
    """
    generator = judge or load_judge(config)
    prompt = load_prompt("judge")
    answered = [outcome for outcome in outcomes if "answer" in outcome.record and not outcome.entry["abstained"]]
    opinions: dict[str, Opinion] = {}
    for done, outcome in enumerate(answered, 1):
        if opinion := ask_judge(generator.model, prompt, outcome.record):
            opinions[outcome.entry["id"]] = opinion
        if progress:
            progress(done, len(answered), "judged")
    judged = [outcome for outcome in answered if outcome.entry["id"] in opinions]
    groups = [outcome.entry["group"] for outcome in judged]
    grades = {scale: [getattr(opinions[outcome.entry["id"]], scale) for outcome in judged] for scale in SCALES}
    labels = [bool(outcome.entry["right_if_answered"]) for outcome in judged]
    supported = [all(sentence["verdict"] != "unsupported" for sentence in outcome.record["sentences"]) for outcome in judged]
    return {
        "model": generator.model.identity,
        "prompt": prompt.fingerprint,
        "judged": len(judged),
        "failed": len(answered) - len(judged),
        **{scale: estimate_mean([grade / BEST for grade in own], groups) for scale, own in grades.items()},
        "agreement": _agreement([grade == BEST for grade in grades["relevance"]], labels),
        "agreement_on_support": _agreement([grade == BEST for grade in grades["faithfulness"]], supported),
        "per_query": [{"id": name, "faithfulness": own.faithfulness, "relevance": own.relevance} for name, own in opinions.items()],
    }


def ask_judge(model: LanguageModel, prompt: Prompt, record: dict[str, Any]) -> Opinion | None:
    """The model's opinion of one answer; None if it failed, or said something that is none."""
    hits = _cited_passages(record)
    told = json.dumps([record["standalone_question"], record["answer"], [hit.passage.text for hit in hits]])
    values = {
        "boundary": hashlib.sha256(told.encode()).hexdigest()[:16],
        "question": record["standalone_question"],
        "answer": record["answer"],
    }
    spent = sum(model.count_tokens(part) + MESSAGE_OVERHEAD for part in prompt.render(passages="", **values))
    try:
        kept = fit(hits, model.budget - spent, model.count_tokens, values["boundary"])
        instructions, request = prompt.render(passages=frame(kept, values["boundary"]), **values)
        return parse(written(model.stream([Message("system", instructions), Message("user", request)])))
    except GenerationError:
        return None


def parse(reply: str) -> Opinion | None:
    """The last JSON object of a reply that grades both scales; None if there is none, or a grade is out of range."""
    for text in reversed(_OBJECT.findall(reply)):
        try:
            grades = json.loads(text)
        except ValueError:
            continue
        values = [grades.get(scale) for scale in SCALES]
        if all(type(value) is int and 0 <= value <= BEST for value in values):
            return Opinion(*values)
    return None


def _cited_passages(record: dict[str, Any]) -> list[Hit]:
    """For each citation, in the order of its number, the passage that it is from."""
    hits = []
    for number, quote in enumerate(record["quotes"], 1):
        held = [
            p for p in record["passages"] if p["source"] == quote["source"] and p["start"] <= quote["start"] and quote["end"] <= p["end"]
        ]
        text = held[0]["text"] if held else quote["quote"]
        hits.append(Hit(number, Passage(quote["source"], "", text, 0, len(text)), 0.0, Why()))
    return hits


def _agreement(ours: Sequence[bool], theirs: Sequence[bool]) -> dict[str, Any]:
    share = sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(ours) if ours else 0.0
    return {"n": len(ours), "share": round(share, 6), "kappa": round(cohen_kappa(ours, theirs), 6)}
