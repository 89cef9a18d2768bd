"""Whether the right article of the right law is cited: laws with numbered articles, asked for in every wording we know.

    python -m benchmarks.provisions --data ../shared/data [--each 4] [--failures 20]

Each law of the development set is written to a file of its own, in two collections: titled in short ("GDPR 2016/679"), and by its
official title. Headings have a different shape in each law. Then present and absent numbers are asked for in English and Spanish, under
every name of the law and in every wording, both taken in turn, so that each pair is met. An answer is right if every citation lies in
an article that was asked for, of the law that was named, and each of them has one. Intervals are Wilson's, 95%.

The laws: constitutions of Mexico and Chile (proposal of 2022), three Spanish laws, and the English text of the GDPR from Article 24 on.
"""

import argparse
import itertools
import json
import lzma
import random
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.config import load_config
from rag.embed import BuiltinEmbedder
from rag.evaluate.statistics import wilson_interval
from rag.index.sync import sync
from rag.pipeline import Pipeline
from rag.types import Answer

ROOT = Path(__file__).resolve().parent.parent
SEED = 7


@dataclass(frozen=True, slots=True)
class Law:
    """A law of the set: its official title, how its articles are headed, and its names, as asked for in each language."""

    label: str
    title: str
    heading: str
    english: tuple[str, ...]
    spanish: tuple[str, ...]


LAWS = (
    Law(
        "Spain LO 2/2023 (LOSU)", "Ley Orgánica 2/2023, de 22 de marzo, del Sistema Universitario (LOSU)", "Artículo {n}. {title}\n\n",
        ("the LOSU", "Organic Law 2/2023", "the Spanish universities act", "LO 2/2023"),
        ("la LOSU", "la Ley Orgánica 2/2023", "la Ley Orgánica del Sistema Universitario", "la LO 2/2023, de 22 de marzo"),
    ),
    Law(
        "Spain Ley 19/2013 transparencia",
        "Ley 19/2013, de 9 de diciembre, de transparencia, acceso a la información pública y buen gobierno", "Artículo {n}.- {title}\n",
        ("the transparency law", "Law 19/2013", "the Spanish transparency act", "Ley 19/2013"),
        ("la Ley de Transparencia", "la Ley 19/2013", "la ley 19/2013 de transparencia", "la Ley 19/2013, de 9 de diciembre"),
    ),
    Law(
        "Spain LO 3/2007 igualdad", "Ley Orgánica 3/2007, de 22 de marzo, para la igualdad efectiva de mujeres y hombres",
        "Art. {n}.º {title}\n\n",
        ("the equality act", "Organic Law 3/2007", "the Spanish equality law", "the law on equality between women and men"),
        ("la ley de igualdad", "la Ley Orgánica 3/2007", "la LO 3/2007", "la Ley Orgánica para la igualdad"),
    ),
    Law(
        "Mexico Constitution (CPEUM)", "Constitución Política de los Estados Unidos Mexicanos", "",
        ("the Mexican Constitution", "the Constitution of Mexico", "the CPEUM", "Mexico's constitution"),
        ("la Constitución mexicana", "la Constitución de México", "la CPEUM", "la Constitución Política de los Estados Unidos Mexicanos"),
    ),
    Law(
        "Chile Constitution (propuesta 2022)", "Propuesta de Constitución Política de la República de Chile (2022)",
        "ARTÍCULO {n}\n\n",
        ("the Chilean constitution", "the Constitution of Chile", "the proposed constitution of Chile", "the 2022 Chilean constitution"),
        ("la Constitución chilena", "la Constitución de Chile", "la propuesta de Constitución de Chile",
         "la Constitución de Chile de 2022"),
    ),
    Law(
        "GDPR 2016/679", "Regulation (EU) 2016/679 of 27 April 2016 (General Data Protection Regulation)", "Article {n}\n\n{title}\n\n",
        ("the GDPR", "the General Data Protection Regulation", "Regulation (EU) 2016/679", "the data protection regulation"),
        ("el RGPD", "el Reglamento General de Protección de Datos", "el Reglamento (UE) 2016/679", "el reglamento de protección de datos"),
    ),
)  # fmt: skip

