"""The recipe of the built-in reader, from an English sentence encoder to the files of `rag/models/reader`.

    python -m training.train_reader --data DATA --out rag/models

The embedding has to be there already (`training.train_embedding`). Each step is a module: `reader_vocabulary` chooses tokens,
`reader_adapt` teaches the encoder Spanish, `reader_data` makes questions and passages, `reader_model` trains on them, `reader_export`
writes files, `reader_score` measures them. Seven rounds: public questions; more of them, and placing texts; the documents and questions
of `training/written`; claims about them; texts about something else; more documents, twice, the second time from a mean of rounds. A run
that was stopped goes on from its last checkpoint; one that is finished leaves none. `--one-in 1000` rehearses all of it on small data.
Nothing is random but by seed.
"""

import argparse
import hashlib
import json
import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from rag.embed import BuiltinEmbedder
from rag.evidence import Evidence
from rag.read import Reader
from training.corpus import PARAGRAPH_SOURCE, SENTENCE_SOURCES, read_paragraphs, read_rows, read_sentences
from training.reader_adapt import adapt
from training.reader_card import write_reader_card
from training.reader_claims import news_claims, written_claims
from training.reader_cloze import cloze_examples
from training.reader_data import Example, cross_language, read_examples
from training.reader_export import write_reader, write_settings
from training.reader_gloss import Glossary, make_glossaries
from training.reader_heads import CLAIM_TOKENS, Window, make_batches, make_windows, train_heads
from training.reader_model import Encoder, ReaderNetwork
from training.reader_score import fit_logistic, log_odds, score_reader
from training.reader_stored import read_reader
from training.reader_together import EVERY, QUESTIONS_EVERY, Ids, Placed, placed_texts, text_ids, train_together
from training.reader_translate import MODES, translate
from training.reader_vocabulary import choose_tokens, count_tokens, first_vectors, make_tokenizer
from training.score import score
from training.teacher import Teacher, find_teacher
from training.train_embedding import SENTENCE_TOKENS
from training.written import EXACT, FOLDER, MORE, Written, far_examples, read_written, written_examples, written_places

AS_IT_IS = {"answerable": 1.0, "span": 0.0, "bias": 0.0}
"""The calibration that leaves the first head's logit alone."""

WRITTEN_EVERY, CLAIMS_EVERY = 4, 6
"""One step in so many of the third and of the fourth round places texts."""

CLAIMS_WEIGHED, EXACT_WEIGHED = 4, 1
"""How many of `CLAIMS_EVERY` or `EVERY` steps of the fourth and of the last round weigh claims."""

REDRAWN = 100
"""What is added to the seed where examples are drawn anew."""

REPEATED_ONE_IN, FAR_ONE_IN = 2, 12
"""One in so many of the third round's documents returns in the sixth; one in so many of its questions is read with a far passage."""

KEPT = {"together.pt": 0.15, "far.pt": 0.25, "more.pt": 0.6}
"""The last round starts from this mean of the weights after the second, the fifth and the sixth, lest what they knew be forgotten."""

RETURNED_ONE_IN = {FOLDER: 5, MORE: 4}
"""One in so many of the earlier documents returns in the last round."""

