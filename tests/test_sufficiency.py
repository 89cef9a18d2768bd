"""Whether anything found answers: what the head says of near misses, that it is the same whatever is asked beside, and its files."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.abstain import LIMIT, answerable, features
from rag.errors import ModelError
from rag.paths import MODELS
from rag.read import Reader
from rag.select import JUDGED, SentenceScorer, builtin_scorer, known_of
from rag.sufficiency import SufficiencyHead
from rag.types import Hit, Passage, Why

MINUTES = (
    "The board met on 4 March. The mill was bought from the Ferrer family in 1911 for 40,000 pesetas.\n\n"
    "The roof was repaired by a firm from Teruel. Repairs took eleven weeks and were paid from the reserve.\n\n"
    "The next meeting is held in the town hall."
)


@pytest.fixture(scope="module")
def scorer() -> SentenceScorer:
    return builtin_scorer()


def hits(text: str = MINUTES) -> tuple[Hit, ...]:
    return (Hit(1, Passage("a.txt", "Minutes", text, 0, len(text), language="en"), 1.0, Why()),)


@pytest.mark.parametrize(
    ("answered", "not_answered"),
    [
        ("When was the mill bought?", "When was the mill sold?"),
        ("Who repaired the roof?", "Who painted the roof?"),
        ("¿Cuánto duró la reparación?", "¿Cuánto duró la reunión?"),
        ("Where is the next meeting?", "Where is the museum?"),
    ],
)
def test_near_misses_are_told_from_what_answers(scorer: SentenceScorer, answered: str, not_answered: str) -> None:
    odds = [features(question, hits(), scorer)["sufficient"] for question in (answered, not_answered)]
    assert odds[0] > odds[1] + 1
    assert answerable(answered, hits(), scorer) > answerable(not_answered, hits(), scorer) + 0.1


def test_only_the_best_sentences_are_weighed(scorer: SentenceScorer) -> None:
    text = " ".join(f"Room {number} holds {number + 10} people." for number in range(1, 15))
    scored = scorer.score("How many people does room 7 hold?", hits(text))
    assert len(scored) == 14
    assert [np.isfinite(item.answers) for item in scored] == [True] * JUDGED + [False] * 4
    assert scored[0].answers == max(item.answers for item in scored)


def test_odds_do_not_depend_on_what_is_weighed_beside(scorer: SentenceScorer) -> None:
    question, scored = "When was the mill bought?", scorer.ranked("When was the mill bought?", hits())
    text = f"Minutes\n{MINUTES}"
    spans = [(text, 8 + item.start, 8 + item.end) for item in scored]
    together = scorer.reader.sufficiency(question, spans, known_of(scored))
    alone = [float(scorer.reader.sufficiency(question, [span], known_of([item]))[0]) for span, item in zip(spans, scored, strict=True)]
    assert together == pytest.approx(alone, abs=1e-4)
    assert sorted(together) == pytest.approx(sorted(item.answers for item in scorer.score(question, hits())), abs=1e-4)
    assert scorer.reader.sufficiency(question, [], known_of([])).tolist() == []


def test_the_only_sentence_of_a_document_that_is_called_by_it_may_answer(scorer: SentenceScorer) -> None:
    text = "The keeper of the lighthouse is called Ottoline Marsh."
    only = (Hit(1, Passage("note.pdf", text, text, 0, len(text), language="en"), 1.0, Why()),)
    assert answerable("What is the keeper of the lighthouse called?", only, scorer) > 0.6


def test_a_span_without_a_word_has_no_odds(scorer: SentenceScorer) -> None:
    odds = scorer.reader.sufficiency("Who?", [("One.   Two.", 4, 7), ("One.   Two.", 0, 4)], np.zeros((2, 3), dtype=np.float32))
    assert odds[0] == -np.inf
    assert np.isfinite(odds[1])


def test_what_has_no_words_counts_up_to_the_limit(scorer: SentenceScorer) -> None:
    assert features("Who repaired the roof?", hits("…… !!"), scorer).get("sufficient", -LIMIT) >= -LIMIT


def test_damaged_or_missing_files_are_refused(tmp_path: Path) -> None:
    for folder in ("reader", "sufficiency"):
        shutil.copytree(MODELS / folder, tmp_path / folder)
    shutil.copy(MODELS / "manifest.json", tmp_path)
    manifest = json.loads((MODELS / "manifest.json").read_text(encoding="utf-8"))
    assert SufficiencyHead(tmp_path).revision == manifest["sufficiency"]["revision"]
    weights = tmp_path / "sufficiency" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(ModelError, match=r"model\.safetensors does not match its sha256"):
        Reader(tmp_path).sufficiency("who?", [("Ana.", 0, 4)], np.zeros((1, 3), dtype=np.float32))
    weights.unlink()
    with pytest.raises(ModelError, match=r"incomplete \(FileNotFoundError\)"):
        SufficiencyHead(tmp_path)