ENGLISH = {
    "Article N": "What does Article {n} of {law} say?",
    "article N, lower case": "what does article {n} of {law} say",
    "Art. N": "What does Art. {n} of {law} say?",
    "ART N": "ART {n} {bare}",
    "law first": "Under {law}, what does Article {n} say?",
    "law, article": "{bare}, article {n}",
    "Roman": "What does Article {roman} of {law} say?",
    "ordinal": "What does the {ordinal} article of {law} say?",
    "paragraph (1)": "What does Article {n}(1) of {law} say?",
    "paragraph and letter": "What does Article {n}(1)(a) of {law} provide?",
    "paragraph, words": "What does paragraph 1 of Article {n} of {law} say?",
    "number": "what does article number {n} of {law} establish?",
    "says who": "What is in {law}, Art. {n}?",
    "list": "What do Articles {n} and {m} of {law} say?",
    "range": "What do articles {n} to {m} of {law} say?",
}
SPANISH = {
    "artículo N": "¿Qué dice el artículo {n} de {law}?",
    "articulo N, sin tilde": "que dice el articulo {n} de {law}",
    "art. N": "¿Qué establece el art. {n} de {law}?",
    "art.º N": "¿Qué dispone el art.º {n} de {law}?",
    "artículo N.º": "¿Qué dice el artículo {n}.º de {law}?",
    "ARTÍCULO N": "ARTÍCULO {n} {bare}",
    "ley primero": "Según {law}, ¿qué dice el artículo {n}?",
    "ley, artículo": "{bare}, artículo {n}",
    "romano": "¿Qué dice el artículo {roman} de {law}?",
    "ordinal": "¿Qué dice el artículo {ordinal} de {law}?",
    "ordinal delante": "¿Qué dice el {ordinal} artículo de {law}?",
    "N.1": "¿Qué dice el artículo {n}.1 de {law}?",
    "N.1.a": "¿Qué dice el art. {n}.1.a) de {law}?",
    "apartado": "¿Qué dice el apartado 1 del artículo {n} de {law}?",
    "apartado y letra": "¿Qué dice el artículo {n}, apartado 1, letra a), de {law}?",
    "lista": "¿Qué dicen los artículos {n} y {m} de {law}?",
    "intervalo": "¿Qué dicen los arts. {n} a {m} de {law}?",
}
_ENGLISH_UNITS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
    "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
)  # fmt: skip
_ENGLISH_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SPANISH_UNITS = ("primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno")
_SPANISH_TENS = (
    "décimo", "vigésimo", "trigésimo", "cuadragésimo", "quincuagésimo", "sexagésimo", "septuagésimo", "octogésimo", "nonagésimo",
)  # fmt: skip
_SUFFIX = re.compile(r"^(bis|ter)\.\s*")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the law, the numbers, in which wording, and by which name of the law."""

    question: str
    law: Law
    numbers: tuple[str, ...]
    present: bool
    wording: str
    name: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question: "right", "beside" (other passages, too), "wrong" (another number or law), "missed" (one of several),
    "refused"; of absent numbers "refused" or "answered"."""

    asked: Asked
    what: str
    answer: Answer


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the development data")
    parser.add_argument("--each", type=int, default=4, help="questions per law, wording and language")
    parser.add_argument("--failures", type=int, default=0, help="how many failures to print in full")
    options = parser.parse_args()
    units = read_units(options.data / "dev")
    outcomes: dict[str, list[Outcome]] = {}
    for collection in ("short titles", "official titles"):
        with tempfile.TemporaryDirectory() as folder:
            outcomes[collection] = list(measure(Path(folder), units, options.each, official=collection == "official titles"))
        print(f"\n## {collection}\n\n{_table(outcomes[collection])}", flush=True)
    everything = [outcome for one in outcomes.values() for outcome in one]
    print(f"\n## Both\n\n{_table(everything)}\n\n{_by(everything, 'wording')}\n\n{_by(everything, 'name')}")
    bad = [outcome for outcome in everything if outcome.what != ("right" if outcome.asked.present else "refused")]
    for outcome in bad[: options.failures]:
        cited = [f"{citation.title[:30]}/{' > '.join(citation.section)[-40:]}" for citation in outcome.answer.citations]
        print(f"- {outcome.what}: {outcome.asked.question} {cited or outcome.answer.text[:120]}")


