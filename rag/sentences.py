"""Cuts English and Spanish text into sentences, as spans that cover everything but white space.

Works on the text as it is stored: Markdown marks and line ends of any kind are coped with. A blank line ends a sentence, and so does a line
that is a heading, a table row or a title in capitals; a list item begins one, and so does one of several lines with a label or in columns
("Weight: 4 kg", "Weight .... 4 kg", "19:30 Opening"); a single line end inside a paragraph means nothing. It knows abbreviations, not
grammar: after "U.S." or "J." a sentence ends only before a word that often begins one.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from rag import lexicon
from rag.references import heading_reference

_OTHER_LINE_ENDS = "\r\f\v\x85\u2028\u2029"

# A line end that ends a sentence: before a blank line, a list item, a heading of Markdown or a table row.
_ITEM = (
    r"[-*+•·▪‣–—][ \t]|(?P<number>\d{1,3}[.)][ \t])|\(?[a-zñ]\)[ \t]|\(\d{1,3}\)[ \t]|\(?[ivx]{1,4}\)[ \t]|"
    r"(?:Step|Paso)[ \t]\d{1,2}[ \t]?[.:)]"
)
_BREAK = re.compile(rf"\n(?=[ \t]*+(?:\n|{_ITEM}|#{{1,6}}[ \t]|\||[^\n|]{{0,120}}+\|[ \t]))")
_TIME = r"\d{1,2}:\d\d(?::\d\d)?(?:[,.]\d{1,3})?(?:[ \u00a0\u202f]?[apAP]\.?[ \u00a0]?[mM]\b\.?)?"
_STAMP = rf"(?:\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{2,4}},?[ T])?{_TIME}"
# "12/03/24, 18:04 - Ana: ", "[09:02] Ana: ", "**[00:01:40] PR:** ": who says something, and when.
_TURN = rf"[*_]{{0,2}}[\[(]?{_STAMP}[\])]?[*_]{{0,2}}[ \t]*(?:[-–—·][ \t]*)?[*_]{{0,2}}[^\s\d\[][^\n:|]{{0,40}}:[*_]{{0,2}}[ \t]+(?=\S)"
TURN = re.compile(rf"(?m)^[ \t]*(?P<turn>{_TURN})")
# "Power ........ 14.62 €", "Theft<tab>6,000 €", "19:30 Opening speech", "Reading / Tue 18:00", "Theft; 6,000 €", "1.2 Name: Ana": what
# stands in columns.
_COLUMNS = (
    rf"{_TIME}h?(?:[ \t]?[-–—][ \t]?{_TIME}h?)?[ \t]+(?:[-–—:.][ \t]*)?[^\W\d_]|"
    r"[^\W_][^\n\t|]{0,60}?(?:[ \t]\.{4,}|\t)[ \t]*[^\s.]"
    r"|(?![a-záéíóúñ])[^\W_](?:[^\n\t|]{0,60}?[ ](?:[ ]{2,}|[/·][ ])[^\s.]|[^\n;|]{0,40};[^\n|]{1,80}[^\s.,;:|]$(?!\n[ \t]*[a-záéíóúñ]))"
    r"|(?:[A-Z]\.?)?\d{1,3}(?:\.\d{1,3})*\.?[ \t]+[A-ZÁÉÍÓÚÑ][^\n:.!?;|]{0,40}:[ \t]+\S"
)
_SIGNS = (":", "....", "\t", "   ", " / ", " · ", ";")
_LABELLED = re.compile(rf"(?m)^[ \t]*(?P<line>{_TURN}|[*_]{{0,2}}[A-ZÁÉÍÓÚÑ][^\n:.!?;|]{{0,40}}:[*_]{{0,2}}[ \t]+\S)")
_IN_COLUMNS = re.compile(rf"(?m)^[ \t]*(?P<line>{_COLUMNS})")
_STOP = re.compile(r"[.!?…]+(?:[»”’\"')\]*_]|\[\d{1,3}\])*")
_SPACE = re.compile(r"\s*")
_OPENING = re.compile(r"[«“‘\"'(\[*_—–\-•]*")
_WORD = re.compile(r"[^\W\d_]+")
_LABEL = re.compile(
    r"[#>*_\s(-]*(?:\d{1,3}(?:\.\d{1,3})*|[a-zñ]|[ivxlc]{1,6}"
    r"|(?:art(?:[íi]culo|icle)?|secci[oó]n|section|sec|cap[íi]tulo|chapter|t[íi]tulo|title|anexo|annex|parte?|cl[áa]usula|clause|regla|rule"
    r"|paso|step|disposici[óo]n(?: \w+)?|§)\.?\s*(?:\d[\w.]*[ºª]?|[ivxlc]+|[úu]nic[oa]|preliminar"
    r"|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|(?:prim|segund|tercer|cuart|quint|sext|s[ée]ptim|octav|noven|d[ée]cim)\w{0,3})(?:\s(?:bis|ter|qu[aá]ter))?)",
    re.IGNORECASE,
)
_LONGEST_LABEL = 50
_DOUBLED_CAPITALS = re.compile(r"([^\W\d_])\1s?")
# What "no." and "fig." number where it is no number alone: "S2", "KF906251".
_CODE = re.compile(r"[A-Z]{1,4}\d")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")


# Never the end of a sentence.
_TITLES = lexicon.words(
    "sr sra srta srs sres dr dra dres prof profa ing lic gral gen cnel cap tte sto sta fr mr mrs ms messrs mme st mt rev hon pres gov "
    "sen rep lt col sgt capt cmdr adm excmo excma ilmo ilma ej e.g i.e cf v vs viz vid"
)
# The end of a sentence unless a number follows.
_NUMBERED = lexicon.words(
    "art arts núm núms num nums no nos nro nros pág págs pag pags p pp cap caps vol vols fig figs sec secc secs párr párrs par paras "
    "apdo apdos lib tít tit ed ap ch chs cl tel ext ca c aprox approx res exp doc jan feb mar apr jun jul aug sep sept oct nov "
    "dec ene abr ago dic pos"
)
# The end of a sentence only before a word that often begins one.
_OPEN = lexicon.words("inc corp co ltd ltda bros jr dept dpto univ cía cia av avda prov ud uds vd vds a.m p.m sp spp subsp ssp etc")
_BEGINNERS = lexicon.words(
    "The A An In On At It Its He She They We You I This That These Those But And However Then There If When While After Before For As "
    "By With From To No Not Both Each Some All Such Today Later Many Most El La Los Las Un Una Unos Unas En Y E O Pero Se Lo Le Les "
    "Es Son Fue Era Su Sus Con Por Para De Del Al Si Sin Según Cuando Como Aunque Este Esta Estos Estas Ese Esa Eso Esto Esos Esas "
    "Aquel Aquella Además También Después Luego Entonces Hoy Ayer Ya Hay Todo Todos Cada Mientras Tras Desde Hasta Entre Sobre Ante "
    "Quien Que Qué Muchos Otra Otro"
)
# A line that ends in one of these goes on with the number that begins the next.
_BEFORE_NUMBER = lexicon.words(
    "artículo artículos article articles art arts apartado apartados paragraph section sección anexo annex capítulo chapter punto "
    "point núm n.º no y e o u and or el la los las the a to de del of in en hasta until by por entre between"
)
_FILE_ENDINGS = lexicon.words("com org net edu gov info io es uk eu js py md txt pdf html")


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as spans (start, end), in order, without white space at their edges."""
    spans: list[tuple[int, int]] = []
    plain = with_line_feeds(text)
    start = 0
    for stop in _line_breaks(plain):
        _cut(plain, start, stop, spans)
        start = stop
    _cut(plain, start, len(plain), spans)
    return spans


