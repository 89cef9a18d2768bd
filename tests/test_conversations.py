"""Who says what, and when: chats, interviews, and the messages of a mail's thread."""

import pytest

from rag.generate.extractive import ExtractiveGenerator
from rag.load.mail import read_mail
from rag.load.text import read_text
from rag.load.thread import thread
from rag.select import builtin_scorer
from rag.sentences import TURN, sentences
from rag.split import split
from rag.types import Document, Hit, Passage, Why

QUOTING = ExtractiveGenerator(builtin_scorer())
CHAT = (
    "12/03/24, 18:12 - Iker: Yo llevo cajas, tengo unas 40\n12/03/24, 18:20 - Marta: El elevador cuesta 90 € la media jornada\n"
    "y hay que reservarlo. Lo hago yo\n12/03/24, 18:21 - Iker: Vale"
)
HEAD = b"From: Ana Ruiz <ana@example.org>\nSubject: Re: Boiler\nDate: Thu, 14 Nov 2024 17:42:00 +0100\n\n"
ANSWERED = """It comes on the 26th.

Ana

On Tue, 12 Nov 2024 at 9:15, Rosa Paz <rosa@example.org>
wrote:
> Is the 19th certain?
> My mother is 88.
>
> El lun, 11 nov 2024 a las 18:30, Ana Ruiz <ana@example.org> escribió:
>> It comes on the 19th."""
FORWARDED = """See below.

---------- Forwarded message ---------
From: Tom Bay <tom@example.org>
Date: Fri, 1 Mar 2024 at 16:48
Subject: Boiler
To: Ana Ruiz <ana@example.org>

It costs 900 euros."""
OUTLOOK = """De acuerdo.

De: Rosa Paz
Enviado el: lunes, 9 de junio de 2025 8:58
Para: Ana Ruiz
Asunto: Otro presupuesto

Cuesta 800 euros."""


@pytest.mark.parametrize(
    ("line", "opens"),
    [
        ("[09:02] Hollis: morning", True), ("**[00:01:40] PR:** ¿Por qué?", True), ("[12/3/24, 18:04:11] Ana R.: hola", True),
        ("12/3/2024 6:04 p. m. - +34 600 11 22 33: hola", True),
        ("[12/3/24, 6:04:11 PM] Ana: hi", True), ("Horario: de 9:00 a 10:00", False), ("9:30: desayuno", False),
    ],
)  # fmt: skip
def test_lines_with_a_time_and_a_speaker(line: str, opens: bool) -> None:
    assert (TURN.match(line) is not None) is opens


def test_what_each_says_in_a_chat_is_a_sentence_and_quoted_with_the_speaker() -> None:
    assert [CHAT[slice(*span)] for span in sentences(CHAT)] == [
        "12/03/24, 18:12 - Iker: Yo llevo cajas, tengo unas 40",
        "12/03/24, 18:20 - Marta: El elevador cuesta 90 € la media jornada\ny hay que reservarlo.",
        "Lo hago yo",
        "12/03/24, 18:21 - Iker: Vale",
    ]
    hits = [Hit(1, Passage("c.txt", "Chat", CHAT, 0, len(CHAT), language="es"), 2.0, Why())]
    assert "".join(QUOTING.generate("¿Cuánto cuesta el elevador?", hits)) == (
        "Según «Chat»: «12/03/24, 18:20 - Marta: El elevador cuesta 90 € la media jornada y hay que reservarlo. Lo hago yo» [1]"
    )
    assert read_text(CHAT.encode()).title is None


@pytest.mark.parametrize(
    ("body", "text", "headings"),
    [
        (
            ANSWERED,
            "It comes on the 26th.\n\nAna\n\nRosa Paz <rosa@example.org>, Tue, 12 Nov 2024 at 9:15\n\n"
                "Is the 19th certain?\nMy mother is 88."
            "\n\nAna Ruiz <ana@example.org>, lun, 11 nov 2024 a las 18:30\n\nIt comes on the 19th.",
            ["Rosa Paz <rosa@example.org>, Tue, 12 Nov 2024 at 9:15", "Ana Ruiz <ana@example.org>, lun, 11 nov 2024 a las 18:30"],
        ),
        (
            FORWARDED,
            "See below.\n\nTom Bay <tom@example.org>, Fri, 1 Mar 2024 at 16:48\n\nTo: Ana Ruiz <ana@example.org>\n\nIt costs 900 euros.",
            ["Tom Bay <tom@example.org>, Fri, 1 Mar 2024 at 16:48"],
        ),
        (
            OUTLOOK,
            "De acuerdo.\n\nRosa Paz, lunes, 9 de junio de 2025 8:58\n\nPara: Ana Ruiz\nAsunto: Otro presupuesto\n\nCuesta 800 euros.",
            ["Rosa Paz, lunes, 9 de junio de 2025 8:58"],
        ),
        (
            "Yes.\n\nOn Tue, Nov 12, 2024 at 9:15\u202fAM Rosa Paz <rosa@example.org> wrote:\n> Today?",
            "Yes.\n\nRosa Paz <rosa@example.org>, Tue, Nov 12, 2024 at 9:15\u202fAM\n\nToday?",
            ["Rosa Paz <rosa@example.org>, Tue, Nov 12, 2024 at 9:15\u202fAM"],
        ),
        ("Dear Ana,\nFrom: here to there: a walk.", "Dear Ana,\nFrom: here to there: a walk.", []),
    ],
)  # fmt: skip
def test_the_messages_of_a_thread(body: str, text: str, headings: list[str]) -> None:
    parsed, long = thread(body, "Re: Boiler"), thread("Hello. " * 300 + "\n\n" + body, "Re: Boiler")
    assert (parsed.text, parsed.headings) == (text, ())
    assert [heading.text for heading in long.headings] == headings
    assert [long.text[heading.start : heading.end] for heading in long.headings] == headings


def test_answers_between_quoted_lines_keep_the_marks() -> None:
    body = "On Tue, 12 Nov 2024 at 9:15, Rosa Paz <rosa@example.org> wrote:\n> Is it certain?\n>\n> And the price?\nYes."
    parsed = thread(body, None)
    assert (parsed.text, parsed.headings) == (body.replace("\n>\n", "\n\n"), ())


@pytest.mark.parametrize(("more", "section"), [("", ()), (" Regards." * 200, ("Rosa Paz <rosa@example.org>, Tue, 12 Nov 2024 at 9:15",))])
def test_an_older_message_is_quoted_with_its_sender_and_the_subject_is_no_answer(more: str, section: tuple[str, ...]) -> None:
    parsed = read_mail(HEAD + ANSWERED.encode() + more.encode())
    document = Document("m.eml", parsed.title or "", parsed.text, "", "en", parsed.date, headings=parsed.headings)
    passages = split(document, 900, 1600)
    asked = next(passage for passage in passages if "88" in passage.text)
    assert asked.section == ("Re: Boiler", *section)
    assert "".join(QUOTING.generate("How old is the mother?", [Hit(1, asked, 2.0, Why())])).startswith(
        "According to “Re: Boiler”, 14 November 2024, Rosa Paz <rosa@example.org>, Tue, 12 Nov 2024 at 9:15: «My mother is 88."
    )
    assert "Re: Boiler»" not in "".join(QUOTING.generate("What about the boiler?", [Hit(1, passages[0], 2.0, Why())]))
