"""The recipe of what tells whether anything found answers, `rag/models/sufficiency`: a head on the states of the built-in reader.

    python -m training.train_sufficiency --data DATA --out rag/models

Every question is read with what the product finds for it, and the sentences that it would choose among are weighed with a softmax over
them and "none of them" (0). The reader stays as it is: its states before the last layer are computed once, some 8 GB in half precision.
The attention starts as the reader's last layer. Nothing is random but by seed.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rag.embed import BuiltinEmbedder
from rag.evidence import Evidence
from rag.read import Reader
from rag.select import SentenceScorer
from rag.sufficiency import FOLDER, SufficiencyHead
from training.heads import Attention, largest, linear, padded, surprise, train, write_head, write_head_card
from training.reader_model import EPSILON, WIDTH, Layer
from training.reader_score import area_under_curve
from training.reader_stored import read_reader
from training.sufficiency_cases import Case, public_cases, topic_cases, written_cases
from training.tables import read_tables
from training.written import EXACT, FORMS, MORE, read_written, with_topics
from training.written import FOLDER as FIRST

TEMPLATE = Path(__file__).with_name("sufficiency_card.md")
KNOWN = 4
ATTENTIONS = 6
NEURONS = 192


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; the defaults are what the shipped files were trained with.

    `written`, `forms`, `topics`, `held_out`: one document in so many; `public`: questions of each public set.
    """

    epochs: int = 2
    questions: int = 16
    rate: float = 3e-4
    known_rate: float = 3e-2
    dropout: float = 0.1
    written: int = 6
    forms: int = 4
    topics: int = 2
    public: int = 400
    held_out: int = 4
    one_in: int = 1
    seed: int = 0


