"""The recipe of the built-in embedding, from public sentence pairs to the files of `rag/models`.

    python -m training.train_embedding --data DATA --out rag/models

Each step is a module: `corpus` reads pairs, `teacher` encodes their English side (cached, so that a stopped run goes on where it
was), `student` trains the table, `score` measures it, `export` writes files, `card` the model card. Nothing here is random but by seed.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.card import write_card
from training.corpus import PARAGRAPH_SOURCE, SENTENCE_SOURCES, Pair, read_paragraphs, read_sentences
from training.export import quantise, write_model
from training.score import score
from training.student import REPETITION, Settings, tokenize, train_table, train_tokenizer
from training.teacher import Teacher

SENTENCE_TOKENS = 128
PARAGRAPH_TOKENS = 256


def main() -> None:
    """Run the recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with parallel/ and dev/")
    parser.add_argument("--out", type=Path, default=Path("rag/models"), help="where the model files go")
    parser.add_argument("--cache", type=Path, default=Path(".cache/training"), help="where teacher vectors are kept between runs")
    arguments = parser.parse_args()
    settings = Settings()

    # 1. Read pairs and encode their English side with the teacher.
    pairs, targets = read_targets(arguments.data, Teacher(arguments.cache), settings.seed)

    # 2. Train the vocabulary and the table.
    tokenizer = train_tokenizer((text for pair in pairs for text in (pair.english, pair.spanish)), settings.vocabulary)
    english = tokenize(tokenizer, [pair.english for pair in pairs])
    spanish = tokenize(tokenizer, [pair.spanish for pair in pairs])
    table = train_table(english, spanish, targets, tokenizer.get_vocab_size(), settings)

    # 3. Measure the table as it will be stored.
    rows, scales = quantise(table)
    measured = score(lambda texts: tokenize(tokenizer, texts).embed(rows * scales[:, None]), arguments.data)

    # 4. Write files, manifest and model card.
    revision = write_model(rows, scales, tokenizer, REPETITION, arguments.out)
    print(write_card(arguments.out, revision, settings, len(pairs), measured))


def read_targets(data: Path, teacher: Teacher, seed: int) -> tuple[list[Pair], npt.NDArray[np.float32]]:
    """Return every training pair with the teacher's vector of its English side."""
    pairs: list[Pair] = []
    targets: list[npt.NDArray[np.float32]] = []
    for source in SENTENCE_SOURCES:
        sentences = read_sentences(data, source, seed)
        pairs += sentences
        targets.append(teacher.encode([pair.english for pair in sentences], max_tokens=SENTENCE_TOKENS, name=source.file))
    paragraphs = read_paragraphs(data, PARAGRAPH_SOURCE, seed)
    pairs += paragraphs
    targets.append(teacher.encode([pair.english for pair in paragraphs], max_tokens=PARAGRAPH_TOKENS, name="paragraphs"))
    return pairs, np.concatenate(targets)


if __name__ == "__main__":
    main()
