"""What a question is about, without what it asks: "the licence of the Sarmenor" of "how much does the licence of the Sarmenor cost".

By the form of the words around it. It does not know which of several nouns is the one that matters, and takes the longest.
"""

import re

from rag.language import FUNCTION_WORDS, asked_in
from rag.provisions.asked import asked_provisions, end_of
from rag.references import find
from rag.turns.replaced import OWN, SIGNS, VERB, without_paragraph

_NOUN_PHRASE = re.compile(
    r"\b(?:the|a(?!\s+(?:el|las?|los|una?)\b)|an|my|our|your|el|la|los|las|un|una|del|al|mi|mis|nuestr[oa]s?|tus?)\s+(?P<noun>[^\W\d_][^?!.,;:¿¡]*)|"
    r"\b(?:which|what|qué|cuál|cuáles)\s+(?!\w+(?:ía|ían|aba|aban|ó|aron|ieron)\s(?:al?|el|las?|los|una?|en|del?|su)\s)"
    r"(?!(?:is|are|was|were|do|does|did|can|may|must|happen\w*|es|son|fue|era|eran|"
    r"fueron|se|no|me|te|les?|nos|lo|hay|dicen?|pasa|ocurre|sucede|incluyen?|cubren?|significa|tienen?|pueden?|deben?|hago|hacen?)\b)"
    r"(?P<of_which>[^\W\d_][^?!.,;:¿¡]*)",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"(?P<before>(?:how (?:long|often|far|fast|soon)|when|where)\s+(?:does|do|did|will|can|must|should)\s+the\s+\w+(?:\s+\w+)*?)\s+"
    r"(?:last|take|run|stay|keep|work|end|start|begin|open|close|arrive|leave|expire|meet|need|happen|come)",
    re.IGNORECASE,
)
"""A question that ends in its verb, which is no part of what it is about: "how long does the warranty last"."""
_BEING = re.compile(r"(?:is|are|was|were|es|son|era|eran)\s(?=(?:the|my|our|your|el|las?|los|mi|tu)\s)", re.IGNORECASE)
"""What the subject stands behind: "what colour is the front door"."""
_CLAUSE = re.compile(r"\s(?:se|que|that|which|who|where|donde)\s", re.IGNORECASE)
"""Where what a question is about ends: "the letter | that came"."""
_OF_DOCUMENT = re.compile(
    r"\b(?:sign(?:ed|s)?|ratif\w+|approved?|in force|enter(?:ed|s)? into|firm(?:ó|aron|ado|ada|a|an)|aprob\w+|vigor|vigente|promulg\w+|"
    r"publish\w*|public\w+)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


def subject_of(topic: str, rest: str) -> str | None:
    """What `topic` is about, without what it asks of it: "the licence of the Sarmenor" of "how much does the licence ... cost"."""
    mentions = find(topic)
    if mentions:
        asked = asked_provisions(topic)
        phrase, last = without_paragraph(asked[0].phrase), mentions[-1].end
        place = topic.find(phrase, last) if phrase else -1
        if place >= 0 and _OF_DOCUMENT.search(rest):
            return f"el {phrase}" if topic[:place].endswith("del ") else phrase
        article = re.search(r"(?:el|la|los|las) $", topic[: mentions[0].start])
        start = article.start() if article else mentions[0].start
        return topic[start : place + len(phrase) if place >= 0 else end_of(topic, mentions)].strip()
    text = topic.strip().strip(SIGNS)
    text = match["before"] if (match := _LASTING.fullmatch(text)) else text
    best = ""
    place = 0
    while match := _NOUN_PHRASE.search(text, place):
        noun = match["noun"] or match["of_which"]
        verb = min(filter(None, (VERB.search(noun), _CLAUSE.search(noun))), key=re.Match.start, default=None)
        kept = noun[: verb.start()].strip() if verb else noun.strip()
        behind = _BEING.match(noun, verb.start()) if verb and match["of_which"] else None
        place = match.end() - len(noun) + behind.end() if behind else match.end()
        word = "the" if match[0][:2].casefold() in ("wh", "qu") and asked_in(topic) == "en" else match[0].split()[0]
        whole = kept if match["of_which"] and word != "the" else re.sub("(?i)^(?:del|al) ", "el ", f"{word} {kept}")
        best = whole if kept and content(kept) and len(whole) > len(best) else best
    names = [match[0] for match in OWN.finditer(text) if match[0] not in best]
    return f"{best} ({', '.join(names)})" if best and names else best or None


def content(text: str) -> int:
    """How many words of `text` name something."""
    return sum(word.casefold() not in FUNCTION_WORDS for word in _WORD.findall(text))
