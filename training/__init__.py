"""Recipes that make the files of `rag/models`; not part of the wheel, and nothing in `rag` imports them."""
