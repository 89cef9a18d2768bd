"""What a turn of a conversation may be beyond a question: a follow-up, a greeting, a choice, a wish for another form.

`rag.condense` makes a question of it that stands alone, by rules.
"""