HELD_OUT = 25
"""One passage in so many is kept for calibration."""


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; the defaults are what the shipped model was trained with."""

    vocabulary: int = 28_000
    adapt_steps: int = 2_400
    adapt_rate: float = 3e-4
    epochs: float = 1.0
    rate: float = 1.5e-4
    further_steps: int = 3_900
    further_rate: float = 1.2e-4
    clozes: int = 26_000
    placed: int = 60_000
    written_epochs: int = 1
    written_rate: float = 1e-4
    repeated: int = 10_000
    claims_epochs: int = 2
    claims_rate: float = 7e-5
    news_claims: int = 4_000
    far: int = 2_500
    far_rate: float = 5e-5
    more_rate: float = 8e-5
    more_repeated: int = 8_000
    exact_rate: float = 7e-5
    exact_repeated: int = 6_000
    one_in: int = 1
    seed: int = 0


COUNTED = (
    "adapt_steps", "further_steps", "clozes", "placed", "repeated", "news_claims", "far", "more_repeated", "exact_repeated",
)  # fmt: skip
"""What a rehearsal has fewer of: steps and examples; and documents, of which it reads `one_in`."""


def rehearsed(settings: Settings, one_in: int) -> Settings:
    """The settings of a rehearsal, in which every step is taken and hardly anything learned."""
    return replace(settings, one_in=one_in, **{name: max(1, getattr(settings, name) // one_in) for name in COUNTED})


def adapted_encoder(data: Path, out: Path, cache: Path, settings: Settings) -> tuple[Encoder, Tokenizer]:
    """The teacher's encoder with a bilingual vocabulary, after it has learned Spanish."""
    table = BuiltinEmbedder(out)
    bilingual = table.tokenizer.get_vocab()
    folder = find_teacher()
    weights = load_file(folder / "model.safetensors")
    encoder_tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    pairs, blocks = [], []
    for source in SENTENCE_SOURCES:
        sentences = read_sentences(data, source, settings.seed)
        pairs += sentences
        blocks.append(Teacher(cache.parent).encode([pair.english for pair in sentences], max_tokens=SENTENCE_TOKENS, name=source.file))
    english, spanish = [pair.english for pair in pairs], [pair.spanish for pair in pairs]

    english_contexts = [
        row["context"] for name in ("squad_en_partial", "natural_questions_gold") for row in read_rows(data, f"questions/{name}")
    ]
    spanish_contexts = [row["context"] for row in read_rows(data, "questions/squad_es")]
    counts = count_tokens({*encoder_tokens, *bilingual}, [*english, *english_contexts], [*spanish, *spanish_contexts])
    tokens = choose_tokens(encoder_tokens, counts, settings.vocabulary)
    tokenizer = make_tokenizer(tokens)
    vectors = first_vectors(tokens, encoder_tokens, weights["embeddings.word_embeddings.weight"].numpy(), bilingual, table.rows, counts)
    encoder = Encoder(len(tokens))
    encoder.load_bert(weights, torch.from_numpy(vectors))
    adapt(
        encoder, tokenizer, english, spanish, np.concatenate(blocks),
        steps=settings.adapt_steps, rate=settings.adapt_rate, seed=settings.seed, checkpoint=cache / "adapt.pt",
    )  # fmt: skip
    return encoder, tokenizer


def question_examples(data: Path, out: Path, settings: Settings) -> tuple[list[Example], list[Example]]:
    """Examples in all four directions, for training and for calibration; the two share no passage."""
    table = BuiltinEmbedder(out)
    own = read_examples(data, table, settings.seed)
    examples = cross_language(own, _glossaries(data, table, own, settings.seed), settings.seed)
    return [e for e in examples if e.group % HELD_OUT], [e for e in examples if not e.group % HELD_OUT]


def further_examples(data: Path, out: Path, settings: Settings) -> tuple[list[Example], list[Example]]:
    """As `question_examples`, drawn anew, with translations besides glosses, Spanish passages twice, and clozes of the parallel news."""
    table = BuiltinEmbedder(out)
    first, second = (read_examples(data, table, settings.seed + draw) for draw in (1, 2))
    glossaries = _glossaries(data, table, first, settings.seed)
    translations = {
        question: translated
        for language in MODES
        for question, translated in translate(
            list(dict.fromkeys(e.question for e in [*first, *second] if e.language == language)), language
        ).items()
    }
    examples = cross_language(first, glossaries, settings.seed + 1, translations)
    held_out = [example for example in examples if not example.group % HELD_OUT]
    examples += cross_language([e for e in second if e.language == "es"], glossaries, settings.seed + 2, translations)
    examples += cloze_examples(data, settings.clozes, settings.seed)
    random.Random(settings.seed).shuffle(examples)
    return [example for example in examples if example.group % HELD_OUT], held_out


def _glossaries(data: Path, table: BuiltinEmbedder, own: list[Example], seed: int) -> dict[str, Glossary]:
    news = read_sentences(data, PARAGRAPH_SOURCE, seed)
    asked = {language: [example.question for example in own if example.language == language] for language in ("en", "es")}
    texts = {language: [example.passage for example in own if example.language == language] for language in ("en", "es")}
    texts["en"] += [*asked["en"], *(pair.english for pair in news)]
    texts["es"] += [*asked["es"], *(pair.spanish for pair in news)]
    return make_glossaries(Evidence(table.tokenizer, table.rows), asked, texts)


