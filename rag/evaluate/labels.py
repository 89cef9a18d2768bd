"""Check a question set against its documents: that the labels can be believed, before anything is measured by them.

    python -m rag.evaluate.labels eval/questions.jsonl seeds --card eval/README.md

prints what is wrong, one line each (exit status 1), then the counts as the tables that belong in a data card. It needs the documents, not
an index. What it does not know is whether a label is true: that a quote answers its question, that nothing else does, and that the
documents really are silent on an unanswerable one is for people to say.
"""

import argparse
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rag.config import Config
from rag.errors import LoadError, RagError
from rag.evaluate.datasets import Evidence, GoldSpan, Question, read_questions
from rag.load import find_files, load_file
from rag.types import Document

LONGEST_RUN = 5
"""Words in a row that a question may share with its evidence; with more, finding it takes no understanding."""
NOWHERE = "none"


def check_labels(questions: Sequence[Question], documents: Mapping[str, Document], longest_run: int = LONGEST_RUN) -> list[str]:
    """What is wrong with the labels, a sentence each, in the order of the questions; empty if nothing is.

    Checked are: every quote is in its document exactly once, as the program stores its text (runs of whitespace match each other); no item
    of evidence and no question with the same history is there twice; no question shares more than `longest_run` words in a row with its
    evidence; no characters are evidence in two splits. That ids are unique and evidence is there is for `read_questions` to refuse.
    """
    problems: list[str] = []
    seen: dict[object, str] = {}
    splits: list[tuple[GoldSpan, Question]] = []
    for question in questions:
        if first := seen.get(key := (question.question.casefold(), question.history)):
            problems.append(f"{question.id} asks what {first} asks; leave one of them out.")
        seen.setdefault(key, question.id)
        problems += [f"{question.id} {problem}" for problem in _evidence_problems(question, documents, longest_run)]
        found = (span for evidence in question.evidence for span in find_quote(evidence, documents))
        splits += [(span, question) for span in found]
    return problems + list(_shared_between_splits(splits))


def check_unanswerable(file: Path) -> list[str]:
    """Unanswerable questions of a set that have evidence all the same, which reading a set passes over."""
    records = (json.loads(line) for line in file.read_text(encoding="utf-8-sig").split("\n") if line.strip())
    return [
        f"{record['id']} is not answerable but has evidence; correct one of the two."
        for record in records
        if record.get("evidence") and not record["answerable"]
    ]


def find_quote(evidence: Evidence, documents: Mapping[str, Document]) -> list[GoldSpan]:
    """Every place of a quote in the stored text of its document."""
    if evidence.source not in documents:
        return []
    if evidence.span is not None:
        return [GoldSpan(evidence.source, *evidence.span)]
    pattern = r"\s+".join(map(re.escape, evidence.quote.split()))
    return [GoldSpan(evidence.source, *match.span()) for match in re.finditer(pattern, documents[evidence.source].text)]


def shared_run(question: str, quote: str) -> int:
    """The largest number of words in a row that both have, whatever their case and punctuation."""
    asked, quoted = (re.findall(r"\w+", text.casefold()) for text in (question, quote))
    longest, before = 0, [0] * (len(quoted) + 1)
    for word in asked:
        row = [0] * (len(quoted) + 1)
        for place, other in enumerate(quoted, 1):
            row[place] = before[place - 1] + 1 if word == other else 0
        longest, before = max(longest, *row), row
    return longest


def count_tables(questions: Sequence[Question], documents: Mapping[str, Document]) -> list[list[str]]:
    """What a data card counts, as lines of Markdown: by kind; by language of question and evidence; words shared with the evidence."""
    languages, splits = (sorted({getattr(question, name) for question in questions} - {""}) for name in ("language", "split"))
    by_kind = [_row("Kind", *languages, "total", "of these not answerable", *splits)]
    by_kind.append("|---" * (by_kind[0].count("|") - 1) + "|")
    for kind in [*sorted({question.kind for question in questions}), "total"]:
        chosen = [question for question in questions if kind in ("total", question.kind)]
        spoken, put = Counter(question.language for question in chosen), Counter(question.split for question in chosen)
        silent = sum(not question.answerable for question in chosen)
        by_kind.append(_row(kind, *(spoken[name] for name in languages), len(chosen), silent, *(put[name] for name in splits)))
    pairs = Counter((question.language, _evidence_languages(question, documents)) for question in questions)
    columns = sorted({pair[1] for pair in pairs}, key=lambda name: (name == NOWHERE, name))
    by_language = [_row("Question in", *(f"evidence in {name}" if name != NOWHERE else "not answerable" for name in columns))]
    by_language.append("|---" * (by_language[0].count("|") - 1) + "|")
    by_language += [_row(name, *(pairs[name, column] for column in columns)) for name in languages]
    runs = Counter(
        max(shared_run(question.question, item.quote) for item in question.evidence) for question in questions if question.evidence
    )
    shared = ", ".join(f"{length} in {count}" for length, count in sorted(runs.items()))
    return [by_kind, by_language, [f"Words in a row that answerable questions share with their evidence: {shared}."]]


