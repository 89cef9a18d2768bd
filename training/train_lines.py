"""The recipe of what reads lines alone, `rag/models/lines`: an attention and a head on the states of the built-in reader.

    python -m training.train_lines --out rag/models

Every question of the documents of labels and values, of tables, and of some others, is read with the lines that are found for it
(`training.line_cases`). The loss is a softmax over the lines of a question and "none of them" (0), so that one number both picks and
refuses. The reader stays as it is: its states before the last layer are computed once, as the product computes them. It starts from the
reader's own last layer, with the neurons whose weights are the largest. Nothing is random but by seed.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from rag.embed import BuiltinEmbedder
from rag.evidence import Evidence
from rag.lines import FOLDER
from rag.read import Reader
from rag.select import SentenceScorer
from training.heads import Attention, largest, linear, padded, surprise, train, write_head, write_head_card
from training.line_cases import Case, find_cases
from training.reader_model import EPSILON, WIDTH, Layer
from training.reader_score import area_under_curve
from training.reader_stored import read_reader
from training.tables import read_tables
from training.written import FORMS, MORE, read_written

MORE_ONE_IN = 8
"""One in so many of the second wave's documents: their lines are list items, labels of minutes, and seldom the answer."""

TEMPLATE = Path(__file__).with_name("lines_card.md")
NEURONS = 256


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; the defaults are what the shipped files were trained with."""

    epochs: int = 4
    questions: int = 24
    rate: float = 3e-4
    dropout: float = 0.1
    one_in: int = 1
    seed: int = 0


class LineNetwork(nn.Module):
    """What `rag.lines` computes, with gradients."""

    def __init__(self, layer: Layer, hidden: nn.Linear, answers: nn.Linear, dropout: float) -> None:
        super().__init__()
        kept = largest(layer.wide.weight.norm(dim=1) * layer.narrow.weight.norm(dim=0), NEURONS)
        self.attention = Attention(layer)
        self.mixed = linear(layer.mixed.weight, layer.mixed.bias)
        self.wide = linear(layer.wide.weight[kept], layer.wide.bias[kept])
        self.narrow = linear(layer.narrow.weight[:, kept], layer.narrow.bias)
        self.hidden = linear(hidden.weight, hidden.bias)
        self.answers = linear(answers.weight, answers.bias)
        self.mixed_norm, self.narrow_norm = (nn.LayerNorm(WIDTH, eps=EPSILON) for _ in range(2))
        self.mixed_norm.load_state_dict(layer.mixed_norm.state_dict())
        self.narrow_norm.load_state_dict(layer.narrow_norm.state_dict())
        self.dropout = dropout

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Log-odds (batch) from states (batch x tokens x width); `mask` is 1 for tokens and 0 for padding."""
        found = self.attention(states[:, :1], states, mask)[:, 0]
        first = self.mixed_norm(states[:, 0] + self.mixed(found))
        first = self.narrow_norm(first + self.narrow(functional.gelu(self.wide(first), approximate="tanh")))
        first = functional.dropout(first, self.dropout, self.training)
        odds: Tensor = self.answers(torch.tanh(self.hidden(first)))[:, 0]
        return odds


def read_states(reader: Reader, cases: Sequence[Case]) -> list[list[Tensor]]:
    """The states of every line of every case, in half precision."""
    return [
        [torch.from_numpy(window.astype(np.float16)) for window in reader.line_states(case.question, case.lines)]
        for case in tqdm(cases, desc="reading", mininterval=5)
    ]


def losses(network: LineNetwork, cases: Sequence[Case], states: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """The surprise at the lines of each case that answer, or at "none of them"; in halves of like length."""
    windows = [window for own in states for window in own]
    order = sorted(range(len(windows)), key=lambda place: len(windows[place]))
    halves = [half for half in (order[: len(order) // 2], order[len(order) // 2 :]) if half]
    odds = torch.cat([network(*padded([windows[place] for place in half])) for half in halves])[torch.tensor(order).argsort()]
    return [surprise(own, case.right) for own, case in zip(odds.split([len(own) for own in states]), cases, strict=True)]


def measure(reader: Reader, cases: Sequence[Case], line: str) -> dict[str, str]:
    """Of held-out questions: how often the best line (or row) answers, by words and alone, and whether its log-odds tell that one does."""
    told: dict[str, str] = {}
    for name, crossed in (("in one language", False), ("across", True)):
        own = [case for case in cases if case.crossed is crossed]
        odds = [reader.line_scores(case.question, case.lines) for case in own]
        answered = [(case, values) for case, values in zip(own, odds, strict=True) if any(case.right)]
        silent = [values.max() for case, values in zip(own, odds, strict=True) if not case.answered]
        if not answered or not silent:
            continue
        by_words = [case.right[0] for case, _ in answered]
        alone = [case.right[int(values.argmax())] for case, values in answered]
        area = area_under_curve(np.array([values.max() for _, values in answered]), np.array(silent))
        told[f"best {line} answers, {name} ({len(answered)} questions), by words"] = f"{np.mean(by_words):.3f}"
        told[f"the same, by the {line} alone, {name}"] = f"{np.mean(alone):.3f}"
        told[f"AUC of its log-odds, {line}s, {name} (and {len(silent)} that the document does not answer)"] = f"{area:.3f}"
    return told


def main() -> None:
    """Find, train, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the models, with a reader")
    parser.add_argument("--one-in", type=int, default=1, help="rehearse on one in so many documents")
    arguments = parser.parse_args()
    settings = Settings(one_in=arguments.one_in)
    builtin, reader = BuiltinEmbedder(arguments.out), Reader(arguments.out)
    scorer = SentenceScorer(Evidence(builtin.tokenizer, builtin.rows), reader)
    written = [*read_written(FORMS, held_out=False), *read_written(MORE, held_out=False)[::MORE_ONE_IN], *read_tables(held_out=False)]
    cases = list(find_cases(written[:: settings.one_in], scorer))
    stored, _ = read_reader(arguments.out)
    network = LineNetwork(stored.encoder.layers[-1], stored.hidden, stored.answerable, settings.dropout)
    states = read_states(reader, cases)

    def told(places: list[int]) -> list[Tensor]:
        return losses(network, [cases[place] for place in places], [states[place] for place in places])

    train([(network, settings.rate)], len(cases), told, settings.epochs, settings.questions, settings.seed)
    revision = write_head(network, arguments.out, FOLDER)
    reader = Reader(arguments.out)
    measured = measure(reader, [*find_cases(read_written(FORMS, held_out=True)[:: settings.one_in], scorer)], "line")
    measured |= measure(reader, [*find_cases(read_tables(held_out=True)[:: settings.one_in], scorer)], "row")
    print(write_head_card(arguments.out, FOLDER, TEMPLATE, revision, settings, len(cases), measured))


if __name__ == "__main__":
    main()
