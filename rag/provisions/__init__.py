"""Provisions beyond a plain reference: how a question asks for them, which acts have numbers, what a document counts.

It knows articles, paragraphs and annexes; `rag.references` reads their names and `rag.lookup` finds them.
"""
