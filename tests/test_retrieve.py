"""Retrieval over small corpora and the demo one: provisions are looked up and never guessed, scores are fused and explained."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag import messages
from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder
from rag.errors import ModelError
from rag.evidence import builtin_evidence
from rag.fusion import Fusion, Scores
from rag.index import Reader
from rag.index.sync import sync, sync_documents
from rag.language import detect
from rag.lookup import Lookup
from rag.naming.meant import documents_meant
from rag.paths import MODELS
from rag.rerank import WordReranker
from rag.retrieve import Retrieved, Retriever, candidates
from rag.types import Document, Passage, Reference

BUILTIN = BuiltinEmbedder()
EVIDENCE = builtin_evidence()


def articles(title: str, word: str, *numbers: str) -> str:
    subjects = ("fishing", "customs", "pilots", "tolls", "dredging", "lighting", "salvage", "mooring", "quarantine", "insurance")
    parts = [
        f"## {word} {number}\n\nThe parties agree on {subjects[place % 10]} of the kind {number}-{place}."
        for place, number in enumerate(numbers)
    ]
    return "\n\n".join([f"# {title}", *parts])


class Searched:
    """An index of some texts, and a retriever over it."""

    def __init__(self, folder: Path, **texts: str) -> None:
        self.config = Config(index=IndexConfig(path=folder / "index"))
        for name, text in texts.items():
            (folder / "docs").mkdir(exist_ok=True)
            (folder / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
        if texts:
            sync(self.config, BUILTIN, [folder / "docs"])
        self.reader = Reader(self.config.index.path, BUILTIN.fingerprint)

    def sources(self, lookup: Lookup) -> list[str]:
        """Of the passages that were looked up."""
        with self.reader.snapshot() as snapshot:
            return [passage.source for passage in snapshot.store.passages(sorted(lookup.found))]

    def retrieve(self, question: str, limit: int = 8, candidates: int = 100) -> Retrieved:
        retriever = Retriever(BUILTIN, WordReranker(EVIDENCE), candidates, EVIDENCE)
        with self.reader.snapshot() as snapshot:
            return retriever.retrieve(snapshot, question, detect(question), limit)


@contextmanager
def read_only(folder: Path) -> Iterator[Searched]:
    searched = Searched.__new__(Searched)
    searched.reader = Reader(folder, BUILTIN.fingerprint)
    yield searched


@pytest.fixture(scope="module")
def laws(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    return Searched(
        tmp_path_factory.mktemp("laws"),
        treaty=articles("Treaty of Ostwick", "Article", "3", "4", "14", "40"),
        agreement=articles("Agreement on the Sarmenor", "Article", "1", "4", "14", "44"),
        acuerdo="# Acuerdo sobre las aguas de Tarn\n\n## Artículo 4.º\n\nLas partes podrán tomar agua del río en una emergencia.\n\n"
        "## Artículo IX\n\nLa comisión se reúne dos veces al año.\n",
        paper="# A newspaper\n\nThe ministers spoke of early help (article 3) and of military aid (article 4) to the islands.\n",
    )


def own(found: Retrieved, reference: str) -> list[str]:
    """Sources of the hits that have the provision `reference` as their own text, in order."""
    return [hit.passage.source for hit in found.hits if reference in map(str, hit.passage.provisions)]


# Provisions


@pytest.mark.parametrize(
    "question",
    [
        "what does Article 4 say",
        "¿qué dice el artículo 4?",
        "art. 4",
        "Artículo IV",
        "the fourth article",
        "que dice el articulo cuarto",
        "ART. 4.º",
    ],
)
def test_a_provision_is_found_in_both_languages_and_not_its_neighbours(laws: Searched, question: str) -> None:
    found = laws.retrieve(question)
    assert (found.lookup.asked, found.lookup.absent) == ((Reference("article", "4"),), ())
    first = [hit for hit in found.hits if hit.why.reference]
    assert {hit.passage.source for hit in first} == {"treaty.md", "agreement.md", "acuerdo.md", "paper.md"}
    assert found.hits[: len(first)] == tuple(first)
    assert sorted(own(found, "article 4")) == ["acuerdo.md", "agreement.md", "treaty.md"]
    for hit in first:
        assert Reference("article", "4") in (*hit.passage.provisions, *hit.passage.mentions)
        assert not {str(reference) for reference in hit.passage.provisions} & {"article 14", "article 40", "article 44"}
    assert candidates(found)


def test_numbers_that_share_digits(laws: Searched) -> None:
    for number in ("14", "40", "44", "9"):
        found = laws.retrieve(f"what does article {number} say")
        top = found.hits[0]
        assert (top.why.reference, [str(reference) for reference in top.passage.provisions]) == (f"article {number}", [f"article {number}"])
        others = [hit for hit in found.hits if hit.why.reference and hit.why.reference != f"article {number}"]
        assert others == []


def test_several_provisions_at_once(laws: Searched) -> None:
    found = laws.retrieve("what do articles 3 and 14 of the treaty say", limit=4)
    assert found.lookup.asked == (Reference("article", "3"), Reference("article", "14"))
    assert {hit.why.reference for hit in found.hits[:2]} == {"article 3", "article 14"}
    assert {hit.passage.source for hit in found.hits[:2]} == {"treaty.md"}


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Article 4 of the Ostwick treaty", "treaty.md"), ("what does article 4 of the Sarmenor agreement say", "agreement.md"),
        ("el artículo 4 del acuerdo de Tarn", "acuerdo.md"), ("artículo 4 del Sarmenor", "agreement.md"),
        ("¿Qué dice el artículo 4 del acuerdo sobre las aguas?", "acuerdo.md"),
    ],
)  # fmt: skip
def test_a_named_document_narrows(laws: Searched, question: str, source: str) -> None:
    found = laws.retrieve(question)
    assert own(Retrieved(tuple(hit for hit in found.hits if hit.why.reference), found.lookup), "article 4") == [source]
    assert not candidates(found)


def test_what_a_document_is_narrows(laws: Searched) -> None:
    of_treaty = {hit.passage.source for hit in laws.retrieve("article 4 of the treaty").hits if hit.why.reference}
    assert {"treaty.md"} <= of_treaty <= {"treaty.md", "paper.md"}
    of_agreements = {hit.passage.source for hit in laws.retrieve("article 4 of the agreement").hits if hit.why.reference}
    assert {"agreement.md", "acuerdo.md"} <= of_agreements <= {"agreement.md", "acuerdo.md", "paper.md"}


def test_documents_meant() -> None:
    titles = {"a.md": "Tratado de Ostwick", "b.md": "Sarmenor Agreement", "c.md": "News of the week"}

    def meant(question: str) -> tuple[set[str], bool]:
        found = documents_meant(question, titles, {"a.md", "b.md"})
        return set(found.sources), found.named

    assert meant("article 4") == ({"a.md", "b.md", "c.md"}, False)
    assert meant("article 4 of the Sarmenor agreement") == ({"b.md"}, True)
    assert meant("article 4 of the treaty") == ({"a.md", "c.md"}, False)
    assert meant("el artículo 4 del acuerdo") == ({"b.md", "c.md"}, False)
    assert meant("article 4 of the constitution") == ({"c.md"}, False)
    assert documents_meant("article 4", {}, set()).sources == frozenset()


def test_an_absent_provision_is_absent_with_the_numbers_that_exist(laws: Searched) -> None:
    lookup = laws.retrieve("what does Article 57 of the Sarmenor agreement say").lookup
    assert (lookup.asked, lookup.absent, lookup.found) == ((Reference("article", "57"),), (Reference("article", "57"),), {})
    assert lookup.existing == (("Agreement on the Sarmenor", ("1", "4", "14", "44")),)


def test_names_with_numbers_among_many_documents(tmp_path: Path) -> None:
    names = [str(number) for number in (*range(1, 12), 110)]
    many = Searched(
        tmp_path, **{f"law{name}": articles(f"Law {name} of the province of Name{name}", "Article", "3", "4") for name in names}
    )
    for name in ("1", "11", "110"):
        lookup = many.retrieve(f"what does article 4 of the law of Name{name} say").lookup
        assert [many.sources(lookup)] == [[f"law{name}.md"]]
    absent = many.retrieve("what does article 9 say").lookup
    assert (len(absent.existing), absent.more) == (8, 4)
    assert messages.absent(absent, "en").endswith("; and 4 more documents.")
    assert messages.absent(absent, "es").endswith("; y otros 4 documentos.")


@pytest.mark.parametrize(
    "name", ["Law 20/2013", "the French constitution", "la constitución francesa", "the TFEU", "the Constitution of Chile"]
)
def test_a_law_that_no_document_is(laws: Searched, name: str) -> None:
    lookup = laws.retrieve(f"what does article 4 of {name} say").lookup
    assert (lookup.absent, lookup.found) == ((Reference("article", "4"),), {})


def test_documents_are_named_by_acronym_number_and_translation(tmp_path: Path) -> None:
    named = Searched(
        tmp_path,
        data=articles("Reglamento General de Protección de Datos", "Artículo", "1", "4"),
        open=articles("Ley 19/2013, de transparencia", "Artículo", "1", "4"),
        equal=articles("Ley Orgánica 3/2007, para la igualdad de mujeres y hombres", "Artículo", "1", "4"),
    )
    for name, source in (
        ("the GDPR", "data.md"), ("el RGPD", "data.md"), ("the General Data Protection Regulation", "data.md"), ("LO 3/2007", "equal.md"),
        ("the equality act", "equal.md"), ("Law 19/2013", "open.md"), ("the transparency act", "open.md"), ("la ley de igualdad",
        "equal.md"),
    ):  # fmt: skip
        lookup = named.retrieve(f"what does article 4 of {name} say").lookup
        assert named.sources(lookup) == [source], name
        assert lookup.is_settled
        assert named.retrieve(f"what does article 9 of {name} say").lookup.found == {}, name


def test_a_list_is_looked_up_one_by_one_and_its_gaps_are_said(laws: Searched) -> None:
    found = laws.retrieve("what do articles 3, 4 and 5 of the Ostwick treaty say", limit=2)
    assert [str(reference) for reference in found.lookup.absent] == ["article 5"]
    assert {hit.why.reference for hit in found.hits} == {"article 3", "article 4"}
    assert messages.incomplete(found.lookup, "en") == (
        "The documents contain no Article 5. Those that exist: Treaty of Ostwick: 3-4, 14, 40."
    )


def test_a_provision_that_only_another_document_has_is_absent(laws: Searched) -> None:
    lookup = laws.retrieve("Article 40 of the Sarmenor agreement").lookup
    assert [str(reference) for reference in lookup.absent] == ["article 40"]


def test_a_question_without_a_provision_looks_nothing_up(laws: Searched) -> None:
    found = laws.retrieve("how often does the commission meet")
    assert found.lookup == Lookup()
    assert all(hit.why.reference is None for hit in found.hits)


@pytest.mark.parametrize("question", ["what does Article 4 permit", "¿qué permite el artículo 4?", "art. IV"])
def test_the_demo_corpus_has_four_and_not_forty(seeds_index: Path, question: str) -> None:
    with read_only(seeds_index) as searched:
        hits = [hit for hit in searched.retrieve(question).hits if hit.why.reference]
    assert len(hits) >= 4
    assert {"acuerdo-sarmenor.md", "tarn-bay-agreement.txt", "entrevista-427.md"} <= {hit.passage.source for hit in hits}
    for hit in hits:
        assert Reference("article", "4") in (*hit.passage.provisions, *hit.passage.mentions)
        assert not {str(reference) for reference in hit.passage.provisions} & {"article 14", "article 40"}


# Fusion


def test_why_says_what_each_search_found(laws: Searched) -> None:
    question = "how often does the commission meet, la comisión se reúne"
    found = laws.retrieve(question)
    top = found.hits[0]
    assert "La comisión se reúne dos veces al año" in top.passage.text
    assert top.score == top.why.fused_score
    assert (top.why.reference, top.why.dense_rank, top.why.lexical_rank) == (None, 1, 1)
    with laws.reader.snapshot() as snapshot:
        (vector,) = BUILTIN.encode_queries([question])
        assert top.why.dense_score == pytest.approx(snapshot.vectors.similarity(vector, [top.passage.id])[0], abs=1e-4)
        grams = dict(snapshot.words.search(question, "grams", 100))
        words = dict(snapshot.words.search(question, detect(question), 100))
    for hit in found.hits:
        side = words if hit.passage.language == detect(question) else grams
        assert (hit.why.lexical_score or 0.0) == pytest.approx(side.get(hit.passage.id, 0.0), abs=1e-4)
        assert (hit.why.lexical_rank is None) == (hit.why.lexical_score is None)
    assert [hit.rank for hit in found.hits] == [*range(1, len(found.hits) + 1)]


def test_scores_fall(laws: Searched) -> None:
    scores = [hit.score for hit in laws.retrieve("military aid to the islands", limit=50).hits]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) > 8


def test_fusion_by_hand() -> None:
    scores = Scores(
        "en",
        [1, 2, 3, 4],
        same=np.array([True, True, False, False]),
        words=np.array([4.0, 0.0, 9.0, 0.0]),
        grams=np.array([1.0, 3.0, 2.0, 6.0]),
        dense=np.array([0.3, 0.1, 0.3, 0.1]),
    )
    assert scores.lexical().tolist() == [4.0, 0.0, 2.0, 6.0]
    same, cross = (Fusion.load().static[pair] for pair in ("en->en", "en->es"))
    expected = [
        same.words - same.grams + same.dense,
        -same.words + same.grams - same.dense,
        cross.words - cross.grams + cross.dense,
        -cross.words + cross.grams - cross.dense,
    ]
    assert scores.fused(Fusion.load()).tolist() == pytest.approx(expected)
    assert scores.closer(Fusion.load()).tolist() == [same.closer, same.closer, cross.closer, cross.closer]


def test_equal_scores_say_nothing() -> None:
    zeros = np.zeros(2)
    scores = Scores("es", [1, 2], np.array([True, True]), zeros, zeros, np.array([0.4, 0.4]))
    assert scores.fused(Fusion.load()).tolist() == [0.0, 0.0]


def test_every_pair_of_languages_has_weights_that_sum_to_one() -> None:
    for rows in (Fusion.load().static, Fusion.load().contextual):
        assert sorted(rows) == ["en->en", "en->es", "es->en", "es->es"]
        for row in rows.values():
            assert row.words + row.grams + row.dense + row.contextual == pytest.approx(1)
            assert 0 <= row.closer <= 1
    assert {row.contextual for row in Fusion.load().static.values()} == {0.0}


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    models = shutil.copytree(MODELS, tmp_path / "models", ignore=shutil.ignore_patterns("embedding", "reader"))
    file = models / "fusion" / "weights.json"
    file.write_text(file.read_text().replace("0.5", "0.6"))
    with pytest.raises(ModelError, match=r"weights\.json does not match its sha256"):
        Fusion.load(models)


def test_the_same_question_gets_the_same_hits(laws: Searched, seeds_index: Path) -> None:
    for question in ("what does Article 4 permit", "military aid", "¿quién inspecciona las esclusas?"):
        assert laws.retrieve(question) == laws.retrieve(question)
        with read_only(seeds_index) as searched:
            first = searched.retrieve(question)
        with read_only(seeds_index) as searched:
            assert searched.retrieve(question) == first


def test_an_index_rebuilt_in_memory_gives_the_same_hits(laws: Searched, tmp_path: Path) -> None:
    shutil.copytree(laws.config.index.path, tmp_path / "index")
    shutil.rmtree(tmp_path / "index/g1")
    with read_only(tmp_path / "index") as searched:
        for question in ("what does Article 4 permit", "military aid to the islands"):
            assert searched.retrieve(question) == laws.retrieve(question)


def test_limit_and_candidates(laws: Searched) -> None:
    assert [len(laws.retrieve("military aid", limit=limit).hits) for limit in (1, 3)] == [1, 3]
    assert len(laws.retrieve("military aid", limit=50, candidates=2).hits) <= 6
    assert len(laws.retrieve("article 4", limit=50, candidates=1).hits) >= 4


@pytest.mark.parametrize("question", ["???", "de la", "zzzz qqqq", "🜁", "a" * 9_000, "4"])
def test_odd_questions(laws: Searched, question: str) -> None:
    found = laws.retrieve(question)
    assert all(np.isfinite(hit.score) for hit in found.hits)
    assert len({hit.passage.id for hit in found.hits}) == len(found.hits)


def test_a_corpus_of_one_passage(tmp_path: Path) -> None:
    searched = Searched(tmp_path, one="# The cat\n\nThe keeper feeds the harbour cat at six.\n")
    (hit,) = searched.retrieve("who feeds the cat").hits
    assert (hit.rank, hit.passage.source, hit.score) == (1, "one.md", 0.0)
    assert (hit.why.lexical_rank, hit.why.dense_rank, hit.why.matched_terms) == (1, 1, ("feed", "the", "cat"))
    lookup = searched.retrieve("what does article 4 say").lookup
    assert (lookup.absent, lookup.existing) == ((Reference("article", "4"),), ())


def test_an_empty_corpus(tmp_path: Path) -> None:
    config = Config(index=IndexConfig(path=tmp_path / "index"))
    sync_documents(config, BUILTIN, [Document("a.md", "A", "Some text.", "0")])
    assert sync_documents(config, BUILTIN, []).documents == 0
    with read_only(config.index.path) as searched:
        assert searched.retrieve("who feeds the cat").hits == ()
        assert searched.retrieve("article 4").lookup.absent == (Reference("article", "4"),)


def test_documents_of_an_unknown_language(tmp_path: Path) -> None:
    config = Config(index=IndexConfig(path=tmp_path / "index"))
    texts = {"numbers.md": "1234 5678", "cat.md": "The keeper feeds the harbour cat.", "puerto.md": "El puerto cobra una tasa."}
    sync_documents(config, BUILTIN, [Document(name, "", text, name, language=None) for name, text in texts.items()])
    with read_only(config.index.path) as searched:
        for question, source in (("what is 5678", "numbers.md"), ("¿qué es 5678?", "numbers.md"), ("¿qué cobra el puerto?", "puerto.md")):
            assert searched.retrieve(question).hits[0].passage.source == source


# The second look


def test_the_reranker_puts_the_passage_first_that_covers_the_question() -> None:
    passage = Passage("s.md", "", "", 0, 0)
    texts = (
        "El puerto cobra una tasa por tonelada.",
        "El tratado permite a Rusia prestar asistencia militar a Corea del Norte.",
        "Rusia y Corea del Norte comercian poco.",
    )
    reranker = WordReranker(EVIDENCE)
    for question in ("what military assistance does the treaty permit Russia", "¿qué asistencia militar permite el tratado a Rusia?"):
        scores = reranker.score(question, [replace(passage, text=text) for text in texts])
        assert np.argmax(scores) == 1
        assert np.argmin(scores) == 0
        assert ((scores >= 0) & (scores <= 1 + 1e-6)).all()
    assert reranker.score("anything", []).tolist() == []


def test_the_title_and_the_headings_count() -> None:
    bare = Passage("s.md", "", "It is opened at dawn.", 0, 21)
    headed = replace(bare, title="Rules of the sluice", section=("Opening hours",))
    scores = WordReranker(EVIDENCE).score("opening hours of the sluice", [bare, headed])
    assert scores[1] > scores[0] + 0.2


def test_the_covering_passage_comes_first_after_fusion(tmp_path: Path) -> None:
    searched = Searched(
        tmp_path,
        **{
            f"noise{number}": f"# Port report {number}\n\nThe port of Ostwick loaded {number} thousand tonnes of grain."
            for number in range(12)
        },
        tasa="# Circular\n\nCada barco de más de doce metros paga una tasa de veinte coronas por esclusa.\n",
    )
    for question in ("how much do ships longer than twelve metres pay per lock", "¿qué tasa paga un barco de más de doce metros?"):
        assert searched.retrieve(question).hits[0].passage.source == "tasa.md"
