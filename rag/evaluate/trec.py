"""Read TREC topics and qrels (https://trec.nist.gov/data.html).

Topics come as the classic `<top><num> Number: 301 <title> ...` blocks, as XML with `<topic number="1">`, or as lines of an id, a tab and a
text; of the blocks the title (or query, or question) is asked. Qrels are lines of topic, iteration, document and grade. Documents are named
as the index names them, with or without the ending of a file name.
"""

import html
import re
from pathlib import Path

from rag.errors import InputError
from rag.evaluate import lines
from rag.evaluate.datasets import Dataset, Question, digest_of
from rag.language import detect

KIND = "topic"
_BLOCK = re.compile(r"<(top|topic)\b([^>]*)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(r"<num>\s*(?:Number:)?\s*([^\s<]+)|\b(?:number|id|qid)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_ASKED = re.compile(r"<(title|query|question)>\s*(?:Topic:)?\s*(.*?)\s*(?=<|\Z)", re.DOTALL | re.IGNORECASE)


def read_topics(topics: Path, qrels: Path) -> Dataset:
    """Read topics and their judgements; topics without a relevant document are left out, as trec_eval does.

    Raises:
        InputError: a file that cannot be read or does not fit, or topics that are not judged.
    """
    texts = _read_topics(topics)
    gains: dict[str, dict[str, float]] = {}
    for place, line in lines.read_lines(qrels):
        fields = line.split()
        try:
            topic, _, document, grade = fields
            lines.judge(gains.setdefault(topic, {}), document, grade, place)
        except ValueError as error:
            raise InputError(f"{place} is {line.strip()!r}; a line of qrels is: topic iteration document grade.") from error
    judged = {name: gains[name] for name in texts if any(gain > 0 for gain in gains.get(name, {}).values())}
    if not judged:
        raise InputError(f"No topic of {topics} has a relevant document in {qrels}; check that the numbers agree.")
    questions = tuple(Question(name, texts[name], detect(texts[name]), KIND, answerable=True, gains=own) for name, own in judged.items())
    left_out = {"queries_left_out": len(texts) - len(judged)}
    return Dataset(topics.stem, "documents", questions, digest_of(topics, qrels), left_out=left_out)


def _read_topics(file: Path) -> dict[str, str]:
    text = lines.read_text(file)
    topics: dict[str, str] = {}
    if "<top" in text:
        for match in _BLOCK.finditer(text):
            number = _NUMBER.search(match[2]) or _NUMBER.search(match[3])
            asked = _ASKED.search(match[3])
            if number is None or asked is None or not asked[2]:
                shown = " ".join(match[0].split())[:80]
                raise InputError(f"{file}: the topic {shown!r} has no number or no title; a topic needs both.")
            _add(topics, number[1] or number[2], html.unescape(" ".join(asked[2].split())), str(file))
    else:
        for place, line in lines.read_lines(file):
            name, tab, asked_text = line.rstrip("\r\n").partition("\t")
            if not tab or not asked_text.strip():
                raise InputError(f"{place} has no text after an id and a tab; give TREC topics or such lines.")
            _add(topics, name.strip(), asked_text.strip(), place)
    if not topics:
        raise InputError(f"{file} holds no topic; give TREC topics, or lines of an id, a tab and a text.")
    return topics


def _add(topics: dict[str, str], name: str, text: str, place: str) -> None:
    if name in topics:
        raise InputError(f"{place} repeats the topic {name!r}; give every topic its own number.")
    topics[name] = text