class SufficiencyNetwork(nn.Module):
    """What `rag.sufficiency` computes, with gradients."""

    def __init__(self, layer: Layer, hidden: nn.Linear, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(layer, ATTENTIONS)
        self.mixed = linear(layer.mixed.weight[:, self.attention.columns], layer.mixed.bias)
        kept = largest(hidden.weight.norm(dim=1), NEURONS)
        self.hidden = linear(hidden.weight[kept], hidden.bias[kept])
        self.answers, self.known = nn.Linear(NEURONS, 1), nn.Linear(KNOWN, 1)
        for begins_at_zero in (self.answers, self.known):
            nn.init.zeros_(begins_at_zero.weight)
            nn.init.zeros_(begins_at_zero.bias)
        self.mixed_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.mixed_norm.load_state_dict(layer.mixed_norm.state_dict())
        self.dropout = dropout

    def forward(self, states: Tensor, mask: Tensor, inside: Tensor, places: Tensor, known: Tensor) -> Tensor:
        """Log-odds of sentences.

        Args:
            states: windows x tokens x width.
            mask: windows x tokens, 1 for tokens and 0 for padding.
            inside: windows x rows x tokens, of each sentence one over the number of its tokens for these, and 0 for the others.
            places: where each sentence is among windows x rows.
            known: what else is known of each, sentences x 4.
        """
        means = inside @ states
        found = self.attention(means, states, mask)
        means, found = (rows.flatten(0, 1)[places] for rows in (means, found))
        mixed = functional.dropout(self.mixed_norm(means + self.mixed(found)), self.dropout, self.training)
        odds: Tensor = (self.answers(torch.tanh(self.hidden(mixed))) + self.known(known))[:, 0]
        return odds


def log_odds(network: SufficiencyNetwork, cases: Sequence[Case]) -> list[Tensor]:
    """Those of the sentences of each case."""
    windows, places = [torch.from_numpy(window) for case in cases for window in case.windows], []
    rows, first = [0] * len(windows), 0
    for case in cases:
        for window, start, end in case.sentences:
            places.append((first + window, rows[first + window], start, end))
            rows[first + window] += 1
        first += len(case.windows)
    states, mask = padded(windows)
    inside = torch.zeros(len(windows), max(rows), states.shape[1])
    for window, row, start, end in places:
        inside[window, row, start:end] = 1 / (end - start)
    flat = torch.tensor([window * max(rows) + row for window, row, _, _ in places])
    known = torch.from_numpy(np.concatenate([case.known for case in cases]))
    return list(network(states, mask, inside, flat, known).split([len(case.sentences) for case in cases]))


def trained(network: SufficiencyNetwork, cases: Sequence[Case], settings: Settings) -> None:
    """Train in place."""

    def losses(places: list[int]) -> list[Tensor]:
        own = [cases[place] for place in places]
        return [surprise(odds, case.right) for odds, case in zip(log_odds(network, own), own, strict=True)]

    # What words and reader say are four numbers whose weights begin at nothing.
    rates = [(network.known, settings.known_rate), (network, settings.rate)]
    train(rates, len(cases), losses, settings.epochs, settings.questions, settings.seed)


def measure(head: SufficiencyHead, cases: Sequence[Case], kind: str) -> dict[str, str]:
    """Of held-out questions of a kind: whether the summed odds tell that a sentence answers; beside it, the reader's best log-odds."""
    told: dict[str, str] = {}
    for name, crossed in (("in one language", False), ("across", True)):
        odds: dict[bool, list[float]] = {True: [], False: []}
        readings: dict[bool, list[float]] = {True: [], False: []}
        for case in cases:
            if case.crossed is crossed and any(case.right) is case.answered:
                odds[case.answered].append(float(np.logaddexp.reduce(head.log_odds(case.seen(), case.known[:, :-1]))))
                readings[case.answered].append(float(case.known[:, 0].max()))
        if all(odds.values()):
            for what, values in (("the best log-odds of the reader", readings), ("the summed odds", odds)):
                area = area_under_curve(np.array(values[True]), np.array(values[False]))
                told[f"AUC of {what}, {kind}, {name} ({len(values[True])} answered and {len(values[False])} not)"] = f"{area:.3f}"
    return told


def main() -> None:
    """Find, train, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with questions/")
    parser.add_argument("--out", type=Path, required=True, help="folder of the models, with a reader")
    parser.add_argument("--one-in", type=int, default=1, help="rehearse on one in so many documents and public questions")
    arguments = parser.parse_args()
    settings = Settings(one_in=arguments.one_in)
    builtin, reader = BuiltinEmbedder(arguments.out), Reader(arguments.out)
    scorer = SentenceScorer(Evidence(builtin.tokenizer, builtin.rows), reader)
    waves = (FIRST, MORE, EXACT)
    prose = [document for folder in waves for document in read_written(folder, held_out=False)]
    forms = read_written(FORMS, held_out=False)
    written = [*prose[:: settings.written], *forms[:: settings.forms]]
    cases = [
        *written_cases(written[:: settings.one_in], scorer),
        *written_cases(read_tables(held_out=False)[:: settings.one_in], scorer),
        *topic_cases(with_topics([*prose, *forms])[:: settings.topics * settings.one_in], scorer),
        *public_cases(arguments.data, max(1, settings.public // settings.one_in), settings.seed, scorer),
    ]
    stored, _ = read_reader(arguments.out)
    network = SufficiencyNetwork(stored.encoder.layers[-1], stored.hidden, settings.dropout)
    trained(network, cases, settings)
    revision = write_head(network, arguments.out, FOLDER)
    held_out = [document for folder in waves for document in read_written(folder, held_out=True)]
    forms, head = read_written(FORMS, held_out=True), SufficiencyHead(arguments.out)
    measured = measure(head, [*written_cases(held_out[:: settings.held_out * settings.one_in], scorer)], "prose")
    measured |= measure(head, [*written_cases(forms[:: settings.held_out * settings.one_in], scorer)], "labels and values")
    measured |= measure(head, [*written_cases(read_tables(held_out=True)[:: settings.one_in], scorer)], "tables")
    measured |= measure(head, [*topic_cases(with_topics([*held_out, *forms])[:: settings.one_in], scorer)], "open questions")
    print(write_head_card(arguments.out, FOLDER, TEMPLATE, revision, settings, len(cases), measured))


if __name__ == "__main__":
    main()