def further_round(
    network: ReaderNetwork, tokenizer: Tokenizer, examples: list[Example], data: Path, cache: Path, settings: Settings
) -> None:
    """Train on, together with the encoder's other task, to place texts."""
    windows = make_windows(examples, tokenizer, settings.seed)
    asked = _text_ids(tokenizer, [(example.question, example.passage) for example in examples if example.kind == "answer"])
    train_together(
        network, windows, texts_to_place(tokenizer, data, settings), asked, find_encoder(),
        steps=settings.further_steps, rate=settings.further_rate, seed=settings.seed, checkpoint=cache / "together.pt",
    )  # fmt: skip


def written_round(network: ReaderNetwork, tokenizer: Tokenizer, further: list[Example], corpus: "Corpus", settings: Settings) -> None:
    """Train on with the written documents, and some of the second round's examples lest they be forgotten."""
    examples = further[: settings.repeated]
    for epoch in range(settings.written_epochs):
        examples = examples + corpus.examples(settings.seed + epoch)
    windows = make_windows(examples, tokenizer, settings.seed)
    corpus.train(network, tokenizer, windows, settings, name="written", rate=settings.written_rate, every=WRITTEN_EVERY, questions_every=2)


def claims_round(network: ReaderNetwork, tokenizer: Tokenizer, further: list[Example], corpus: "Corpus", settings: Settings) -> None:
    """Train the third head, while the other tasks go on in a third of the steps."""
    claims = news_claims(corpus.data, settings.news_claims, settings.seed)
    for epoch in range(settings.claims_epochs):
        claims += written_claims(held_out=False, seed=settings.seed + epoch, one_in=settings.one_in)
    claimed = make_windows([claim.example for claim in claims], tokenizer, settings.seed, CLAIM_TOKENS)
    examples = [*corpus.examples(settings.seed + REDRAWN), *further[: settings.repeated]]
    random.Random(settings.seed).shuffle(examples)
    windows = make_windows(examples, tokenizer, settings.seed)
    corpus.train(
        network, tokenizer, windows, settings, name="claims", rate=settings.claims_rate, every=CLAIMS_EVERY, questions_every=2,
        claimed=claimed, weighed=CLAIMS_WEIGHED,
    )  # fmt: skip


def far_round(network: ReaderNetwork, tokenizer: Tokenizer, further: list[Example], corpus: "Corpus", settings: Settings) -> None:
    """A short one: near misses alone had taught that a text about something else may well answer."""
    own = corpus.examples(settings.seed + 2 * REDRAWN)
    examples = far_examples(own, 2 * settings.far, settings.seed) + far_examples(further, settings.far, settings.seed)
    random.Random(settings.seed).shuffle(examples)
    windows = make_windows(examples, tokenizer, settings.seed)
    corpus.train(network, tokenizer, windows, settings, name="far", rate=settings.far_rate, every=EVERY, questions_every=QUESTIONS_EVERY)


def more_round(network: ReaderNetwork, tokenizer: Tokenizer, further: list[Example], corpus: "Corpus", settings: Settings) -> None:
    """The longest but the first two: more documents, and some of all that came before."""
    corpus = replace(corpus, written=[*read_written(MORE, held_out=False)[:: settings.one_in], *corpus.written[::REPEATED_ONE_IN]])
    own = corpus.examples(settings.seed + 3 * REDRAWN, once=True)
    examples = [*far_examples(own, len(own), settings.seed, one_in=FAR_ONE_IN), *further[: settings.more_repeated]]
    windows = make_windows(examples, tokenizer, settings.seed)
    corpus.train(network, tokenizer, windows, settings, name="more", rate=settings.more_rate, every=EVERY, questions_every=QUESTIONS_EVERY)


