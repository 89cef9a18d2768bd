"""Rows, lists and codes: the whole row, list or entry that answers, where a sentence of it would not do."""
