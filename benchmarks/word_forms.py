"""Make eval/word-forms.jsonl: searches for a known sentence of seeds/ in other forms of its words.

    python -m benchmarks.word_forms

People write "treaties" where a document has "treaty". A search is the four rarest content words of a sentence, each put from the singular
into the plural or back by rule; its evidence is the sentence. A set for searching, not for answering: it shows at once whether words are
stemmed, in Spanish and in English, which questions by people show only by the hundred. The rules know no grammar, so some of the forms
are ones that nobody would use. The same documents give the same file.
"""

import json
import random
import re
from collections import Counter
from itertools import zip_longest
from pathlib import Path

from rag.evaluate.statistics import SEED
from rag.language import FUNCTION_WORDS, detect
from rag.load import DESCRIPTION, find_files, load_file
from rag.sentences import sentences

ROOT = Path(__file__).parents[1]
FILE = ROOT / "eval" / "word-forms.jsonl"
WANTED = {"es": 120, "en": 60}
WORDS = 4
_WORD = re.compile(r"(?<![\w-])[a-záéíóúñü]{5,}(?![\w-])")


def main() -> None:
    """Write the file and say how many searches it holds."""
    files = [(path, source) for path, source in find_files([ROOT / "seeds"]) if path.name != DESCRIPTION]
    documents = [load_file(path, source, path.stat().st_size) for path, source in files]
    every = [(document, document.text[start:end].strip()) for document in documents for start, end in sentences(document.text)]
    frequency = Counter(word for _, quote in every for word in set(_WORD.findall(quote.casefold())))
    records: dict[str, list[list[dict[str, object]]]] = {language: [] for language in WANTED}
    for document in documents:
        found: dict[str, list[dict[str, object]]] = {language: [] for language in WANTED}
        for source, quote in every:
            words = search_words(quote, frequency) if source is document and document.text.count(quote) == 1 else []
            language = detect(quote)
            if len(words) == WORDS and 60 <= len(quote) <= 250 and "\n\n" not in quote:
                evidence = [{"source": document.source, "quote": quote}]
                found[language].append({"question": " ".join(other_form(word, language) for word in words), "evidence": evidence})
        for language, own in found.items():
            random.Random(f"{SEED} {document.source}").shuffle(own)
            records[language].append(own)
    lines = []
    for language, groups in records.items():
        spread = [record for row in zip_longest(*groups) for record in row if record is not None][: WANTED[language]]
        for number, record in enumerate(spread, 1):
            head = {"id": f"wf-{language}-{number:03}", "question": record["question"], "language": language, "kind": "word_forms"}
            lines.append(json.dumps({**head, "answerable": True, "evidence": record["evidence"]}, ensure_ascii=False))
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} searches in {FILE.relative_to(ROOT)}")


def search_words(quote: str, frequency: Counter[str]) -> list[str]:
    """The rarest content words of a sentence, in the order in which they stand; fewer if there are not as many."""
    words = [
        word
        for word in dict.fromkeys(_WORD.findall(quote))
        if word not in FUNCTION_WORDS and not word.endswith(("r", "ó", "é", "rá", "rán", "mente"))
    ]
    rarest = sorted(words, key=lambda word: (frequency[word], word))[:WORDS]
    return [word for word in words if word in rarest]


def other_form(word: str, language: str) -> str:
    """The plural of a singular and the singular of a plural, by rule."""
    if language == "es":
        rules = ((r"iones$", "ión"), (r"ión$", "iones"), (r"ces$", "z"), (r"z$", "ces"), (r"(?<=[dlnjr])es$", ""), (r"(?<=[aeoiu])s$", ""))
        rules += ((r"(?<=[aeoiuá])$", "s"), (r"$", "es"))
    else:
        rules = (
            (r"ies$", "y"),
            (r"(?<=[^aeou])y$", "ies"),
            (r"(?<=[sx])es$", ""),
            (r"(?<=[sc]h)es$", ""),
            (r"(?<=[^sui])s$", ""),
            (r"(?<=[sx])$", "es"),
        )
        rules += ((r"$", "s"),)
    return next(re.sub(pattern, form, word, count=1) for pattern, form in rules if re.search(pattern, word))


if __name__ == "__main__":
    main()
