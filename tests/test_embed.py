"""The embedders: one conformance suite for all of them, then what each promises alone."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings
from tokenizers import Tokenizer

from rag import embed
from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder, Embedder, LangChainEmbedder, load_embedder
from rag.errors import IndexMismatch, ModelError
from rag.index import open_index
from rag.index.rows import embedded_text
from rag.index.sync import sync
from rag.paths import MODELS
from rag.testing import HashEmbedder
from rag.whole_words import READING

TEXTS = [
    "The treaty permits the crossing of the border without a visa.",
    "El río Amazonas atraviesa la selva tropical.",
    "Section 4: fees, fines and 1,024 exceptions.",
    "¿Cuándo se fundó la universidad?",
    "a",
]


class LetterEmbeddings(Embeddings):
    """Counts of five vowels plus one, not of length 1; queries get their vowels counted twice. Refuses blank texts, as providers do."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        assert all(text.strip() for text in texts), "a provider refuses blank texts"
        return [[1.0 + text.lower().count(vowel) for vowel in "aeiou"] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [2 * count - 1 for count in self.embed_documents([text])[0]]


@pytest.fixture(scope="module")
def builtin() -> BuiltinEmbedder:
    return BuiltinEmbedder()


@pytest.fixture(params=["builtin", "hash", "langchain"])
def embedder(request: pytest.FixtureRequest, builtin: BuiltinEmbedder) -> Embedder:
    made: dict[str, Callable[[], Embedder]] = {
        "builtin": lambda: builtin,
        "hash": lambda: HashEmbedder(dimension=32),
        "langchain": lambda: LangChainEmbedder(LetterEmbeddings(), "letters"),
    }
    return made[request.param]()


# Conformance: what every embedder owes.


def test_rows_have_length_one(embedder: Embedder) -> None:
    for vectors in (embedder.encode_documents(TEXTS), embedder.encode_queries(TEXTS)):
        assert vectors.shape == (len(TEXTS), embedder.dimension)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_same_text_same_vector(embedder: Embedder) -> None:
    assert np.array_equal(embedder.encode_documents(TEXTS), embedder.encode_documents(TEXTS))


def test_a_vector_does_not_depend_on_its_neighbours(embedder: Embedder) -> None:
    together = embedder.encode_documents(TEXTS * 100)
    for row, text in enumerate(TEXTS):
        assert np.array_equal(together[row], embedder.encode_documents([text])[0])
        assert np.array_equal(together[row], together[-len(TEXTS) + row])


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.encode_documents([]).shape == (0, embedder.dimension)
    assert embedder.encode_queries([]).shape == (0, embedder.dimension)


def test_blank_text_gives_zeros(embedder: Embedder) -> None:
    vectors = embedder.encode_documents(["", TEXTS[0], " \n"])
    assert not vectors[[0, 2]].any()
    assert np.array_equal(vectors[1], embedder.encode_documents([TEXTS[0]])[0])
    assert not embedder.encode_queries([""]).any()


def test_emoji_and_broken_characters_are_texts_like_others(embedder: Embedder) -> None:
    vectors = embedder.encode_documents(["🙂🙃", "🙂 the treaty 🙃", "\ud83d the treaty"])
    assert np.isfinite(vectors).all()


def test_fingerprint_is_one_line(embedder: Embedder) -> None:
    assert embedder.fingerprint == embedder.fingerprint.strip()
    assert "\n" not in embedder.fingerprint
    assert str(embedder.dimension) in embedder.fingerprint


# The built-in table.


@pytest.mark.parametrize(
    ("question", "translation"),
    [
        ("What does the treaty permit?", "¿Qué permite el tratado?"),
        ("Who invented the steam engine?", "¿Quién inventó la máquina de vapor?"),
        ("When was the university founded?", "¿Cuándo se fundó la universidad?"),
        ("How is the president elected?", "¿Cómo se elige al presidente?"),
    ],
)
def test_a_question_is_nearest_to_its_translation(builtin: BuiltinEmbedder, question: str, translation: str) -> None:
    spanish = [
        "¿Qué permite el tratado?",
        "¿Quién inventó la máquina de vapor?",
        "¿Cuándo se fundó la universidad?",
        "¿Cómo se elige al presidente?",
        "Los pingüinos viven en el hemisferio sur.",
        "La receta lleva dos huevos y harina.",
    ]
    cosines = builtin.encode_documents(spanish) @ builtin.encode_queries([question])[0]
    assert spanish[int(cosines.argmax())] == translation
    assert np.sort(cosines)[-1] - np.sort(cosines)[-2] > 0.2


def test_case_and_accents_do_not_matter(builtin: BuiltinEmbedder) -> None:
    plain, shouted = builtin.encode_documents(["¿Cuándo se fundó la Unión Europea?", "¿CUANDO SE FUNDO LA UNION EUROPEA?"])
    assert np.array_equal(plain, shouted)


def test_words_that_a_layout_left_in_pieces_are_read_whole(builtin: BuiltinEmbedder) -> None:
    broken, whole = builtin.encode_documents(["scientiﬁc infor-\nmation on inﬂuenza", "scientific information on influenza"])
    assert np.array_equal(broken, whole)


def test_a_text_is_the_sum_of_its_rows_and_repetition_counts_less(builtin: BuiltinEmbedder) -> None:
    text = "tratado de paz de paz de"
    tratado, de, paz = (builtin.tokenizer.token_to_id(token) for token in ("tratado", "de", "paz"))
    assert builtin.tokenizer.encode(text).ids == [tratado, de, paz, de, paz, de]
    expected = builtin.rows[tratado].astype(np.float64) + 3**0.75 * builtin.rows[de] + 2**0.75 * builtin.rows[paz]
    expected /= np.linalg.norm(expected)
    assert builtin.encode_documents([text])[0] == pytest.approx(expected, abs=1e-6)


def test_unknown_tokens_add_nothing(builtin: BuiltinEmbedder) -> None:
    assert builtin.tokenizer.encode("𐎀").tokens == ["[UNK]"]
    assert not builtin.encode_documents(["𐎀 𐎁"]).any()
    assert np.array_equal(*builtin.encode_documents(["the treaty", "𐎀 the treaty 𐎁"]))


def test_passages_are_not_cut(builtin: BuiltinEmbedder) -> None:
    long = "the committee met again and again " * 200
    assert not np.array_equal(*builtin.encode_documents([long, long + "penguins"]))


def test_model2vec_opens_the_files_and_agrees_where_nothing_is_repeated(builtin: BuiltinEmbedder) -> None:
    model2vec = pytest.importorskip("model2vec")
    texts = ["Treaties permit crossing borders without a visa.", "¿Cuándo se fundó la universidad?"]
    for ids in (builtin.tokenizer.encode(text).ids for text in texts):
        assert len(ids) == len(set(ids))
    reference = model2vec.StaticModel.from_pretrained(MODELS / "embedding").encode(texts)
    assert builtin.encode_documents(texts) == pytest.approx(reference, abs=1e-5)


def test_fingerprint_names_the_revision(builtin: BuiltinEmbedder) -> None:
    entry = json.loads((MODELS / "manifest.json").read_text())["embedding"]
    assert builtin.fingerprint == f"builtin@{entry['revision']}/{entry['dimension']}/l2/{READING}"
    assert builtin.dimension == entry["dimension"] == 384


class Earlier(BuiltinEmbedder):
    """The same model in a version that did not read divided words whole."""

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer = Tokenizer.from_file(str(MODELS / "embedding" / "tokenizer.json"))
        self.fingerprint = self.fingerprint.removesuffix(f"/{READING}")


def test_vectors_of_texts_that_were_read_otherwise_are_not_used(builtin: BuiltinEmbedder, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The scientiﬁc infor-\nmation on inﬂuenza is kept here.", encoding="utf-8")
    config = Config(index=IndexConfig(path=tmp_path / "index"))
    sync(config, Earlier(), [tmp_path / "docs"])
    with pytest.raises(IndexMismatch, match="run rag index on your documents again"):
        open_index(config.index, builtin.fingerprint)
    sync(config, builtin, [tmp_path / "docs"])
    with closing(open_index(config.index, builtin.fingerprint)) as opened, opened.snapshot() as snapshot:
        (passage,) = snapshot.store.all_passages()
        now = builtin.encode_documents([embedded_text(passage)])[0]
        assert snapshot.vectors.similarity(now, [passage.id]) == pytest.approx([1.0], abs=0.001)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_flipped_byte_is_refused(tmp_path: Path, name: str) -> None:
    models = copy_models(tmp_path)
    path = models / "embedding" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} does not match its sha256 in manifest.json; install the program again"):
        BuiltinEmbedder(models)


@pytest.mark.parametrize("name", ["embedding/tokenizer.json", "manifest.json"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    models = copy_models(tmp_path)
    (models / name).unlink()
    with pytest.raises(ModelError, match=r"incomplete .FileNotFoundError.; install the program again"):
        BuiltinEmbedder(models)


def copy_models(folder: Path) -> Path:
    shutil.copytree(MODELS / "embedding", folder / "embedding")
    shutil.copy(MODELS / "manifest.json", folder)
    return folder


def test_import_is_cheap() -> None:
    code = "import sys, rag.embed; print([m for m in ('tokenizers', 'safetensors', 'torch', 'langchain', 'model2vec') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# LangChain.


def test_langchain_vectors_are_the_models_own_made_unit() -> None:
    embedder = LangChainEmbedder(LetterEmbeddings(), "letters")
    assert embedder.encode_documents(["aaa e"])[0] == pytest.approx(np.array([4, 2, 1, 1, 1]) / np.sqrt(23))
    assert embedder.encode_queries(["aaa e"])[0] == pytest.approx(np.array([7, 3, 1, 1, 1]) / np.sqrt(61))
    assert embedder.fingerprint == "letters/5/l2"


class BrokenEmbeddings(LetterEmbeddings):
    def embed_query(self, text: str) -> list[float]:
        raise ConnectionRefusedError("http://user:secret@host")


class ShrinkingEmbeddings(LetterEmbeddings):
    def embed_query(self, text: str) -> list[float]:
        return [1.0, 2.0]


class EndlessEmbeddings(LetterEmbeddings):
    def embed_query(self, text: str) -> list[float]:
        return [float("nan")] * 5


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (BrokenEmbeddings, "'x:y' failed with ConnectionRefusedError; check the name"),
        (ShrinkingEmbeddings, r"'x:y' returned numbers of shape \(1, 2\), not 1 finite vectors of dimension 5; check which"),
        (EndlessEmbeddings, r"'x:y' returned numbers of shape \(1, 5\), not 1 finite vectors"),
    ],
)
def test_a_failing_provider_is_named(model: type[Embeddings], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        LangChainEmbedder(model(), "x:y").encode_queries(["a question"])
    assert "secret" not in str(caught.value)


# load_embedder.


def test_load_builtin() -> None:
    assert isinstance(load_embedder("builtin"), BuiltinEmbedder)


def test_provider_strings_reach_langchain(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def init_embeddings(model: str) -> Embeddings:
        asked.append(model)
        return LetterEmbeddings()

    monkeypatch.setattr("langchain.embeddings.init_embeddings", init_embeddings)
    embedder = load_embedder("openai:text-embedding-3-small")
    assert asked == ["openai:text-embedding-3-small"]
    assert embedder.fingerprint == "openai:text-embedding-3-small/5/l2"


def test_providers_are_those_of_langchain() -> None:
    from langchain.embeddings.base import _BUILTIN_PROVIDERS

    packages = {name: module.split(".")[0].replace("_", "-") for name, (module, *_) in _BUILTIN_PROVIDERS.items()}
    assert packages == embed.PROVIDER_PACKAGES


def test_missing_integration_names_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_cohere", None)
    with pytest.raises(ModelError, match="'cohere:embed-v4' needs langchain-cohere; run `pip install langchain-cohere`"):
        load_embedder("cohere:embed-v4")


@pytest.mark.parametrize("model", ["", " "])
def test_an_empty_name_is_refused(model: str) -> None:
    with pytest.raises(ModelError, match=r"The embedding model is empty; set embedding\.model"):
        load_embedder(model)


@pytest.mark.parametrize("model", ["no/such-model", "C:/models/mine", "opneai:text-embedding-3-small"])
def test_without_sentence_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModelError, match=r"needs sentence-transformers; run `pip install torch sentence-transformers`") as caught:
        load_embedder(model)
    assert repr(model) in str(caught.value)
