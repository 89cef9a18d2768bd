"""What each part brings: the figures of docs/decisions.md, measured on the code as it is.

    python -m benchmarks.ablations --data ../shared/data [--questions 250]

Ranking: nDCG@10 on the XQuAD development half by each score alone and mixed. Sentence: share of questions whose best sentence holds the
answer. Mixed: the same ranking where every second article is in English, with coverage across languages made comparable and as it is.
Refusal: AUC of the probability that the passages answer, against the same passages without the sentence that answers. It takes two
minutes.
"""

import argparse
import json
import lzma
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.abstain import answerable
from rag.config import load_config
from rag.embed import BuiltinEmbedder
from rag.evidence import builtin_evidence
from rag.fusion import PARTS, Fusion
from rag.index import Reader, Snapshot
from rag.index.contextual import deepen
from rag.index.sync import sync_documents
from rag.index.words import WordIndex
from rag.read import Reader as Encoder
from rag.rerank import WordReranker
from rag.retrieve import Retriever
from rag.select import SentenceScorer, builtin_scorer
from rag.sentences import sentences
from rag.types import Document, Hit, Language, Passage

Scores = npt.NDArray[np.float64]
LANGUAGES: tuple[Language, Language] = ("es", "en")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the development data")
    parser.add_argument("--questions", type=int, default=250, help="how many questions the reader is asked")
    options = parser.parse_args()
    with lzma.open(options.data / "dev" / "xquad_dev_half.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    ranking(rows)
    mixed(rows)
    answers(random.Random(3).sample(rows, min(options.questions, len(rows))), list(dict.fromkeys(row["context_es"] for row in rows)))


def ranking(rows: Sequence[dict[str, str]]) -> None:
    """nDCG@10 of each score over all paragraphs."""
    paragraphs = list(dict.fromkeys(row["context_es"] for row in rows))
    gold = np.array([paragraphs.index(row["context_es"]) for row in rows])
    passages = [Passage(f"{n}", "", text, 0, len(text), language="es", id=n) for n, text in enumerate(paragraphs)]
    words, embedder, reranker = WordIndex.build(passages), BuiltinEmbedder(), WordReranker(builtin_evidence())
    encoder, fusion = Encoder(), Fusion.load()
    vectors, contexts = embedder.encode_documents(paragraphs), encoder.encode(paragraphs)
    for language in LANGUAGES:
        questions = [row[f"question_{language}"] for row in rows]
        stems, grams = (_lexical(words, questions, field, len(paragraphs)) for field in ("es", "grams"))
        dense = (embedder.encode_queries(questions) @ vectors.T).astype(np.float64)
        close = np.stack([reranker.score(question, passages) for question in questions])
        near = (encoder.encode(questions) @ contexts.T).astype(np.float64)
        parts = np.stack([_z(side) for side in (stems, grams, dense, near)])
        static, contextual = (case[f"{language}->es"] for case in (fusion.static, fusion.contextual))
        sums = {row: np.tensordot([getattr(row, part) for part in PARTS], parts, axes=1) for row in (static, contextual)}
        table = {
            "stemmed words": stems,
            "character 4-grams": grams,
            "vectors": dense,
            "word by word": close,
            "contextual vectors": near,
            "fused, static": sums[static],
            "fused, static, and word by word": (1 - static.closer) * sums[static] + static.closer * _z(close),
            "fused, contextual": sums[contextual],
            "fused, contextual, and word by word": (1 - contextual.closer) * sums[contextual] + contextual.closer * _z(close),
        }
        for name, scores in table.items():
            print(f"ranking {language}->es  {name:34} {_ndcg(scores, gold):.3f}", flush=True)


class AsCovered(WordReranker):
    """Coverage as it is, whatever the language of the passage."""

    def score(self, question: str, passages: Sequence[Passage]) -> Scores:
        """One coverage per passage."""
        return self._evidence.coverages(question, [passage.in_context for passage in passages])


def mixed(rows: Sequence[dict[str, str]]) -> None:
    """nDCG@10 over all paragraphs, those of every second article in English, and how often the first is in the wrong language."""
    articles = list(dict.fromkeys(row["title"] for row in rows))
    texts = {row["context_es"]: LANGUAGES[articles.index(row["title"]) % 2] for row in rows}
    english = {row["context_es"]: row["context_en"] for row in rows}
    paragraphs = [text if language == "es" else english[text] for text, language in texts.items()]
    place = {text: f"{number}" for number, text in enumerate(texts)}
    scorer = builtin_scorer()
    with searchable(paragraphs, scorer, [*texts.values()]) as (retriever, snapshot):
        plain = Retriever(BuiltinEmbedder(), AsCovered(scorer.evidence), 100, contextual=scorer.reader)
        for name, used in (("as covered", plain), ("comparable", retriever)):
            for asked in LANGUAGES:
                found = [used.retrieve(snapshot, row[f"question_{asked}"], asked, 10).hits for row in rows]
                for given in LANGUAGES:
                    own = [
                        (hits, place[row["context_es"]]) for hits, row in zip(found, rows, strict=True) if texts[row["context_es"]] == given
                    ]
                    gains = [sum(1 / np.log2(1 + hit.rank) for hit in hits if hit.passage.source == source) for hits, source in own]
                    strays = np.mean([hits[0].passage.language != given for hits, _ in own])
                    print(f"mixed {asked}->{given}  {name:36} {np.mean(gains):.3f}, wrong language first {strays:.3f}", flush=True)


def answers(rows: Sequence[dict[str, object]], paragraphs: Sequence[str]) -> None:
    """The sentence that is chosen, and the probability of an answer."""
    scorer = builtin_scorer()
    with searchable(paragraphs, scorer) as (retriever, snapshot):
        for language in LANGUAGES:
            right = {"words": 0, "reader": 0, "words and reader": 0}
            with_answer, without = [], []
            for row in rows:
                question, texts = str(row[f"question_{language}"]), [answer["text"] for answer in row["answers_es"]]  # type: ignore[attr-defined]
                source = str(paragraphs.index(str(row["context_es"])))
                hits = retriever.retrieve(snapshot, question, language, 8).hits
                for name, key in (("words", "words"), ("reader", "reading"), ("words and reader", "score")):
                    best = max(scorer.score(question, hits), key=lambda item, key=key: getattr(item, key))  # type: ignore[misc]
                    passage = hits[best.hit].passage
                    right[name] += passage.source == source and any(text in passage.text[best.start : best.end] for text in texts)
                if any(hit.passage.source == source for hit in hits[:4]):
                    with_answer.append(answerable(question, hits, scorer))
                    without.append(
                        answerable(question, [without_answer(hit, texts) if hit.passage.source == source else hit for hit in hits], scorer)
                    )
            for name, count in right.items():
                print(f"sentence {language}->es  {name:34} {count / len(rows):.3f}", flush=True)
            p, n = np.array(with_answer), np.array(without)
            area = (p[:, None] > n[None]).mean() + 0.5 * (p[:, None] == n[None]).mean()
            print(f"refusal {language}->es  AUC against near misses {area:.3f}; at .4 answered {(p >= 0.4).mean():.2f}, ", end="")
            print(f"near misses refused {(n < 0.4).mean():.2f}", flush=True)


@contextmanager
def searchable(
    paragraphs: Sequence[str], scorer: SentenceScorer, languages: Sequence[Language] = ()
) -> Iterator[tuple[Retriever, Snapshot]]:
    """Paragraphs, Spanish unless told, none of them cut, in an index with contextual vectors; each is called by its number."""
    embedder = BuiltinEmbedder()
    with tempfile.TemporaryDirectory() as folder:
        whole = ["split.target_characters=4000", "split.max_characters=8000"]
        config = load_config(index=Path(folder) / "index", environment={}, assignments=whole)
        sync_documents(
            config, embedder, [Document(f"{n}", "", text, f"{n}", languages[n] if languages else "es") for n, text in enumerate(paragraphs)]
        )
        deepen(config.index.path, scorer.reader)
        with Reader(config.index.path, embedder.fingerprint).snapshot() as snapshot:
            yield Retriever(embedder, WordReranker(scorer.evidence), 100, contextual=scorer.reader), snapshot


def without_answer(hit: Hit, answers: Sequence[str]) -> Hit:
    """The hit without the sentences that hold one of `answers`."""
    text = hit.passage.text
    kept = [text[start:end] for start, end in sentences(text) if not any(answer in text[start:end] for answer in answers)]
    return replace(hit, passage=replace(hit.passage, text=" ".join(kept)))


def _lexical(words: WordIndex, questions: Sequence[str], field: str, count: int) -> Scores:
    scores = np.zeros((len(questions), count))
    for row, question in enumerate(questions):
        for identifier, score in words.search(question, field, count):
            scores[row, identifier] = score
    return scores


def _z(scores: Scores) -> Scores:
    return (scores - scores.mean(axis=1, keepdims=True)) / np.maximum(scores.std(axis=1, keepdims=True), 1e-9)


def _ndcg(scores: Scores, gold: npt.NDArray[np.int64]) -> float:
    ranks = (scores > scores[np.arange(len(gold)), gold][:, None]).sum(axis=1) + 1
    return float(np.where(ranks <= 10, 1 / np.log2(ranks + 1), 0.0).mean())


if __name__ == "__main__":
    main()
