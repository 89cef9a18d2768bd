"""Follow-ups made into questions that stand alone, by rules, when no language model is configured.

"And Article 8?" after "what does Article 4 permit" becomes "what does Article 8 permit"; "and Beijing?" takes the place of the one name in
the question before, "and in 2020?" of its year; "why?", "and when?" and "close to a jetty?" are put into the question before; a question
with a pronoun gets what that stands for in front: "About the licence: where do I get it?". Only this much of the old question, so that the
new one weighs more. What wishes another form of the answer ("shorter please") is the question before again. "Who said that?" quotes the
answer, and "he" is the one whom the answer named. A question that stands alone is returned as it is. It does not translate: "¿y el 8?"
after an English question gives an English one.
"""

import re
from collections.abc import Sequence

from rag.language import asked_in
from rag.references import find
from rag.turns.answered import answered_name, titles
from rag.turns.asked_back import Offer, chosen, offered
from rag.turns.replaced import OWN, SHORT, SIGNS, VERB, is_prepositional, lead_end, replaced
from rag.turns.subject import content, subject_of
from rag.turns.wished_form import wished_form
from rag.types import Turn

_OPENING = re.compile(
    r"[¿¡\s]*+(?:(?:and|but|so|or|then|also|what about|how about|(?:the )?same (?:(?:question|thing) )?(?:for|with|about)|y|e|pero|o|"
    r"entonces|también|qué hay de|que hay de|qué pasa con|que pasa con|(?:lo )?mismo (?:para|con|sobre))\b(?![-'’./]\w)[\s,]*+[¿¡]*)+"
    r"(?:(?:in that case|en ese caso)\b[\s,]*+)?",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(?:[¿¡\s]*+(?:(?:(?:ok(?:ay)?|(?:many )?thanks|thank you|great|perfect|sorry|fine|i see|never mind|forget it|(?:muchas )?gracias|"
    r"vale|perfecto|perdón|perdona|bueno|entendido|déjalo|olvídalo)\s*+[,.;:!]+|(?:well|yes|no|bien|sí)\s*+[,;:!]+)\s+))+(?=\S)",
    re.IGNORECASE,
)
"""What answers the answer, in front of the next question: "thanks, and the deposit?"."""
_MEANT = re.compile(
    r"(?:i (?:meant?|was asking about|asked about|am asking about)|i['’]m asking about|(?:quiero|quería|quise) decir|"
    r"me (?:refiero|refería) al?|preguntaba por|not\s(?P<old>(?:the|in|on|for)\s[^,;]{2,60})[,;]\s*(?:but\s)?|"
    r"no\s(?P<viejo>(?:el|las?|los|del?|en|al)\s[^,;]{2,60})[,;]\s*(?:sino\s)?)\s*(?P<new>\S.*)",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"[¿\s]*(?:(?:(?:going |coming )?back to|returning to|as for|regarding|concerning|about|volviendo a|volvamos a|en cuanto a|"
    r"respecto a|sobre)\s|(?P<al>(?:volviendo|volvamos|en cuanto|respecto) al\s))"
    r"(?P<what>[^,:;?¿]{3,60}?)\s*[,:;]\s*(?P<question>[¿\s]*[^\W\d_].*)",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"[¿\s]*(?:(?:and|but|y|pero)\s(?=(?:the|my|our|el|las?|los|mi|nuestr[oa]s?)\s)|"
    r"(?:(?:and|but|y|pero)\s)?(?:(?:what|how) about|qu[ée] (?:hay de|pasa con))\s)(?P<al>)"
    r"(?P<what>[^,:;?¿]{3,60}?)\s*[,:;]\s*(?P<question>[¿\s]*[^\W\d_].*)",
    re.IGNORECASE,
)
"""A new subject in front of a whole question about it: "what about the 2000 treaty, did it cover aid?"."""
_TO_THE_FIRST = re.compile(
    r"(?:(?:ok(?:ay)?|no|now|y|vale|ahora),?\s)?(?:(?:let['’]?s |can we )?(?:go |going |come )?back to|return to|"
    r"vuelve a|volvamos a|volviendo a)\s"
    r"(?:the (?:first|original)(?: (?:thing|question|one|topic))?|(?:lo|la|el) (?:primer[oa]?|original)(?: (?:pregunta|tema|cuestión))?|"
    r"la primera pregunta)",
    re.IGNORECASE,
)
_FRONTED = re.compile(
    r"(?:the|el|las?|los)\s[^?¿.,]{3,60}\s(?:dónde|cuándo|cómo|cuánt[oa]s?|quién|qué|por qué|when|where|how much|why)\s\w.*", re.IGNORECASE
)
"""A question whose subject comes first: "¿y la licencia dónde se saca?"."""
_WHY = re.compile(r"(?:why|por qué|porqué|por que|porque|how so|how come)(?:\s+(?:is|was|not|so|no|that|es|eso|así))*", re.IGNORECASE)
_BARE = re.compile(
    r"(?:since |until |from |desde |hasta |de |a |para |con |in |for |at )?(?:when|where|who|whom|how(?: much| many| long| often| far)?|"
    r"which(?: ones?)?|cuándo|cuando|dónde|donde|adónde|quién|quiénes|quien|cómo|cu[áa]nt[oa]s?|cu[áa]l(?:es)?|"
    r"qu[ée] (?:año|d[íi]a|fecha|hora)|what (?:year|date|day|time)|with how much notice|con cuánta antelación)",
    re.IGNORECASE,
)
_OTHER_WORD = {
    "es": {
        "why": "por qué",
        "when": "cuándo",
        "where": "dónde",
        "who": "quién",
        "how": "cómo",
        "how much": "cuánto",
        "how many": "cuántos",
    },
    "en": {
        "por qué": "why",
        "cuándo": "when",
        "dónde": "where",
        "quién": "who",
        "cómo": "how",
        "cuánto": "how much",
        "cuántos": "how many",
    },
}
_REFLEXIVE = re.compile(r"(?:no\s+)?se\s+(?:aplica|refiere|extiende|limita|prorroga|renueva)\b", re.IGNORECASE)
_SAID = re.compile(
    r"(?:who|quién|quien|quiénes|where|dónde|cuándo|when)\s+(?:said|says|wrote|claims?|claimed|dijo|dice|lo dijo|lo dice|ha dicho|dijo eso|"
    r"lo afirma|afirmó|afirma|escribió|sostiene)\s*(?:that|this|so|it|eso|esto|ello)?",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[«“\"](?P<quote>[^»”]{15,}?)[»”\"](?=[\s.]*(?:\[|$))")
_LONGEST_QUOTE = 160
_HE = re.compile(r"\b(?:he|she|him|her(?=\s*(?:[?.!,]|$))|él|ella)\b", re.IGNORECASE)
_ASKING = re.compile(
    r"(?:what|which|who|whom|whose|when|where|how|does|do|did|is|are|was|were|can|could|may|must|has|have|had|will|why|"
    r"qué|que|cuál|cuáles|quién|quiénes|quien|cuándo|cuando|dónde|donde|adónde|cómo|como|cuánto|cuánta|cuántos|cuántas|por qué|"
    r"puede|pueden|debe|deben|hay|es|son|a quién|a qué|de qué|en qué|con qué|para qué|ya|ha|han|había|habían|"
    r"puedo|puedes|podemos|debo|debemos)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:its|they|their|he|she|him|her|his|ellos|ellas|él|ella)\b", re.IGNORECASE)
_THING = re.compile(
    r"\b(?:it(?! (?:true|possible|likely|legal|allowed|permitted|necessary))|them|(?<!is )(?<!are )(?<!was )(?<!were )there|"
    r"ello|eso|aquello|allí|ahí)\b",
    re.IGNORECASE,
)
_ENCLITIC = re.compile(
    r"\b(?:puedo|puede[ns]?|podemos|debo|debe[ns]?|quiero|quiere|hay que|tengo que|tiene que|cómo|dónde|cuándo|para|sin|al|antes de)\s+"
    r"[^\W\d_]*[aeií]r(?:me|te|se|nos)?(?:l[oa]s?|les?)\b",
    re.IGNORECASE,
)
"""A Spanish infinitive with what stands for a noun: "¿puedo tomarlo con alcohol?"."""
_ITS = re.compile(r"\bits\b", re.IGNORECASE)
_POSSESSIVE = re.compile(r"\b(?:its|their|his|her|sus?)\b", re.IGNORECASE)
_NOUN_BEFORE = re.compile(
    r"\b(?:the|an?|each|every|all|el|la|los|las|una?|cada)\s+(?!(?:other|rest|same|otr[oa]s?|mism[oa]s?)\b)[^\W\d_]{3,}|"
    r"\b(?:do|did|have|must|may|can|could|should|shall|will|are|were|which)\s+(?!his|this|its)[^\W\d_]{3,}(?:s|men)\b",
    re.IGNORECASE,
)
"""A noun in front of a possessive that can be what it stands for: "how must boats mark their nets"."""
_RELATIVE = re.compile(r"\b(?P<noun>(?:an?|any|some|no|every|the)\s+[^\W\d_]+)\s+that\b(?=\s+\w)", re.IGNORECASE)
_WEAK_PRONOUN = re.compile(
    r"\b(?:this|that|these|those|esto|ese|esa|esos|esas|lo(?! que\b)|su|sus|dicho|dicha)\b|"
    r"\b(?:which|this|that|the|other|another) one\b|\bones?(?=\s*(?:$|[?.!,]))|^(?:ya\s+)?(?:ha|han|había|habían)\s+\w+[aeiou]do\b",
    re.IGNORECASE,
)
_CONTRACTED = {"de": "del?", "del": "del?", "a": "al?", "al": "al?"}
_KEPT = re.compile(
    r"\s(?:(?:if|si)\s|(?:de|of)\s(?:jan|feb|mar(?:ch|zo)|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-z]*(?:\s|$))",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"\s[A-ZÁÉÍÓÚÑ]")
_STAYS = re.compile(r"\s(?:in|on|at|from|with|under|by|en|con|por|para|según)\s(?=\w)", re.IGNORECASE)
_LED = re.compile(r"(?P<lead>(?:About|Sobre) [^:?]{2,120}: )(?P<own>.+)")
_HOW_MANY = re.compile(r"(?:(?:for|in|at|on|por|en|de)\s)?(?:how many|which|cu[áa]nt[oa]s|cu[áa]les)(?:\s\w+)?", re.IGNORECASE)
_WHICH = re.compile(
    r"(?:which|who|what|cuál|quién|qué)(?: (?:one|of (?:them|these|those)|de ell[oa]s))?\s(?:is|was|es|fue|era)\s(?:the|el|la)\s"
    r"(?:\w+(?:st|nd|rd|th)|(?:most|least|más|menos)\s\w+|primer[oa]?|segund[oa]|tercer[oa]?|últim[oa]|mejor|peor|mayor|menor)(?: one)?",
    re.IGNORECASE,
)
"""What asks for one of several that it leaves unnamed: "which was the worst?"."""
FEW = 2
"""Words of its own, function words apart, up to which a question without name or number leans on the one before."""


def condense(question: str, history: Sequence[Turn]) -> str:
    """`question` with what it leaves unsaid taken from the turns of `history`; unchanged if it stands alone."""
    topic = before = answer = searched = ""
    offer = Offer()
    for turn in history:
        picked = chosen(turn.question, offer)
        topic, before = (picked[0],) * 2 if picked else _stand_alone(_first(turn.question, history), topic, before, answer)
        searched = turn.understood or before
        if searched != before and not titles(turn.answer) & titles(answer):  # answered by itself, from another document: another topic
            topic = before = searched
        answer = turn.answer
        offer = picked[1] if picked else offered(searched, answer)
    if picked := chosen(question, offer):
        return picked[0]
    return searched if topic.strip() and wished_form(question) else _stand_alone(_first(question, history), topic, before, answer)[1]


def _first(question: str, history: Sequence[Turn]) -> str:
    """`question`, or the first one of the conversation if it only goes back to that."""
    return history[0].question if history and _TO_THE_FIRST.fullmatch(question.strip(SIGNS)) else question


def is_fragment(question: str) -> bool:
    """Whether `question` lacks something by its form: it opens with "and", stands for a thing ("it"), or is only a part of a question."""
    plain = _ASIDE.sub("", question, count=1).strip(SIGNS)
    if any(part.fullmatch(plain) for part in (_WHY, _BARE, _SAID, _MEANT)):
        return True
    if any(start.match(plain) for start in (_OPENING, _BACK)) or is_prepositional(plain, plain):
        return True
    return any(word.search(plain) for word in (_THING, _WEAK_PRONOUN, _ENCLITIC, _ITS, _REFLEXIVE))


def _stand_alone(question: str, topic: str, before: str, answer: str) -> tuple[str, str]:
    """(the question that the next follow-ups are about, `question` made to stand alone) after the same two of the turn before."""
    if not topic.strip():
        return question, question
    question = _ASIDE.sub("", question, count=1) if _ASIDE.match(question) else question
    fresh = _NEW.match(question)
    fresh = fresh if fresh and not find(fresh["what"]) and _ASKING.match(fresh["question"].lstrip("¿ ")) else None
    if returned := _BACK.match(question) or fresh:
        own = returned["question"]
        asked = _opened(own[opened.end() :].lstrip("¿ ") if (opened := _OPENING.match(own)) else own.lstrip("¿ "), own, capital=False)
        about = "Sobre" if asked_in(question) == "es" else "About"
        return (found := f"{about} {'el ' if returned['al'] else ''}{returned['what']}: {asked}"), found
    opened = _OPENING.match(question)
    rest = (question[opened.end() :] if opened else question).strip().lstrip("¿¡ ")
    plain = rest.rstrip(SIGNS)
    if _WHY.fullmatch(plain) or _BARE.fullmatch(plain):
        language = asked_in(before, asked_in(plain))
        asked_word = _OTHER_WORD[language].get(plain.casefold(), plain)
        return topic, _inserted(before, f", {'y' if language == 'es' else 'and'} {asked_word[:1].lower() + asked_word[1:]}")
    if wished_form(question):
        return topic, before
    if question.strip(SIGNS).casefold() == topic.strip(SIGNS).casefold():  # asked again
        return question, question
    if _SAID.fullmatch(plain):
        return topic, _about_answer(question, rest, topic, answer)
    if meant := _MEANT.fullmatch(plain):
        return (found := _corrected(meant, topic)), found
    asking = _ASKING.match(rest) is not None
    fronted = opened is not None and _FRONTED.match(rest) is not None
    if not fronted and (later := _on_the_last(rest, question, topic, before, opened=opened is not None, asking=asking)):
        return topic, later
    again = None if asking or fronted else replaced(rest, topic, has_opening=opened is not None)
    if again:
        return again, again
    if _has_own_document(rest) or fronted:
        return rest, _opened(rest, question) if opened else question
    if (opened is not None and not asking) or _leans(rest, topic, has_opening=opened is not None):
        joined = _joined(rest, question, topic, before, answer, asking=asking)
        moved = not asking and is_prepositional(plain, topic) and not joined.startswith(topic.strip().rstrip(SIGNS))
        return joined if moved else topic, joined  # "for children" in place of "for adults" is what comes next about, too
    return question, question


def _corrected(meant: re.Match[str], topic: str) -> str:
    """`topic` as it was meant: "no, I meant Article 4", "not the deposit, the rent"."""
    new = meant["new"].strip()
    old = re.sub(r"^(?:the|in|on|for|el|las?|los|del?|en|al)\s", "", (meant["old"] or meant["viejo"] or "").casefold())
    found = re.search(rf"(?P<word>\b(?:the|el|las?|los|del|al)\s)?{re.escape(old)}(?!\w)", topic, re.IGNORECASE) if old else None
    if found:
        contracted = (found["word"] or "")[:-1].casefold()
        put = new.rstrip(SIGNS) if contracted else re.sub(r"(?i)^(?:(?:the|el|las?|los|del?|en|al|in|on|for)\s)+", "", new).rstrip(SIGNS)
        if contracted in ("del", "al"):
            put = re.sub(r"^(de|a) el ", r"\1l ", f"{contracted[:-1]} {put}")
        return topic[: found.start()] + put + topic[found.end() :]
    again = None if old else replaced(new, topic, has_opening=True)
    return again or f"{_closed(topic)} {_opened(new, topic)}{'' if new[-1:] in '?!.' else '?'}"


def _on_the_last(rest: str, question: str, topic: str, before: str, *, opened: bool, asking: bool) -> str | None:
    """The question before made another, if it leaned on `topic` and yet asked something of its own, of which `rest` is a part.

    "And for children?" after "About the museum: how much is the ticket?" is about the ticket, not about what was asked of the museum first.
    """
    lead, own = _apart(before, topic)
    plain = rest.rstrip(SIGNS)
    if not lead or not plain or (find(topic) and replaced(rest, topic, has_opening=opened)):
        return None
    if asking or _HOW_MANY.fullmatch(plain):
        leans = content(own) >= FEW and (_HOW_MANY.fullmatch(plain) or _WHICH.fullmatch(plain))
        return f"{_closed(before)} {_opened(rest, question)}" if leans else None
    if again := replaced(rest, own, has_opening=opened):
        return lead + again
    if content(own) < FEW or VERB.search(plain) or _THING.search(plain) or find(rest):
        return None
    if is_prepositional(plain, own):
        return lead + _inserted(own, f" {plain}")
    return f"{_closed(before)} {_opened(rest, question)}" if opened else None


def _apart(before: str, topic: str) -> tuple[str, str]:
    """The question before in two: what it took of `topic`, and what it asked of its own; two empty texts if it took nothing."""
    lead, led = _closed(topic) + " ", _LED.match(before)
    return (lead, before[len(lead) :]) if before.startswith(lead) else (led["lead"], led["own"]) if led else ("", "")


def _joined(rest: str, question: str, topic: str, before: str, answer: str, *, asking: bool) -> str:
    """`rest`, which leans on `topic`, with what it needs of it."""
    plain, own = rest.rstrip(SIGNS), _apart(before, topic)[1].lstrip("¿¡ ")
    if not plain:
        return topic
    if not asking and is_prepositional(plain, topic) and not VERB.search(plain) and not _THING.search(plain):
        return _inserted(topic, f" {plain}")
    if _HE.search(plain):
        if name := answered_name(own or topic, answer) or (answered_name(topic, answer) if own else None):
            return _HE.sub(name, _opened(rest, question), count=1)
        if re.match(r"(?:who|quién)\b", own, re.IGNORECASE):
            return f"{_closed(before)} {_opened(rest, question)}"
    subject = (
        subject_of(topic, rest) if (asking or _REFLEXIVE.match(rest)) and not (_PERSON.search(rest) and not _THING.search(rest)) else None
    )
    if subject is None:
        return f"{_closed(topic)} {_opened(rest, question)}"
    about = "Sobre" if asked_in(question, asked_in(topic)) == "es" else "About"
    return f"{about} {subject}: {_opened(rest, question, capital=False)}"


def _inserted(topic: str, words: str) -> str:
    """`topic` with `words` before its question mark."""
    text = topic.strip()
    stop = len(text) - len(text.rstrip(SIGNS))
    end = len(text) - stop
    opening = _CONTRACTED.get(words.split()[0].casefold(), re.escape(words.split()[0]))
    same = re.search(rf"\s{opening}\s(?!.*\s{opening}\s)[^,]{{1,60}}$", text[:end], re.IGNORECASE) if " " in words.strip() else None
    after = ""
    stay = _STAYS.search(same[0], len(words.split()[0]) + 2) if same else None
    given_up = same[0][: stay.start() if stay else None] if same else ""
    if same and (
        _KEPT.match(given_up) or (_CAPITAL.search(given_up) and not _CAPITAL.search(words))
    ):  # a date, a condition or a name stays
        same = None
    if same and not VERB.search(same[0]):  # "for tenants" gives way to "for landlords", and "in the flat" behind it stays
        end, after = same.start(), same[0][stay.start() :] if stay else ""
    return text[:end] + words + after + (text[len(text) - stop :] or ("?" if text[:1] == "¿" else ""))


def _about_answer(question: str, rest: str, topic: str, answer: str) -> str:
    """ "Who said that?" with what was said: the quotation in the answer, or else the question that it answered."""
    quoted = _QUOTED.search(answer)
    if quoted is None:
        return f"{_closed(topic)} {_opened(rest, question)}"
    quote = " ".join(quoted["quote"].split())
    if len(quote) > _LONGEST_QUOTE:
        quote = quote[:_LONGEST_QUOTE].rpartition(" ")[0]
    mark = "»" if asked_in(question) == "es" else "”"
    return f"{_opened(rest.rstrip(SIGNS), question)}: {'«' if mark == '»' else '“'}{quote}{mark}?"


def _leans(rest: str, topic: str, *, has_opening: bool) -> bool:
    """Whether a question leans on the one before: by a pronoun, or because it has next to nothing of its own."""
    words = re.findall(r"\w+", rest)
    own = OWN.search(rest)
    free = _without_bound(rest)
    head = free.partition(",")[0]  # "who was asked about it, and what did she say" has its own antecedent
    person, thing = _PERSON.search(head), _THING.search(head)
    named = OWN.search(free)
    named_before = named is not None and person is not None and named.start() < person.start()
    pronoun = thing or (None if named_before else person)
    if (joined := _ENCLITIC.search(head)) and not _NOUN_BEFORE.search(head[: joined.start()]):
        return True
    if pronoun and len(words) <= 2 * SHORT and content(head[: pronoun.start()]) <= FEW:
        return True
    if own is not None:
        return False
    few = FEW - 1 if find(topic) else FEW  # the provision of the topic would take the answer over
    weak = len(words) <= SHORT and (_WEAK_PRONOUN.search(free) or _REFLEXIVE.match(free)) is not None
    return has_opening or content(rest) <= few or weak


def _without_bound(question: str) -> str:
    """`question` without the pronouns that stand for a noun in it: "how must boats mark their nets", "a rule that bans nets"."""
    free = _RELATIVE.sub(r"\g<noun>", question)
    noun, possessive = _NOUN_BEFORE.search(free), _POSSESSIVE.search(free)
    if noun is None or possessive is None or possessive.start() < noun.end():
        return free
    return free[: noun.end()] + _POSSESSIVE.sub("", free[noun.end() :])


def _has_own_document(rest: str) -> bool:
    """Whether `rest` begins with a provision and goes on with what it is of: "Article 8 of the library rules"."""
    mentions = find(rest)
    if not mentions or mentions[0].start > lead_end(rest):
        return False
    return content(rest[mentions[-1].end :]) > 0


def _closed(question: str) -> str:
    text = question.strip()
    return text if text[-1:] in "?!." else text + "?"


def _opened(text: str, question: str, *, capital: bool = True) -> str:
    """`text` as the beginning of a question: a capital, and the opening mark if `question` had one."""
    mark = "¿" if "¿" in question else ""
    first = text[:1].upper() if capital else text[:1].lower() if _ASKING.match(text) else text[:1]
    return mark + first + text[1:] if text.strip(SIGNS) else ""
