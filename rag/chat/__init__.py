"""The Gradio page behind `rag chat`: questions in, streamed answers with citations out.

`server` listens, `guard` decides what passes, `page` lays out and wires, `render` writes safe HTML, `strings` speaks two languages.
"""

from rag.chat.server import build_app, serve

__all__ = ["build_app", "serve"]
