"""The reader of mails (.eml), by Python's own library: subject, sender, receivers, date, text, and the attachments that can be read.

Of a mail in two forms the plain one is read, if it is no mere notice. Nothing that it points to is fetched. RFC 5322, RFC 2045.
"""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.utils import parsedate_to_datetime
from pathlib import PurePath

from rag.errors import LoadError
from rag.load.characters import clean
from rag.load.html import read_html
from rag.load.parsed import Parsed, first_line, joined, one_line
from rag.load.text import decode
from rag.load.thread import thread
from rag.types import Heading

FULLER = 1.5  # how much longer the HTML of a mail must be for its plain part to be a mere notice
SHOWN = ("Subject", "From", "To", "Cc", "Date")
MOST_ATTACHMENTS = 100
DAMAGE = (AssertionError, AttributeError, LookupError, TypeError, ValueError, MessageError)


def read_mail(data: bytes) -> Parsed:
    """Read a mail.

    Raises:
        LoadError: no mail, or damaged.
    """
    try:
        return _mail(message_from_bytes(data, policy=policy.default), attachments=True)
    except DAMAGE as error:
        raise LoadError(f"not a readable mail ({' '.join(str(error).split())[:80] or type(error).__name__})") from error


def _mail(message: EmailMessage, *, attachments: bool) -> Parsed:
    headers = {name: _header(message, name) for name in SHOWN}
    subject = headers["Subject"]
    body = _body(message, subject)
    if not any(headers.values()):
        raise LoadError("not a mail (it has no sender, date or subject)")
    head = "\n".join(text if name == "Subject" else f"{name}: {text}" for name, text in headers.items() if text)
    called = (Heading(0, len(subject), 1, subject),) if subject else ()
    try:
        date = parsedate_to_datetime(headers["Date"]).date().isoformat() if headers["Date"] else None
    except (ValueError, IndexError, OverflowError):
        date = None
    parts = [
        Parsed(head, subject or first_line(body.text), date, headings=called, author=headers["From"]),
        Parsed(body.text, headings=body.headings),
    ]
    return joined([part for part in (*parts, *(_attached(message) if attachments else ())) if part.text])


def _header(message: EmailMessage, name: str) -> str | None:
    try:
        return one_line(clean(str(message[name] or "")))
    except DAMAGE:
        return None


def _body(message: EmailMessage, subject: str | None) -> Parsed:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return Parsed("")
    other = message.get_body(preferencelist=("html",))
    shown = _text(part)
    if other is not None and other is not part and len((fuller := _text(other)).text) > FULLER * len(shown.text):
        shown = fuller
    return shown if shown.headings else thread(shown.text, subject)


def _text(part: MIMEPart) -> Parsed:
    content = _bytes(part)
    if part.get_content_subtype() == "html":
        return read_html(content)
    try:
        text = content.decode(part.get_content_charset() or "utf-8")
    except (LookupError, ValueError):
        text = decode(content)
    return Parsed(clean(text.replace("\r\n", "\n")).strip())


def _attached(message: EmailMessage) -> Iterator[Parsed]:
    """Each attachment below a heading with its name, by the reader of its suffix."""
    from rag.load.formats import SUFFIXES

    for number, part in enumerate(message.iter_attachments()):
        name = clean(one_line(part.get_filename()) or "")
        suffix = PurePath(name).suffix.lower()
        if number >= MOST_ATTACHMENTS:
            return
        try:
            if part.get_content_type() == "message/rfc822":
                inner = part.get_payload(0)
                read = _mail(inner, attachments=False) if isinstance(inner, EmailMessage) else Parsed("")
                name = name or read.title or "mail"
            elif not name and part.get_content_type() in ("text/plain", "text/html"):
                yield _text(part)  # what Apple Mail puts after an attachment
                continue
            elif suffix in SUFFIXES and suffix != ".eml":
                read = SUFFIXES[suffix](_bytes(part))
            else:
                read = Parsed("")
        except LoadError as error:
            read = Parsed(f"({error})")
        if name:
            yield Parsed(name, headings=(Heading(0, len(name), 1, name),))
            yield read


def _bytes(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
