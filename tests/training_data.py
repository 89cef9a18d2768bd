"""A folder of training data in miniature, as `training/README.md` describes it: made-up news in both languages and questions on them."""

import json
import lzma
from collections.abc import Iterator, Sequence
from pathlib import Path

CITIES = ("Ostwick", "Marlow", "Dunmere", "Harrow", "Selby", "Tarnmouth", "Velden", "Corvo")
PLACES = (("bridge", "puente"), ("harbour", "puerto"), ("school", "colegio"), ("market", "mercado"), ("museum", "museo"))
FORMS = (
    ("The mayor of {city} opened the new {en} in {year} because the old one was too small.",
     "El alcalde de {city} abrió el nuevo {es} en {year} porque el viejo era demasiado pequeño."),
    ("The council of {city} paid {count} crowns for the roof of the {en} after the storm.",
     "El consejo de {city} pagó {count} coronas por el tejado del {es} después de la tormenta."),
    ("Every summer the {en} of {city} receives {count} visitors, and most of them come by train.",
     "Cada verano el {es} de {city} recibe {count} visitantes, y la mayoría de ellos llega en tren."),
    ("The engineer who built the {en} was born in {city} and had worked on the river for {count} years.",
     "El ingeniero que construyó el {es} nació en {city} y había trabajado en el río durante {count} años."),
)  # fmt: skip
ASKED = ("When did the mayor of {city} open the {en}?", "¿Cuándo abrió el alcalde de {city} el {es}?")
Paragraph = tuple[dict[str, str], list[tuple[str, str]]]


def paragraphs() -> Iterator[Paragraph]:
    """What a paragraph is about, and its sentences in English and Spanish; no two are alike."""
    for number, (city, place) in enumerate((city, place) for city in CITIES for place in PLACES):
        about = {"city": city, "en": place[0], "es": place[1], "year": str(1900 + number), "count": str(210 + 7 * number)}
        yield about, [(english.format(**about), spanish.format(**about)) for english, spanish in FORMS]


def write(folder: Path, name: str, rows: Sequence[dict[str, object]]) -> None:
    path = folder / f"{name}.jsonl.xz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()))


def write_training_data(folder: Path) -> Path:
    """Everything that `make models` reads; returns the folder."""
    made = list(paragraphs())
    sentences = [{"en": en, "es": es, "doc": number // 2} for number, (_, pairs) in enumerate(made) for en, es in pairs]
    write(folder, "parallel/news_commentary", sentences)
    for place, name in enumerate(("wmt_newstest", "tatoeba", "tico19", "python_docs", "news_commentary_titles")):
        write(folder, f"parallel/{name}", sentences[place * 8 : place * 8 + 8])
    questions = [{"en": ASKED[0].format(**about), "es": ASKED[1].format(**about)} for about, _ in made]
    write(folder, "parallel/questions_mkqa_mintaka", questions)
    asked = [_asked(about, pairs) for about, pairs in made]
    spanish = [{"context": row["context_es"], "question": row["question_es"], "answers": row["answers_es"]} for row in asked]
    english = [{"context": row["context_en"], "question": row["question_en"], "answers": row["answers_en"]} for row in asked]
    write(folder, "questions/squad_es", spanish[:12])
    write(folder, "questions/squad_es_dist", spanish[12:15])
    write(folder, "questions/squad_en_partial", english[:12])
    natural = [{**row, "question": row["question"].rstrip("?"), "answers": [row["answers"][0]["text"]]} for row in english[15:20]]
    write(folder, "questions/natural_questions_gold", natural)
    single = [{"sentence": pairs[1][0], "question": f"What did the council of {about['city']} pay?"} for about, pairs in made[:8]]
    write(folder, "questions/squad_sentence_question", single)
    _write_development(folder, asked[30:], sentences)
    return folder


def _asked(about: dict[str, str], pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
    """A question on a paragraph in both languages, as XQuAD has them; its answer is the year."""
    row: dict[str, object] = {"title": about["city"]}
    for language, side, form in (("en", 0, ASKED[0]), ("es", 1, ASKED[1])):
        context = " ".join(pair[side] for pair in pairs)
        answer = {"text": about["year"], "answer_start": context.index(about["year"])}
        row |= {f"context_{language}": context, f"question_{language}": form.format(**about), f"answers_{language}": [answer]}
    return row


def _write_development(folder: Path, asked: Sequence[dict[str, object]], sentences: Sequence[dict[str, object]]) -> None:
    write(folder, "dev/xquad_dev_half", asked)
    titled = [
        {"title_en": row["question_en"], "title_es": row["question_es"], "en": row["context_en"], "es": row["context_es"]} for row in asked
    ]
    write(folder, "dev/news_titles", titled)
    for name in ("ntrex", "newstest2013"):
        write(folder, f"dev/{name}", sentences[:4])
    write(
        folder, "dev/nfcorpus/corpus", [{"_id": f"d{n}", "title": row["title"], "text": row["context_en"]} for n, row in enumerate(asked)]
    )
    write(folder, "dev/nfcorpus/queries", [{"_id": f"q{n}", "text": row["question_en"]} for n, row in enumerate(asked)])
    grades = "".join(f"q{number}\td{number}\t2\n" for number in range(len(asked)))
    (folder / "dev/nfcorpus/qrels").mkdir()
    (folder / "dev/nfcorpus/qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\n" + grades, encoding="utf-8")