def with_line_feeds(text: str) -> str:
    """`text` with line feeds for all line ends and every position unchanged."""
    text = text.replace("\r\n", " \n")
    for line_end in _OTHER_LINE_ENDS:
        # Most texts have none of them, and looking is much faster than translating.
        text = text.replace(line_end, "\n")
    return text


MARKS = "#*_> \t"
"""What Markdown writes before the words of a line."""
_LINE = re.compile(r"[^\n]+")


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Start and text of each line that is not blank, without the space around it, of a text whose line ends are line feeds."""
    for match in _LINE.finditer(text):
        if line := match[0].strip():
            yield match.start() + match[0].index(line[0]), line


def labelled_lines(text: str) -> list[int]:
    """Where lines begin that say what they are about and have such a line right above or below: "Power: 1450 W" / "Weight: 4.2 kg".

    One alone is none, for a wrapped line may begin with "Madrid: ". Lines with a time and a speaker are some, however far apart.
    """
    starts = [match.start("line") for match in _LABELLED.finditer(text)] if ":" in text else []
    turns = {match.start("turn") for match in TURN.finditer(text)} if starts else set()
    return sorted(_adjacent(text, starts) | turns)


def _adjacent(text: str, starts: list[int]) -> set[int]:
    """Those of the lines that begin at `starts` that have another of them right above or below."""
    return {start for pair in pairwise(starts) if text.count("\n", *pair) == 1 for start in pair}


def _line_breaks(text: str) -> Iterator[int]:
    may_have_columns = any(sign in text for sign in _SIGNS)  # looking is much faster than matching at every line
    in_columns = [match.start("line") for match in _IN_COLUMNS.finditer(text)] if may_have_columns else []
    labelled = (text.rfind("\n", 0, start) for start in (*labelled_lines(text), *_adjacent(text, in_columns)))
    found = (match.start() for match in _BREAK.finditer(text) if match["number"] is None or not _goes_on(text, match.start()))
    yield from sorted({*found, *(place for place in labelled if place >= 0)})


def _goes_on(text: str, line_end: int) -> bool:
    """Whether the number that begins the next line belongs to the words before it: "in article" / "4. It ..."."""
    last = text[max(0, line_end - 20) : line_end].split()[-1:]
    word = last[0].strip("(«“").rstrip(".").casefold() if last else ""
    return word in _BEFORE_NUMBER


def _cut(text: str, start: int, stop: int, spans: list[tuple[int, int]]) -> None:
    """Add the sentences of `text[start:stop]`, a stretch without blank lines and list items inside it."""
    start = _skip_space(text, start, stop)
    if start == stop:
        return
    line_end = text.find("\n", start, stop)
    if line_end > 0:
        below = _skip_space(text, line_end, stop)
        shouted = _is_shouted(text[start:line_end]) and not text[below:stop].split("\n", 1)[0].isupper()
        if not text[below : below + 1].islower() and (shouted or _stands_alone(text[start:line_end])):
            _cut_line(text, start, line_end, spans)
            start = below
    _cut_line(text, start, stop, spans)


def _stands_alone(line: str) -> bool:
    """Whether a line that has another below it is a heading or a table row."""
    if line[0] == "#" or line[0] == "|" or " | " in line[:130]:
        return True
    stripped = line.rstrip()
    if len(stripped) <= 120 and stripped[-2:] in ("**", "__") and stripped[:2] == stripped[-2:]:
        return True
    return len(stripped) <= 120 and heading_reference(stripped) is not None


def _is_shouted(line: str) -> bool:
    """Whether a line is a title in capitals: two words at least, and no full stop."""
    return line.isupper() and len(_WORD.findall(line)) > 1 and line.rstrip()[-1] not in ".,;:"


def _cut_line(text: str, start: int, stop: int, spans: list[tuple[int, int]]) -> None:
    for match in _STOP.finditer(text, start, stop):
        end = match.end()
        if end < stop and start < end and _is_end(text, start, match.start(), end, stop):
            spans.append((start, end))
            start = _skip_space(text, end, stop)
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    if start < stop:
        spans.append((start, stop))


def _skip_space(text: str, start: int, stop: int) -> int:
    match = _SPACE.match(text, start, stop)
    return match.end() if match else start


def _is_end(text: str, start: int, mark: int, end: int, stop: int) -> bool:
    """Whether the sentence that began at `start` ends with the stop at `mark:end`."""
    following = text[end]
    if not following.isspace():
        return _is_end_without_space(text, mark, end, stop)
    content = _skip_space(text, end, stop)
    if content == stop or (text.startswith("....", mark) and text[mark - 1].isspace() and "\n" not in text[end:content]):
        return False  # nothing follows, or what the dots lead to
    opening = _OPENING.match(text, content, min(content + 10, stop))
    first = text[min(opening.end() if opening else content, stop - 1)]
    if first.islower() or first in "/·":
        return False
    if text[mark] != "." or (end - mark > 1 and text[mark + 1] in ".!?…"):
        return mark == start or text[mark - 1] not in "(["
    return not _is_abbreviation(text, start, mark, first, opening.end() if opening else content)


def _is_abbreviation(text: str, start: int, mark: int, first: str, content: int) -> bool:
    """Whether the full stop at `mark` belongs to the word or number before it; `first`, at `content`, is what follows."""
    if mark - start <= _LONGEST_LABEL and _LABEL.fullmatch(text, start, mark):
        return True
    before = text[max(start, mark - 24) : mark].split()
    word = before[-1].lstrip("(«“‘\"'[*_¿¡") if before else ""
    if not word or word[-1].isdigit():
        return False
    folded = word.casefold()
    if folded in _TITLES or (folded in ("a", "d") and text.startswith("C.", content)):
        return True
    if folded in _NUMBERED and not (len(word) == 1 and word.isupper()):
        return (
            first.isdigit() or _CODE.match(text, content) is not None or (len(folded) > 2 and folded.startswith("art") and first in "IVXLC")
        )
    others = folded == "al" and before[-2:-1] == ["et"]  # "Huang et al. [16] reported", "Zhu et al. (2003)"
    if others or folded in _OPEN or _DOUBLED_CAPITALS.fullmatch(word) or (_INITIALS.fullmatch(word) and ("." in word or word.isupper())):
        following = _WORD.match(text, content)
        return following is None or following[0] not in _BEGINNERS
    return False


def _is_end_without_space(text: str, mark: int, end: int, stop: int) -> bool:
    """ "económicamente.Y" and "¿Por qué?Porque" lack a space; "www.Example", "3.Xx", "Node.Js" and "a?B=1" do not."""
    following = text[end]
    if not (following.isupper() or following in "¿¡«“") or mark == 0:
        return False
    before = text[max(0, mark - 30) : mark].split()
    after = text[end : min(end + 30, stop)].split()
    if not before or not after or any(sign in before[-1] + after[0] for sign in "/@=&\\#"):
        return False
    if text[mark] != ".":
        return end > mark and (text[mark - 1].isalpha() or text[mark - 1] in ')»”"')
    word = _WORD.match(after[0])
    last = re.split(r"[^\w]+", before[-1].rstrip(")»”\"'*_"))[-1]
    if len(last) < 2 or not last[-1].islower() or "." in before[-1] or (word and word[0].casefold() in _FILE_ENDINGS):
        return False
    return not re.match(r"[^\W\d_]+\.[^\W\d_]", after[0]) or len(last) > 3