def exact_round(network: ReaderNetwork, tokenizer: Tokenizer, further: list[Example], corpus: "Corpus", settings: Settings) -> None:
    """From a mean of rounds: the last documents, whose answers are exact words, with claims, and some of all that came before."""
    kept = [(torch.load(corpus.cache / name, weights_only=True)["network"], share) for name, share in KEPT.items()]
    network.load_state_dict({name: sum(share * weights[name] for weights, share in kept) for name in network.state_dict()})
    returned = {folder: one_in * settings.one_in for folder, one_in in RETURNED_ONE_IN.items()}
    earlier = [document for folder, one_in in returned.items() for document in read_written(folder, held_out=False)[::one_in]]
    corpus = replace(corpus, written=[*read_written(EXACT, held_out=False)[:: settings.one_in], *earlier])
    own = corpus.examples(settings.seed + 4 * REDRAWN, once=True)
    examples = [*far_examples(own, len(own), settings.seed, one_in=FAR_ONE_IN), *further[-settings.exact_repeated :]]
    windows = make_windows(examples, tokenizer, settings.seed)
    claims = [
        claim
        for folder in (FOLDER, EXACT)
        for claim in written_claims(held_out=False, seed=settings.seed, folder=folder, one_in=settings.one_in)
    ]
    claimed = make_windows([claim.example for claim in claims], tokenizer, settings.seed, CLAIM_TOKENS)
    corpus.train(
        network, tokenizer, windows, settings, name="exact", rate=settings.exact_rate, every=EVERY, questions_every=QUESTIONS_EVERY,
        claimed=claimed, weighed=EXACT_WEIGHED,
    )  # fmt: skip


@dataclass(frozen=True)
class Corpus:
    """The written documents, with what the five rounds that train on them share."""

    data: Path
    cache: Path
    table: BuiltinEmbedder
    written: list[Written]

    def examples(self, seed: int, *, once: bool = False) -> list[Example]:
        """The questions on passages, drawn by `seed`; see `written_examples`."""
        return written_examples(self.written, self.table, seed, once=once)

    def train(
        self, network: ReaderNetwork, tokenizer: Tokenizer, windows: list[Window], settings: Settings, *, name: str, rate: float,
        every: int, questions_every: int, claimed: Sequence[Window] = (), weighed: int = 0,
    ) -> None:  # fmt: skip
        """One round in which every window is read once, or every claim weighed once if that takes more steps; see `train_together`."""
        read = every - 1 - weighed
        once = len(make_batches(claimed if weighed > read else windows, 1.0, settings.seed))
        train_together(
            network, windows, texts_to_place(tokenizer, self.data, settings),
            _text_ids(tokenizer, written_places(self.written, self.table)), find_encoder(),
            steps=once * every // max(read, weighed), rate=rate, seed=settings.seed, checkpoint=self.cache / f"{name}.pt",
            every=every, questions_every=questions_every, claimed=claimed, weighed=weighed,
        )  # fmt: skip


def _text_ids(tokenizer: Tokenizer, texts: Sequence[tuple[str, ...]]) -> list[tuple[Ids, ...]]:
    return list(zip(*(text_ids(tokenizer, side) for side in zip(*texts, strict=True)), strict=True))


def find_encoder() -> Encoder:
    """The English teacher itself."""
    weights = load_file(find_teacher() / "model.safetensors")
    vectors = weights["embeddings.word_embeddings.weight"]
    teacher = Encoder(len(vectors))
    teacher.load_bert(weights, vectors)
    return teacher


