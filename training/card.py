"""Writes the model card, `rag/models/README.md`: what the recipe used and what it measured.

The measured part is computed here, the rest is the text of `training/card.md`; it knows nothing of how to train.
"""

from dataclasses import asdict
from pathlib import Path

from training.export import FILES, FOLDER
from training.student import Settings

TEMPLATE = Path(__file__).with_name("card.md")


def write_card(out: Path, revision: str, settings: Settings, pairs: int, trained: dict[str, float], stored: dict[str, float]) -> str:
    """Fill the template with what was used and measured; return the table of metrics."""
    metrics = ["| nDCG@10 on the development sets | float32 table | int8 table as stored |", "|---|---|---|"]
    metrics += [f"| {task} | {trained[task]:.4f} | {stored[task]:.4f} |" for task in trained]
    sizes = [f"| {name} | {(out / FOLDER / name).stat().st_size:,} |" for name in FILES]
    values = {
        "revision": revision,
        "pairs": f"{pairs:,}",
        "settings": ", ".join(f"{name} {value}" for name, value in asdict(settings).items()),
        "metrics": "\n".join(metrics),
        "sizes": "\n".join(["| file of `embedding/` | bytes |", "|---|---|", *sizes]),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    (out / "README.md").write_text(text, encoding="utf-8")
    return values["metrics"]
