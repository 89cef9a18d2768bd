"""Provisions that a question names, looked up instead of guessed.

"Article 4" is found in every document that has or mentions it, unless the question says of which document (`rag.naming.meant`); a section
within an annex, in that annex alone; a chapter, by the articles that it is made of. A provision that is not there is said to be absent,
with the numbers that are, and so is one of a law that no document is.
"""

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rag.index import Snapshot
from rag.naming.aliases import fold, kinds_of, names_of, speaks_of_text
from rag.naming.meant import GENERIC, Meaning, Meant, meant_by, meant_documents, named_elsewhere
from rag.naming.years import is_mentioned_of_year
from rag.provisions.asked import COUNT, LAST, Asked, as_paragraph, as_point, asked_provisions, asks_for_all, each_of
from rag.provisions.counts import Count, counted, passages_of
from rag.provisions.numbered_acts import POINT, calls_it_point, is_act, numbered_lines, points
from rag.provisions.paragraphs import Part, part_span
from rag.provisions.which import ANY_KIND, Which, which_provision
from rag.references import heading_reference
from rag.types import NAME, Passage, Reference

MAX_SHOWN = 8
MOST_OPENINGS = 500
MOST_HEADED = 200  # documents whose headings are looked through
MOST_OF_SECTION = 20
_ALSO_OTHERS = ("part", "book", "rule")  # words that also mean other things: only where documents are divided so
_ALSO_COUNTED = (*_ALSO_OTHERS, "title", "section")  # "how many sections does the library have?"
HEADED = ("section", "chapter")  # what a heading may number without saying so
HEADED_KINDS = ("article", "clause", "section", "rule", "chapter", "title", "part", "book", "annex")
FIRST_OF_UNIT = 4  # articles of a chapter that are quoted for it
_OF = re.compile(r"(?:of|in|under|at|del?|en)\s+(?:(?:the|el|la|los|las)\s+)?", re.IGNORECASE)
_Contents = tuple[str, tuple[Reference, ...]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What became of the provisions that a question names.

    `asked` are those named; `absent` those that no document (or not the document that is meant) has; `existing` lists, for the kinds of
    the absent ones, (title of a document, numbers) that do exist there, of the first documents, and `more` counts the others; `within` says
    of the absent ones in which larger unit they were looked for. `found` says of a passage which provision it holds, and whether it is that
    provision's own text. `parts` are the paragraphs asked for, `missing_parts` those that their provision has not; `unknown` are names of
    documents that no document answers to. `openings` are the passages that provisions begin with, if the question asks for nothing but what
    they say: of a chapter, its first articles; `contents` is its heading with all of them. It `is_settled` if each is of a document that
    the question names. `places` says of a passage for which item of the question it was found: one section may be of two annexes.
    `instead` says of the first documents that the question names, and that have no such provisions, which kinds they have, with numbers.
    `counts` are how many there are, if the question asks for that; `among` the passages of those provisions among which it asks for one by
    its subject.
    """

    asked: tuple[Reference, ...] = ()
    absent: tuple[Reference, ...] = ()
    existing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    found: Mapping[int, tuple[Reference, bool]] = field(default_factory=dict)
    more: int = 0
    parts: Mapping[Reference, Part] = field(default_factory=dict)
    missing_parts: tuple[tuple[Reference, Part], ...] = ()
    unknown: tuple[str, ...] = ()
    openings: frozenset[int] = frozenset()
    is_settled: bool = False
    contents: tuple[_Contents, ...] = ()
    within: Mapping[Reference, tuple[Reference, ...]] = field(default_factory=dict)
    places: Mapping[int, int] = field(default_factory=dict)
    instead: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = ()
    counts: tuple[Count, ...] = ()
    among: frozenset[int] = frozenset()


def look_up(snapshot: Snapshot, question: str, meaning: Meaning | None = None) -> Lookup:
    """Find the provisions that `question` names; see `Lookup`."""
    named, which = asked_provisions(question), which_provision(question)
    every = {source: title for source, title, *_ in snapshot.store.documents()} if named or which else {}
    if which and which.whole and (among := _dealing(snapshot, which, every, meaning)):
        return Lookup(among=among)
    if named and named[0].reference.number == COUNT:
        return _counted(snapshot, named[0], every, meaning)
    return _each_looked_up(snapshot, question, named, every, meaning)


def _each_looked_up(snapshot: Snapshot, question: str, named: Sequence[Asked], every: Mapping[str, str], meaning: Meaning | None) -> Lookup:
    """What became of the provisions that are `named`."""
    items = _items(snapshot, named, question, every, meaning)
    placed = {
        item: _points(snapshot, item, question, meaning)
        for item in items
        if item.reference.kind == POINT
        and (item.phrase or calls_it_point(question))  # "under paragraph 4" of no document may be any list's
    }
    asked = [item for item in items if placed.get(item) is not None or (item.reference.kind != POINT and _is_looked_up(snapshot, item))]
    found: dict[int, tuple[Reference, bool]] = {}
    absent: dict[Reference, tuple[Reference, ...]] = {}
    existing: dict[str, tuple[str, ...]] = {}
    unknown: dict[str, None] = {}
    missing: list[tuple[Reference, Part]] = []
    places: dict[int, int] = {}
    instead: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {}
    more, settled = 0, bool(asked)
    for place, item in enumerate(asked):
        if item.reference.kind == POINT:
            matched, numbers = placed[item] or ({}, {})
            found, places = found | dict.fromkeys(matched, (item.reference, True)), places | dict.fromkeys(matched, place)
            absent, existing = (absent, existing) if matched else (absent | {item.reference: ()}, existing | numbers)
            continue
        holders = snapshot.store.holders(item.reference.kind, own_text=True)
        titles = snapshot.store.holders(item.reference.kind, own_text=False) | holders
        meant = meant_documents(snapshot, _without_others(question, item, asked), item, every, (titles, holders), meaning)
        settled = settled and _is_one(item, meant, holders)
        matched = _matched(snapshot, item, meant, set(holders), meaning)
        if item.reference.kind in HEADED and not item.within and not any(matched.values()):
            searched = sorted(meant.sources) if meant.named else [*every][:MOST_HEADED]
            matched |= _headed(snapshot, item, [name for name in searched if item.reference.kind == "section" or name not in holders])
        if item.part and any(own for own in matched.values()):
            matched, has_part = _with_part(snapshot, item, matched)
            missing += [] if has_part else [(item.reference, item.part)]
        new = {identifier: own for identifier, own in matched.items() if not found.get(identifier, (None, False))[1]}
        found |= {identifier: (item.reference, own) for identifier, own in new.items()}
        places |= dict.fromkeys(new, place)
        if matched:
            continue
        absent[item.reference] = item.within
        instead |= {every[name]: _kinds_in(snapshot, name) for name in sorted(meant.sources - titles.keys())[:MAX_SHOWN] if meant.named}
        unknown |= {name: None} if (name := item.phrase if meant.year else meant.unknown) else {}
        sources = (meant.sources & titles.keys()) or (frozenset() if meant.named else titles.keys())
        if item.within:
            existing |= _numbers_within(snapshot, item, {source: titles[source] for source in titles if source in sources})
            continue
        own_text = bool(set(sources) & holders.keys())
        shown = [source for source in titles if source in sources and (not own_text or source in holders)]
        numbers_of, kind = snapshot.store.numbers_of, item.reference.kind
        existing |= {titles[source]: tuple(numbers_of(kind, source, own_text=own_text)) for source in shown[:MAX_SHOWN]}
        more = max(more, len(shown) - MAX_SHOWN)
    references = tuple(dict.fromkeys(item.reference for item in asked))
    parts = {item.reference: item.part for item in asked if item.part and (item.reference, item.part) not in missing}
    openings, contents = _openings(snapshot, found) if asks_for_all(question) else (frozenset(), ())
    return Lookup(
        references, tuple(absent), tuple(existing.items()), found, more, parts, tuple(missing), tuple(unknown), openings, settled, contents,
        {reference: around for reference, around in absent.items() if around}, places, tuple(instead.items()),
    )  # fmt: skip


def _dealing(snapshot: Snapshot, which: Which, every: Mapping[str, str], meaning: Meaning | None) -> frozenset[int]:
    """The passages of the provisions of the documents that are named; none if none is."""
    item = Asked(Reference(which.kind, ""), _OF.sub("", which.whole))
    holders = snapshot.store.holders(which.kind, own_text=True) if which.kind != ANY_KIND else every
    meant = meant_documents(snapshot, item.phrase, item, every, (holders, holders), meaning)
    if not meant.named:
        return frozenset()
    passages = [passage for source in sorted(meant.sources)[:MAX_SHOWN] for passage in passages_of(snapshot, source) if passage.provisions]
    of_kind = [passage for passage in passages if any(own.kind == which.kind for own in passage.provisions)]
    return frozenset(passage.id for passage in of_kind or passages)


def _counted(snapshot: Snapshot, item: Asked, every: Mapping[str, str], meaning: Meaning | None) -> Lookup:
    """How many provisions of a kind there are in the documents that are meant, and the last of each; what is no count is for the search.

    A kind whose word has other meanings ("parts") is counted only in documents that are named and divided so.
    """
    kind, found = item.reference.kind, dict[int, tuple[Reference, bool]]()
    holders = snapshot.store.holders(kind, own_text=True)
    meant = meant_documents(snapshot, item.phrase, item, every, (holders, holders), meaning)  # "clauses" are in the title of some
    sources = [source for source in holders if source in meant.sources]
    if kind in _ALSO_COUNTED and not (meant.named and sources):
        return Lookup()
    if not sources and (meant.named or (holders and meant.unknown)):
        instead = tuple((every[name], _kinds_in(snapshot, name)) for name in sorted(meant.sources)[:MAX_SHOWN] if meant.named)
        unknown = (meant.unknown,) if meant.unknown else ()
        return Lookup((item.reference,), (item.reference,), unknown=unknown, instead=instead, within={item.reference: item.within})
    unclear = item.phrase and not meant.named and (len(sources) > 1 or not speaks_of_text(item.phrase))
    if not sources or unclear or len(sources) > MAX_SHOWN:
        return Lookup()
    counts: list[Count] = []
    for source in sources:
        own, last = counted(snapshot, source, kind, item.within)
        counts, found = counts + own, found | {identifier: (reference, True) for identifier, reference in last.items()}
    if not found:
        return Lookup((item.reference,), (item.reference,), within={item.reference: item.within})
    references = tuple(dict.fromkeys(reference for reference, _ in found.values()))
    return Lookup(references, found=found, is_settled=True, counts=tuple(counts))


def _items(snapshot: Snapshot, named: Sequence[Asked], question: str, every: Mapping[str, str], meaning: Meaning | None) -> list[Asked]:
    """What a question names as the documents have it: of all of a kind each one, a section as a paragraph, a clause as a point."""
    items = each_of(named, lambda item: _existing(snapshot, item, question, every, meaning))
    return [_as_point(snapshot, _as_paragraph(snapshot, item), question, meaning) for item in items]


def _existing(snapshot: Snapshot, item: Asked, question: str, every: Mapping[str, str], meaning: Meaning | None) -> list[Reference]:
    """All provisions of a kind that the documents which are meant have; of each, the last one only if that is asked for."""
    kind = item.reference.kind
    holders = snapshot.store.holders(kind, own_text=True)
    sources = meant_documents(snapshot, question, item, every, (holders, holders), meaning).sources if holders else frozenset()
    return [
        Reference(kind, number)
        for source in holders
        if source in sources
        for number in snapshot.store.numbers_of(kind, source, own_text=True)[-1 if item.reference.number == LAST else 0 :]
    ]


def _is_one(item: Asked, meant: Meant, holders: Mapping[str, str]) -> bool:
    """Whether it is settled which document a provision is of."""
    return (meant.named and len(meant.sources) == 1) or (bool(item.phrase) and len(meant.sources & holders.keys()) == 1)


def _without_others(question: str, item: Asked, asked: Sequence[Asked]) -> str:
    """`question` without the names of the documents that other provisions are of."""
    for phrase in {other.phrase for other in asked if item.phrase and other.phrase not in ("", item.phrase)}:
        question = question.replace(phrase, " ") if phrase not in item.phrase else question
    return question


def _numbers_within(snapshot: Snapshot, item: Asked, titles: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Title -> numbers of the kind that is asked for, in the unit that it is asked for in, of the first documents that have some."""
    numbers: dict[str, dict[str, None]] = {}
    inside = [identifier for identifier, own, source in snapshot.store.with_reference(item.within[0]) if own and source in titles]
    for passage in snapshot.store.passages(inside[:MOST_OPENINGS]):
        own = [held.number for held in passage.provisions if held.kind == item.reference.kind]
        if {*item.within} <= {*passage.provisions} and own:
            numbers.setdefault(titles[passage.source], {})[own[0]] = None
    return {title: tuple(own) for title, own in [*numbers.items()][:MAX_SHOWN]}


def _is_looked_up(snapshot: Snapshot, item: Asked) -> bool:
    """Whether a provision is looked up; else what is asked is left to the search."""
    if is_act(item.reference):  # a document that is called so, or others that speak of it, are for the search to find
        rows = snapshot.store.with_reference(item.reference)
        defined = snapshot.store.mentioned(NAME).values()
        names = [names_of(title, source) for source, title, *_ in snapshot.store.documents()]
        named = any(item.reference.number in own.numbers for own in names)
        others = snapshot.store.holders(item.reference.kind, own_text=True) or any(
            own.numbers and item.reference.kind in own.kinds for own in names
        )
        return any(own for _, own, _ in rows) or not (
            not others or named or rows or any(item.reference.number in name for own in defined for name in own)
        )
    if item.reference.kind == "section" and not item.within and not snapshot.store.holders("section", own_text=True):
        return bool(_headed(snapshot, item, [source for source, *_ in snapshot.store.documents()][:MOST_HEADED]))
    return item.reference.kind not in _ALSO_OTHERS or bool(snapshot.store.holders(item.reference.kind, own_text=True))


def _as_point(snapshot: Snapshot, item: Asked, question: str, meaning: Meaning | None) -> Asked:
    """A clause, article or rule of a document that numbers its headings and lines, and calls none of them so, as that number."""
    if item.reference.kind not in ("clause", "article", "rule") or item.within or not item.phrase:
        return item
    point = as_point(item)
    found, _ = _points(snapshot, point, question, meaning) or ({}, {})
    sources = {passage.source for passage in snapshot.store.passages([*found])}
    called_so = snapshot.store.holders(item.reference.kind, own_text=True).keys() | {
        source for *_, source in snapshot.store.with_reference(item.reference)
    }
    return point if sources and not sources & called_so else item


def _as_paragraph(snapshot: Snapshot, item: Asked) -> Asked:
    if item.reference.kind != "section" or not item.within:
        return item
    rows = snapshot.store.with_reference(item.within[0])
    return as_paragraph(item, snapshot.store.passages([identifier for identifier, own, _ in rows if own][:MOST_OPENINGS]))


def _headed(snapshot: Snapshot, item: Asked, sources: Sequence[str]) -> dict[int, bool]:
    """The passages under headings that begin with the number of a section and do not say so: "5.2 Notice"; each its own text.

    A document that is another kind of text than the question names is left out. Of a text without such a heading, the passage with the
    one line that begins with it, if the number has two levels.
    """
    found: dict[int, bool] = {}
    opens = re.compile(rf"{re.escape(item.reference.number)}[.)]?(?=\s|$)")
    kinds = kinds_of(item.phrase)
    for source in sources:
        document = snapshot.document(source)
        own = names_of(document.title, source)
        if kinds and (known := own.kinds or own.kinds_of_file) and not kinds & known:
            continue
        headings = [heading for heading in document.headings if opens.match(heading.text)]
        for heading in headings:
            first = snapshot.store.passage_at(source, heading.start)
            if first is not None:
                after = snapshot.store.passages([*range(first, first + MOST_OF_SECTION)])
                under = itertools.takewhile(lambda passage: heading.text in passage.section, after)  # noqa: B023 - used at once
                found |= {passage.id: True for passage in under if passage.source == source}
        lines = [] if headings else numbered_lines(document.text, item.reference.number)
        if len(lines) == 1 and (alone := snapshot.store.passage_at(source, lines[0][0])) is not None:
            found[alone] = True
    return found


def _kinds_in(snapshot: Snapshot, source: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The kinds of provisions that a document has with their own text, and their numbers."""
    numbers_of = snapshot.store.numbers_of
    return tuple((kind, tuple(numbers)) for kind in HEADED_KINDS if (numbers := numbers_of(kind, source, own_text=True)))


def _points(
    snapshot: Snapshot, item: Asked, question: str, meaning: Meaning | None
) -> tuple[dict[int, bool], dict[str, tuple[str, ...]]] | None:
    """The passage of a point of the one document that is named, if it has that one; title -> its points; None if there is no such list."""
    titles = {source: title for source, title, *_ in snapshot.store.documents()}
    meant = meant_by(snapshot, question, item.phrase, titles, set(titles), meaning) if item.phrase else Meant(frozenset(titles))
    if not meant.named and (called := named_elsewhere(snapshot, item.phrase, titles, (), meaning)):
        meant = Meant(called, named=True)
    if len(meant.sources) != 1 or not (meant.named or len(titles) == 1):
        return None
    (source,) = meant.sources
    signed = [identifier for identifier, own, holder in snapshot.store.with_reference(Reference("section", item.reference.number))
              if own and holder == source]  # fmt: skip
    if signed or (headed := _headed(snapshot, item, [source])):
        return dict.fromkeys(signed, True) or headed, {}
    spans = points(snapshot.document(source).text)
    starts = {number: snapshot.store.passage_at(source, start) for number, (start, _) in spans.items()}
    passages = {p.id: p for p in snapshot.store.passages([identifier for identifier in starts.values() if identifier is not None])}
    if not spans or "." in item.reference.number or any(p.provisions for p in passages.values()):  # paragraphs of articles are no points
        return None
    found = starts.get(item.reference.number)
    return ({} if found is None else {found: True}), {titles[source]: tuple(spans)}


def _matched(snapshot: Snapshot, item: Asked, meant: Meant, holders: set[str], meaning: Meaning | None) -> dict[int, bool]:
    """Passage id -> whether it is the provision's own text, of the documents that are meant.

    Of a document that is named, only the provision itself counts: its other mentions of that number may be of another law's.
    """
    rows = [
        (identifier, own, source) for identifier, own, source in snapshot.store.with_reference(item.reference) if source in meant.sources
    ]
    matched = {identifier: own for identifier, own, source in rows if own or not (meant.named and source in holders)}
    if meant.year:
        passages = snapshot.store.passages(sorted(matched))
        matched = {p.id: matched[p.id] for p in passages if is_mentioned_of_year(meant.year, p, item.reference)}
    if item.reference.kind == "section":
        matched = _written_alike(snapshot, item, matched)
    if item.within:
        inside = {p.id for p in snapshot.store.passages(sorted(matched)) if {*item.within} <= {*p.provisions}}
        matched = {identifier: own for identifier, own in matched.items() if identifier in inside}
    if meant.unknown and meaning:
        words = [word for word in re.findall(r"[\w/]{3,}", meant.unknown) if fold(word) not in GENERIC]
        passages = snapshot.store.passages(sorted(matched))
        matched = {p.id: matched[p.id] for p in passages if len(meaning.unfamiliar(words, [p.in_context])) < len(words)}
    return matched


def _written_alike(snapshot: Snapshot, item: Asked, matched: Mapping[int, bool]) -> dict[int, bool]:
    """`matched` without sections where "§ 2" is asked for, or the other way round, of each document that has both."""
    signed: dict[str, dict[int, bool]] = {}
    for passage in snapshot.store.passages(sorted(identifier for identifier, own in matched.items() if own)):
        labels = [label for label in passage.section if heading_reference(label) == item.reference]
        signed.setdefault(passage.source, {})[passage.id] = labels[-1].startswith("§") if labels else item.sign
    other = {
        identifier for marks in signed.values() if len({*marks.values()}) > 1 for identifier, mark in marks.items() if mark != item.sign
    }
    return {identifier: own for identifier, own in matched.items() if identifier not in other}


def _openings(snapshot: Snapshot, found: Mapping[int, tuple[Reference, bool]]) -> tuple[frozenset[int], tuple[_Contents, ...]]:
    """The passages that the provisions of each document begin with, and what those are made of that have articles below them."""
    units: dict[tuple[Reference, str, tuple[str, ...]], dict[Reference, Passage]] = {}
    passages = snapshot.store.passages([identifier for identifier, (_, own) in found.items() if own][:MOST_OPENINGS])
    for passage in sorted(passages, key=lambda one: (one.source, one.start)):
        reference = found[passage.id][0]
        depth = next((place for place, label in enumerate(passage.section, 1) if heading_reference(label) == reference), 0)
        innermost = passage.provisions[0] if passage.provisions else reference
        units.setdefault((reference, passage.source, passage.section[:depth]), {}).setdefault(innermost, passage)
    shares = Counter(reference for reference, *_ in units)
    first = {
        passage.id
        for (reference, *_), members in units.items()
        for passage in [*members.values()][: max(1, FIRST_OF_UNIT // shares[reference])]
    }
    contents = tuple(
        (path[-1], tuple(member for member in members if member != whole))
        for (whole, _, path), members in units.items()
        if path and len(members) > 1
    )
    return frozenset(first), contents


def _with_part(snapshot: Snapshot, item: Asked, matched: Mapping[int, bool]) -> tuple[dict[int, bool], bool]:
    """Of each document's own text of the provision, the passage that the paragraph begins in, if any has it; and whether any has."""
    own = snapshot.store.passages(sorted(identifier for identifier, is_own in matched.items() if is_own))
    holding: list[int] = []
    for source in dict.fromkeys(passage.source for passage in own):
        of_source = sorted((passage for passage in own if passage.source == source), key=lambda passage: passage.start)
        span = part_span("\n".join(passage.text for passage in of_source), item.part)
        ends = itertools.accumulate(len(passage.text) + 1 for passage in of_source)
        holding += [passage.id for passage, end in zip(of_source, ends, strict=True) if span and span[0] < end][:1]
    if not holding:
        return dict(matched), False
    return dict.fromkeys(holding, True), True