def texts_to_place(tokenizer: Tokenizer, data: Path, settings: Settings) -> list[Placed]:
    """Sentences and paragraphs of the parallel texts, as the student and as the teacher read them."""
    teacher_tokenizer = Tokenizer.from_file(str(find_teacher() / "tokenizer.json"))
    teacher_tokenizer.no_truncation()
    teacher_tokenizer.no_padding()
    pairs = [pair for source in SENTENCE_SOURCES for pair in read_sentences(data, source, settings.seed)]
    sentences = random.Random(settings.seed).sample(pairs, min(len(pairs), settings.placed // 2))
    pairs = sentences + read_paragraphs(data, PARAGRAPH_SOURCE, settings.seed)[: -(-PARAGRAPH_SOURCE.limit // settings.one_in)]
    return placed_texts(pairs, tokenizer, teacher_tokenizer, settings.seed)


def calibrate(examples: list[Example], out: Path) -> dict[str, float]:
    """Fit the probability to both heads of the stored model, on examples that it was not trained on; see `rag.read`."""
    reader = Reader(out)
    readings = [reader.read(example.question, [example.passage])[0] for example in examples]
    features = np.array([(log_odds(reading.answerable), reading.span_score) for reading in readings])
    fitted = fit_logistic(features, np.array([example.kind != "none" for example in examples]))
    return {"answerable": round(fitted.weights[0], 4), "span": round(fitted.weights[1], 4), "bias": round(fitted.bias, 4)}


ROUNDS = (written_round, claims_round, far_round, more_round, exact_round)


def check_checkpoints(cache: Path, data: Path, settings: Settings) -> None:
    """Let a run go on only from checkpoints of its own data and settings.

    Raises:
        SystemExit: those that are there are of another run.
    """
    files = sorted([*data.glob("parallel/*.xz"), *data.glob("questions/*.xz"), *FOLDER.rglob("*.txt"), *FOLDER.rglob("*.claims")])
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    own = hashlib.sha256(json.dumps([asdict(settings), digests]).encode()).hexdigest()
    cache.mkdir(parents=True, exist_ok=True)
    stamp = cache / "run.sha256"
    if any(cache.glob("*.pt")) and (not stamp.exists() or stamp.read_text(encoding="ascii") != own):
        raise SystemExit(f"{cache} has checkpoints of a run with other data or settings; delete them, or name another folder with --cache.")
    stamp.write_text(own, encoding="ascii")


def main() -> None:
    """Run the recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with parallel/, questions/ and dev/")
    parser.add_argument("--out", type=Path, default=Path("rag/models"), help="where the model files go")
    parser.add_argument("--cache", type=Path, default=Path(".cache/training/reader"), help="where checkpoints are kept between runs")
    parser.add_argument("--one-in", type=int, default=1, help="a rehearsal: one in so many steps, examples and written documents")
    arguments = parser.parse_args()
    settings = rehearsed(Settings(), arguments.one_in)
    torch.set_num_threads(min(2, os.cpu_count() or 1))
    check_checkpoints(arguments.cache, arguments.data, settings)

    # 1. The encoder, with a vocabulary of both languages.
    encoder, tokenizer = adapted_encoder(arguments.data, arguments.out, arguments.cache, settings)

    # 2. Questions and passages, and the two heads.
    examples, _ = question_examples(arguments.data, arguments.out, settings)
    torch.manual_seed(settings.seed)  # the heads start at random
    network = ReaderNetwork(encoder)
    windows = make_windows(examples, tokenizer, settings.seed)
    train_heads(network, windows, rate=settings.rate, seed=settings.seed, epochs=settings.epochs, checkpoint=arguments.cache / "heads.pt")
    write_reader(network, tokenizer, AS_IT_IS, arguments.out)

    # 3. A second round from the files of the first, with more questions and a second task.
    network, tokenizer = read_reader(arguments.out)
    examples, held_out = further_examples(arguments.data, arguments.out, settings)
    further_round(network, tokenizer, examples, arguments.data, arguments.cache, settings)

    # 4. A third, with documents and questions written for it; a fourth, with claims; a fifth, with texts about something else; two
    #    with more documents.
    written = read_written(held_out=False)[:: settings.one_in]
    corpus = Corpus(arguments.data, arguments.cache, BuiltinEmbedder(arguments.out), written)
    for train in ROUNDS:
        train(network, tokenizer, examples, corpus, settings)

    # 5. The files, and a probability fitted to what they say.
    write_reader(network, tokenizer, AS_IT_IS, arguments.out)
    revision = write_settings(calibrate(held_out, arguments.out), arguments.out)

    # 6. What it is worth, and the model card.
    measured = score_reader(arguments.out, arguments.data)
    placed = score(Reader(arguments.out).encode, arguments.data)
    answered = sum(example.kind != "none" for example in examples)
    print(write_reader_card(arguments.out, revision, settings, len(examples), answered, measured, placed))
    for checkpoint in arguments.cache.glob("*.pt"):  # else the next run would take them for its own
        checkpoint.unlink()


if __name__ == "__main__":
    main()
