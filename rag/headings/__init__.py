"""Headings that are not plainly written as such: told by numbers alone, misread by a scanner, or quoted by a law that amends another.

`rag.sections` asks them; they know lines of text, not passages.
"""
