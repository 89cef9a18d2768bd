"""The reader: what it finds in four directions of languages, and that no text, however odd, makes it fail or change its mind."""

import builtins
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.errors import ModelError
from rag.paths import MODELS
from rag.read import CONTEXTUAL_DIMENSION, Reader, contextual_fingerprint
from rag.sentences import sentences
from rag.whole_words import READING

BRIDGE = {
    "en": "The Harlow bridge was opened in 1932 by Queen Maud. It carries two railway tracks across the river. The steel came from Wales.",
    "es": "El puente de Harlow fue inaugurado en 1932 por la reina Maud. Lleva dos vías de tren sobre el río. El acero vino de Gales.",
}
FOREST = {
    "en": "The rainforest is home to many kinds of frogs and birds. Most of the trees keep their leaves through the whole year.",
    "es": "La selva es el hogar de muchas clases de ranas y aves. La mayoría de los árboles conservan sus hojas todo el año.",
}
OPENED = {"en": "In what year was the Harlow bridge opened?", "es": "¿En qué año fue inaugurado el puente de Harlow?"}
DIRECTIONS = [(asked, given) for asked in ("en", "es") for given in ("en", "es")]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize(("asked", "given"), DIRECTIONS)
def test_a_passage_that_answers_beats_one_that_does_not(reader: Reader, asked: str, given: str) -> None:
    answers, silent = reader.read(OPENED[asked], [BRIDGE[given], FOREST[given]])
    assert answers.answerable > 0.5
    assert silent.answerable < 0.2
    assert answers.span_score > silent.span_score


@pytest.mark.parametrize(("asked", "given"), DIRECTIONS)
def test_the_span_is_the_answer(reader: Reader, asked: str, given: str) -> None:
    (reading,) = reader.read(OPENED[asked], [BRIDGE[given]])
    assert "1932" in BRIDGE[given][reading.start : reading.end]
    assert reading.end - reading.start <= 15


@pytest.mark.parametrize(("asked", "given"), DIRECTIONS)
def test_the_sentence_with_the_answer_scores_best(reader: Reader, asked: str, given: str) -> None:
    scores = reader.sentence_scores(OPENED[asked], BRIDGE[given], sentences(BRIDGE[given]))
    assert scores.shape == (3,)
    assert scores.argmax() == 0


def test_a_passage_without_its_answer_is_less_likely_to_answer(reader: Reader) -> None:
    whole, rest = reader.read(OPENED["en"], [BRIDGE["en"], BRIDGE["en"].partition(". ")[2]])
    assert whole.answerable > rest.answerable


def test_readings_do_not_depend_on_what_is_read_with_them(reader: Reader) -> None:
    texts = [BRIDGE["en"], FOREST["es"] * 10, "", BRIDGE["es"]]
    together = reader.read(OPENED["es"], texts)
    alone = Reader()
    assert [alone.read(OPENED["es"], [text])[0] for text in texts] == together
    assert reader.read(OPENED["es"], texts[::-1]) == together[::-1]
    assert reader.read(OPENED["es"], []) == []


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\x00\x07"])
def test_a_text_without_words_answers_nothing(reader: Reader, text: str) -> None:
    (reading,) = reader.read(OPENED["en"], [text])
    assert (reading.answerable, reading.start, reading.end) == (0.0, 0, 0)
    assert reading.span_score == -np.inf
    assert reader.sentence_scores(OPENED["en"], text, [(0, len(text))]).tolist() == [-np.inf]


def test_a_long_text_is_read_to_its_end(reader: Reader) -> None:
    filler = (FOREST["en"] + " ") * 450
    text = filler[:49_800] + ". " + BRIDGE["en"]
    (reading,) = reader.read(OPENED["en"], [text])
    assert len(text) > 49_900
    assert "1932" in text[reading.start : reading.end]
    assert reading.answerable > 0.5
    assert reader.sentence_scores(OPENED["en"], text, [(0, 200), (49_802, len(text)), (len(text), len(text))]).argmax() == 1


def test_positions_count_characters_of_the_text_as_given(reader: Reader) -> None:
    text = "\u0301\x00😀 \x07\ud800İ\u200b " + BRIDGE["es"] + "\x1f"
    (reading,) = reader.read(OPENED["es"], [text])
    assert "1932" in text[reading.start : reading.end]
    assert reading.end <= len(text)


def test_words_that_a_layout_left_in_pieces_are_read_whole_and_placed_as_given(reader: Reader) -> None:
    whole = "The first bridge was opened in 1932. The office keeps the information on it."
    broken = whole.replace("fi", "ﬁ").replace("ffi", "ﬃ").replace("information", "infor-\nmation")
    (plain,), (given,) = reader.read(OPENED["en"], [whole]), reader.read(OPENED["en"], [broken])
    assert given.answerable == plain.answerable
    assert broken[given.start : given.end] == whole[plain.start : plain.end] == "1932"
    assert np.array_equal(*reader.encode([whole, broken]))


