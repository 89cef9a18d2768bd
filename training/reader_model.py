"""The reader's network: a BERT encoder of six layers with three heads, and its training loop.

It knows token ids, weights and gradients, and nothing of languages, questions or files of data. The encoder is written out because
that trains twice as fast on a processor as the general one, and exports to a small graph.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

WIDTH = 384
HEADS = 12
LAYERS = 6
POSITIONS = 256
EPSILON = 1e-12
MASKED = -1e4
CHECKPOINT_STEPS = 100


class Layer(nn.Module):
    """One transformer layer, normalised after each half as BERT is."""

    def __init__(self) -> None:
        super().__init__()
        self.mixing = nn.Linear(WIDTH, 3 * WIDTH)
        self.mixed = nn.Linear(WIDTH, WIDTH)
        self.mixed_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.wide = nn.Linear(WIDTH, 4 * WIDTH)
        self.narrow = nn.Linear(4 * WIDTH, WIDTH)
        self.narrow_norm = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """States (batch x tokens x width) after attention and the two linear maps; `bias` hides the padding."""
        batch, tokens, width = states.shape
        parts = self.mixing(states).view(batch, tokens, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        scores = (query @ key.transpose(-1, -2)) * (width // HEADS) ** -0.5
        attention = (scores + bias).softmax(-1).to(value.dtype)
        context = (attention @ value).transpose(1, 2).reshape(batch, tokens, width)
        return self.after_attention(states, context)

    def after_attention(self, states: Tensor, context: Tensor) -> Tensor:
        """The rest of the layer, from what attention made of the states."""
        states = self.mixed_norm(states + self.mixed(context))
        inner = self.narrow(functional.gelu(self.wide(states)))
        return self.narrow_norm(states + inner)  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """Token ids to states."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(tokens, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.types = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
        """States (batch x tokens x width); `mask` is 1 for tokens and 0 for padding, `types` 0 for the question and 1 for the passage."""
        states = self.norm(self.tokens(ids) + self.positions.weight[: ids.shape[1]] + self.types(types))
        bias = (1.0 - mask[:, None, None, :].to(states.dtype)) * MASKED
        for layer in self.layers:
            states = layer(states, bias)
        return states

    def load_bert(self, weights: Mapping[str, Tensor], vectors: Tensor) -> None:
        """Take the weights of a BERT encoder, by Hugging Face's names, and `vectors` for the tokens."""

        def copy(target: nn.Module, source: str) -> None:
            target.load_state_dict({kind: weights[f"{source}.{kind}"] for kind in ("weight", "bias")})

        with torch.no_grad():
            self.tokens.weight.copy_(vectors)
            self.positions.weight.copy_(weights["embeddings.position_embeddings.weight"][:POSITIONS])
            self.types.weight.copy_(weights["embeddings.token_type_embeddings.weight"])
            copy(self.norm, "embeddings.LayerNorm")
            for number, layer in enumerate(self.layers):
                name = f"encoder.layer.{number}"
                for kind in ("weight", "bias"):
                    parts = [weights[f"{name}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
                    getattr(layer.mixing, kind).copy_(torch.cat(parts))
                copy(layer.mixed, f"{name}.attention.output.dense")
                copy(layer.mixed_norm, f"{name}.attention.output.LayerNorm")
                copy(layer.wide, f"{name}.intermediate.dense")
                copy(layer.narrow, f"{name}.output.dense")
                copy(layer.narrow_norm, f"{name}.output.LayerNorm")


class ReaderNetwork(nn.Module):
    """The encoder with its heads: is the question answered here, and where; is the claim supported."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.span = nn.Linear(WIDTH, 2)
        self.hidden = nn.Linear(WIDTH, WIDTH)
        self.answerable = nn.Linear(WIDTH, 1)
        self.weighing = nn.Linear(WIDTH, WIDTH)
        self.supported = nn.Linear(WIDTH, 1)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits: answerability (batch), ends of the span (batch x tokens x 2), support of a claim in place of the question (batch).

        Of the ends only the first position, "nowhere", and the passage can be chosen.
        """
        states = self.encoder(ids, mask, types)
        allowed = types.clone()
        allowed[:, 0] = 1
        spans = self.span(states).float() + (1.0 - allowed[:, :, None].float()) * MASKED
        first = self.answerable(torch.tanh(self.hidden(states[:, 0])))
        support = self.supported(torch.tanh(self.weighing(states[:, 0])))
        return first[:, 0].float(), spans, support[:, 0].float()


def fit(network: nn.Module, loss_at: Callable[[int], Tensor], *, steps: int, rate: float, checkpoint: Path, name: str) -> None:
    """Train for `steps` steps, where `loss_at(step)` is the loss of that step's batch; goes on from `checkpoint` if it exists.

    AdamW; the learning rate rises to `rate` over the first tenth and falls to zero as a cosine.
    """
    grouped = [
        {"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": 0.01},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(grouped, lr=rate, fused=True)
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        done = state["step"]
        if done < steps:
            optimizer.load_state_dict(state["optimizer"])
    network.train()
    average = math.nan
    progress = tqdm(range(done, steps), desc=name, initial=done, total=steps, mininterval=5)
    for step in progress:
        for group in optimizer.param_groups:
            group["lr"] = rate * _share(step, steps)
        with half_precision():
            loss = loss_at(step)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average = float(loss.detach()) if math.isnan(average) else 0.98 * average + 0.02 * float(loss.detach())
        progress.set_postfix(loss=f"{average:.4f}", refresh=False)
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == steps:
            unfinished = checkpoint.with_suffix(".part")
            torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}, unfinished)
            unfinished.replace(checkpoint)
    network.eval()


def half_precision() -> torch.autocast:
    """Products of matrices in bfloat16, where the processor has instructions for it; elsewhere it takes forty times as long as float32."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _share(step: int, steps: int) -> float:
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