def read_units(folder: Path) -> dict[str, dict[str, tuple[str, str]]]:
    """Label of a law -> number -> (title, text) of its articles, in order of their numbers; a second one of a number is its "bis"."""
    units: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for language in ("es", "en"):
        with lzma.open(folder / f"legal_articles_{language}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                suffix = _SUFFIX.match(row["title"])
                number = row["article"] + (f" {suffix[1]}" if suffix else "")
                units[row["doc"]][number] = (_SUFFIX.sub("", row["title"]), row["text"])
    return {law: dict(sorted(own.items(), key=lambda item: (int(item[0].split()[0]), item[0]))) for law, own in units.items()}


def write_laws(
    folder: Path, units: Mapping[str, Mapping[str, tuple[str, str]]], *, official: bool
) -> dict[tuple[str, str], tuple[int, int]]:
    """Write each law to a file of `folder`; returns the span of each (label, number) in its file."""
    spans = {}
    for place, law in enumerate(LAWS):
        text = f"# {law.title if official else law.label}\n\n"
        for number, (title, body) in units[law.label].items():
            start = len(text)
            chapter = law.label.startswith("Chile")  # its titles are those of chapters
            text += law.heading.format(n=number, title="" if chapter else title) + body.strip() + "\n\n"
            spans[law.label, number] = (start, len(text))
        (folder / f"law-{place}.md").write_text(text, encoding="utf-8")
    return spans


def measure(folder: Path, units: Mapping[str, Mapping[str, tuple[str, str]]], each: int, *, official: bool) -> Iterator[Outcome]:
    """Index the laws and ask."""
    (folder / "laws").mkdir()
    spans = write_laws(folder / "laws", units, official=official)
    config = load_config(index=folder / "index", environment={})
    sync(config, BuiltinEmbedder(), [folder / "laws"])
    with Pipeline.open(config) as pipeline:
        for asked in questions(units, each):
            answer = pipeline.ask(asked.question)
            yield Outcome(asked, judge(asked, answer, spans), answer)


def judge(asked: Asked, answer: Answer, spans: Mapping[tuple[str, str], tuple[int, int]]) -> str:
    """See `Outcome`."""
    if answer.abstained:
        return "refused"
    if not asked.present:
        return "answered"
    source = f"law-{LAWS.index(asked.law)}.md"
    wanted = {number: spans[asked.law.label, number] for number in asked.numbers}
    inside = [
        {number for number, (start, end) in wanted.items() if citation.source == source and start <= citation.start and citation.end <= end}
        for citation in answer.citations
    ]
    found = set().union(*inside)
    if not found:
        return "wrong"
    if len(found) < len(wanted):
        return "missed"
    return "right" if all(inside) else "beside"


def questions(units: Mapping[str, Mapping[str, tuple[str, str]]], each: int) -> Iterator[Asked]:
    """Present numbers and a quarter as many absent ones, in every wording; names are taken in turn."""
    chance = random.Random(SEED)
    for law in LAWS:
        present = [number for number in units[law.label] if number.isdigit()]
        last = max(map(int, present))
        absent = [str(number) for number in range(1, last + 60) if str(number) not in present]
        for language, names, wordings in (("en", law.english, ENGLISH), ("es", law.spanish, SPANISH)):
            turns = {True: itertools.cycle(names), False: itertools.cycle(names)}
            for wording, template in wordings.items():
                for count in range(each + max(1, each // 4)):
                    is_present = count < each
                    number = _drawn(chance, present if is_present else absent, wording)
                    if number is None:
                        continue
                    numbers = (number,)
                    if "{m}" in template:
                        numbers = _several(number, present if is_present else absent, wording)
                    name = next(turns[is_present])
                    yield Asked(
                        _filled(template, language, numbers, name),
                        law,
                        numbers,
                        is_present,
                        f"{language}: {wording}",
                        f"{law.label}: {name}",
                    )
        if "6 bis" in units[law.label]:
            for name in law.spanish:
                yield Asked(f"¿Qué dice el artículo 6 bis {_of(name)}?", law, ("6 bis",), True, "es: bis", f"{law.label}: {name}")
                yield Asked(f"¿Qué dice el artículo 7 bis {_of(name)}?", law, ("7 bis",), False, "es: bis", f"{law.label}: {name}")


def _drawn(chance: random.Random, numbers: Sequence[str], wording: str) -> str | None:
    """A number of `numbers` that the wording can write."""
    limit: Callable[[int], bool] = {"ordinal": lambda n: n < 100, "Roman": lambda n: n < 400 and n not in (50, 100)}.get(
        wording.split()[0].replace("romano", "Roman"), bool
    )
    fitting = [number for number in numbers if limit(int(number))]
    return chance.choice(fitting) if fitting else None


def _several(number: str, numbers: Sequence[str], wording: str) -> tuple[str, ...]:
    """`number` and its neighbours among `numbers`: another one for a list, all up to the third for a range."""
    place = min(numbers.index(number), len(numbers) - 3)
    if wording in ("list", "lista"):
        return numbers[place], numbers[place + 2]
    end = next(size for size in (3, 2, 1) if int(numbers[place + size - 1]) - int(numbers[place]) == size - 1)
    return tuple(numbers[place : place + end])


def _filled(template: str, language: str, numbers: Sequence[str], name: str) -> str:
    number = int(numbers[0])
    bare = re.sub(r"^(?:the|la|el)\s", "", name)
    text = template.format(n=number, m=numbers[-1], roman=_roman(number), ordinal=_ordinal(number, language), law=name, bare=bare)
    return text.replace(" de el ", " del ")


def _of(name: str) -> str:
    return f"de {name}".replace("de el ", "del ")


def _roman(number: int) -> str:
    text = ""
    for value, sign in ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        text += sign * (number // value)
        number %= value
    return text


def _ordinal(number: int, language: str) -> str:
    if number > 99:
        return str(number)
    tens, unit = divmod(number, 10)
    if language == "en":
        if number < 20:
            return _ENGLISH_UNITS[number - 1]
        return f"{_ENGLISH_TENS[tens - 2]}-{_ENGLISH_UNITS[unit - 1]}" if unit else f"{_ENGLISH_TENS[tens - 2][:-1]}ieth"
    return " ".join([*_SPANISH_TENS[tens - 1 : tens] * (tens > 0), *_SPANISH_UNITS[unit - 1 : unit] * (unit > 0)])


def _table(outcomes: Sequence[Outcome]) -> str:
    present = [outcome.what for outcome in outcomes if outcome.asked.present]
    absent = [outcome.what for outcome in outcomes if not outcome.asked.present]
    counts = Counter(present)
    cited = counts["right"] + counts["beside"]
    quotes = [citation for outcome in outcomes for citation in outcome.answer.citations]
    rows = [
        ("the right article of the right law is cited", cited, len(present)),
        ("and nothing else is", counts["right"], len(present)),
        ("another article or law instead", counts["wrong"], len(present)),
        ("one of several is missing", counts["missed"], len(present)),
        ("refused though present", counts["refused"], len(present)),
        ("absent numbers refused", sum(what == "refused" for what in absent), len(absent)),
    ]
    lines = ["| what | count | share (95% interval) |", "|---|---|---|"]
    for label, count, total in rows:
        interval = wilson_interval(count, total)
        lines.append(f"| {label} | {count} of {total} | {count / max(1, total):.1%} ({interval.low:.1%}-{interval.high:.1%}) |")
    return "\n".join([*lines, f"| citations | {len(quotes)} | |"])


def _by(outcomes: Sequence[Outcome], key: str) -> str:
    """Right of present and refused of absent, for each wording or name."""
    rows: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        rows[getattr(outcome.asked, key)].append(outcome)
    lines = [f"| {key} | cited | nothing else | absent refused |", "|---|---|---|---|"]
    for name, own in rows.items():
        present = [outcome.what for outcome in own if outcome.asked.present]
        absent = [outcome.what for outcome in own if not outcome.asked.present]
        cited = sum(what in ("right", "beside") for what in present)
        lines.append(f"| {name} | {cited} of {len(present)} | {present.count('right')} | {absent.count('refused')} of {len(absent)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
