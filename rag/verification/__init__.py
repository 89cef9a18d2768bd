"""What speaks for and against a sentence beside its source: words, names, numbers, quotations, denials, roles.

`rag.verify` asks for a verdict; nothing here knows an index or a model.
"""