def check_card(card: str, tables: Iterable[Sequence[str]]) -> list[str]:
    """The tables and lines of `count_tables` that a data card does not have, or not as they are."""
    return [f"The data card lacks what begins {table[0]!r}; paste it." for table in tables if "\n".join(table) not in card]


def read_documents(paths: Sequence[Path]) -> dict[str, Document]:
    """Documents by source, under the names and with the texts that an index of `paths` has; files that cannot be read are left out.

    Raises:
        InputError: a path does not exist.
    """
    documents = {}
    for path, source in find_files(paths):
        try:
            documents[source] = load_file(path, source, int(Config().load.max_megabytes * 1_000_000))
        except LoadError:
            continue
    return documents


def _evidence_problems(question: Question, documents: Mapping[str, Document], longest_run: int) -> Iterator[str]:
    for evidence, count in Counter(question.evidence).items():
        if count > 1:
            yield f"lists {evidence.quote!r} {count} times; once is enough."
        if evidence.source not in documents:
            yield f"has evidence in {evidence.source!r}, which is not among the documents."
        elif (times := len(find_quote(evidence, documents))) != 1:
            cure = "quote more of it" if times else "copy it from the document"
            yield f"quotes {evidence.quote!r}, which is {times} times in {evidence.source!r}, not once; {cure}."
        if (run := shared_run(question.question, evidence.quote)) > longest_run:
            yield f"shares {run} words in a row with {evidence.quote!r}; {longest_run} are allowed, ask in words of your own."


def _shared_between_splits(spans: Sequence[tuple[GoldSpan, Question]]) -> Iterator[str]:
    """Quotes of one split that overlap a quote of another: choosing on the one would be choosing on the other."""
    ordered = sorted(((span, question) for span, question in spans if question.split), key=lambda pair: (pair[0].source, pair[0].start))
    for place, (span, question) in enumerate(ordered):
        for later, other in ordered[place + 1 :]:
            if (later.source, later.start) >= (span.source, span.end):
                break
            if other.split != question.split:
                ids, names = (question.id, other.id), (question.split, other.split)
                yield f"{ids[0]} and {ids[1]} share evidence in {span.source!r} but are in {names[0]!r} and {names[1]!r}; put both in one."


def _evidence_languages(question: Question, documents: Mapping[str, Document]) -> str:
    found = {documents[evidence.source].language or "?" for evidence in question.evidence if evidence.source in documents}
    return " and ".join(sorted(found)) or NOWHERE


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a set and print its tables; 0 if nothing is wrong, 1 if something is, 2 for what cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.labels", description="Check a question set against its documents.")
    parser.add_argument("questions", type=Path, help="the question set, JSON lines")
    parser.add_argument("documents", type=Path, nargs="+", help="the files and folders that it asks about")
    parser.add_argument("--card", type=Path, help="its data card, whose tables must be those of the set")
    parser.add_argument("--longest-run", type=int, default=LONGEST_RUN, help="words in a row that question and evidence may share")
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a letter is no reason to fail
    try:
        questions, documents = read_questions(options.questions), read_documents(options.documents)
        tables = count_tables(questions, documents)
        problems = check_labels(questions, documents, options.longest_run) + check_unanswerable(options.questions)
        problems += check_card(options.card.read_text(encoding="utf-8", errors="replace"), tables) if options.card else []
    except RagError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except OSError as error:  # the set has been read by now: it is the card
        print(f"{options.card} cannot be read ({error.strerror}); check the path.", file=sys.stderr)
        return 2
    print(*problems, *("\n" + "\n".join(table) for table in tables), sep="\n")
    print(f"\n{len(questions)} questions on {len(documents)} documents, {len(problems) or 'no'} problem{'s' * (len(problems) != 1)}.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
