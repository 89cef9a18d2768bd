"""Which documents a question means: by name, year, product, or meaning."""
