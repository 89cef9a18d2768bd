"""Question answering over your own documents, offline, with citations that are checked by code."""

__version__ = "0.1.0"
