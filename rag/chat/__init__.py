"""The chat page behind `rag chat`: questions in, streamed answers with citations out.

server.py     listens              guard.py      which requests pass, and the headers of every response
app.py        the routes           door.py       visitors by cookie, and the password
engine.py     Gradio: what waits in line and streams
dialogue.py   one question         visitors.py   conversations in memory
library.py    collections and models             documents.py  uploads, removal, the list
page.py       the page             render.py     turns and sources; panels.py documents and models; escape.py makes text safe
examples.py   what to ask first    strings.py    English and Spanish         *.js, *.css   what runs in the browser
"""

from rag.chat.server import build_app, serve

__all__ = ["build_app", "serve"]