def test_odd_questions_are_read(reader: Reader) -> None:
    for question in ("", "\x00", "\ud800", "¿" * 500, "word " * 2_000, "漢字"):
        (reading,) = reader.read(question, [BRIDGE["en"]])
        assert 0.0 <= reading.answerable <= 1.0
        assert 0 <= reading.start <= reading.end <= len(BRIDGE["en"])


def test_the_fingerprint_names_the_revision(reader: Reader) -> None:
    revisions = {name: entry["revision"] for name, entry in json.loads((MODELS / "manifest.json").read_text()).items()}
    assert reader.fingerprint == f"reader@{revisions['reader']}+{revisions['lines']}+{revisions['sufficiency']}/{READING}"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json.gz", "config.json"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    shutil.copytree(MODELS / "reader", tmp_path / "reader")
    shutil.copy(MODELS / "manifest.json", tmp_path)
    content = bytearray((tmp_path / "reader" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "reader" / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} does not match its sha256"):
        Reader(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is incomplete .* install the program again"):
        Reader(tmp_path)


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, rag.read; print(sorted({'onnxruntime', 'tokenizers', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_all_models_together_fit_in_40_megabytes() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) <= 40_000_000


# Contextual vectors

PAIRS = [
    ("The harbour is closed to ships from November to March.", "El puerto está cerrado a los barcos de noviembre a marzo."),
    ("The committee approved the budget for the new hospital.", "El comité aprobó el presupuesto del nuevo hospital."),
    ("Whales breathe air and come to the surface for it.", "Las ballenas respiran aire y suben por él a la superficie."),
    ("He was arrested for stealing two horses.", "Lo detuvieron por robar dos caballos."),
]


def test_a_text_and_its_translation_are_near(reader: Reader) -> None:
    english, spanish = (reader.encode([pair[side] for pair in PAIRS]) for side in (0, 1))
    assert (english @ spanish.T).argmax(axis=1).tolist() == (spanish @ english.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("asked", "given"), DIRECTIONS)
def test_a_question_is_near_the_passage_that_answers_it(reader: Reader, asked: str, given: str) -> None:
    (question,), (answer, other) = reader.encode([OPENED[asked]]), reader.encode([BRIDGE[given], FOREST[given]])
    assert question @ answer > question @ other


def test_contextual_vectors_are_unit_rows_that_do_not_depend_on_their_neighbours(reader: Reader) -> None:
    texts = [BRIDGE["en"], "a", FOREST["es"], BRIDGE["es"] * 20]
    vectors = reader.encode(texts)
    assert (vectors.shape, vectors.dtype) == ((4, CONTEXTUAL_DIMENSION), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    for text, vector in zip(texts, vectors, strict=True):
        assert (reader.encode([text])[0] == vector).all()
    assert reader.encode([]).shape == (0, CONTEXTUAL_DIMENSION)


def test_a_text_that_is_too_long_is_placed_by_its_beginning(reader: Reader) -> None:
    beginning = BRIDGE["es"] * 20
    vectors = reader.encode([beginning, f"{beginning} {FOREST['es']}"])
    assert (vectors[0] == vectors[1]).all()


def test_a_text_without_a_token_has_no_vector(reader: Reader) -> None:
    assert not reader.encode(["", " \n", "\x00"]).any()
    assert np.isfinite(reader.encode(["\ud800 lone", "🜁" * 999, "x" * 5_000])).all()


def test_the_contextual_fingerprint_is_known_without_the_model(reader: Reader) -> None:
    assert contextual_fingerprint() == reader.contextual_fingerprint
    assert reader.contextual_fingerprint == f"contextual@{reader.fingerprint.removeprefix('reader@').partition('+')[0]}/{READING}"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ModuleNotFoundError("No module named 'onnxruntime'"), "The reader needs onnxruntime; run `pip install onnxruntime`."),
        (ImportError("libgomp is missing"), "The reader cannot load onnxruntime (libgomp is missing); install it again with pip."),
    ],
)
def test_a_library_that_is_missing_and_one_that_does_not_load(monkeypatch: pytest.MonkeyPatch, error: ImportError, sentence: str) -> None:
    real = builtins.__import__

    def imported(name: str, *others: Any) -> Any:
        if name == "onnxruntime":
            raise error
        return real(name, *others)

    monkeypatch.setattr(builtins, "__import__", imported)
    with pytest.raises(ModelError) as caught:
        Reader()
    assert str(caught.value) == sentence
