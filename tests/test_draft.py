"""Drafts of questions: from the demo corpus, the same each time, and never counted before a person has seen them."""

import pytest

from rag.config import LlmConfig
from rag.errors import InputError
from rag.evaluate.datasets import Question
from rag.evaluate.draft import ABOUT, _facts, draft_questions
from rag.evaluate.evidence import locate_evidence
from rag.testing import ChatServer
from rag.types import Document


@pytest.fixture(scope="module")
def drafts(pipeline):
    with pipeline._reader.snapshot() as snapshot:
        return draft_questions(snapshot, 40)


def test_drafts_are_spread_and_wait_for_a_person(drafts, pipeline):
    assert len(drafts) == 40
    assert len({entry.id for entry in drafts}) == 40
    assert not any(entry.reviewed for entry in drafts)
    kinds = [entry.kind for entry in drafts]
    assert kinds.count("provision") >= 10
    assert len({entry.evidence[0].source for entry in drafts if entry.kind == "fact"}) >= 12
    assert {entry.language for entry in drafts if entry.kind == "provision"} == {"en", "es"}


def test_every_proposed_quote_stands_once_in_its_document(drafts, pipeline):
    for entry in drafts:
        question = Question(entry.id, entry.question, entry.language, entry.kind, entry.answerable, entry.evidence)
        assert len(locate_evidence(question, pipeline)) == len(entry.evidence) == int(entry.answerable)


def test_an_absent_provision_is_absent(drafts, pipeline):
    absent = [entry for entry in drafts if not entry.answerable]
    assert len(absent) >= 1
    for entry in absent:
        assert entry.kind == "provision"
        assert pipeline.ask(entry.question).reason == "reference_absent"


def test_names_are_whole_and_months_are_none():
    sentence = "On 3 March the mayor Orla Prendergast met Priya Nandakumar in Galway."
    (draft,) = _facts(Document("a.md", "Minutes", sentence, "0", "en"))
    assert draft.question == ABOUT["en"].format(title="Minutes", subject="Orla Prendergast, Priya Nandakumar")


def test_a_model_words_facts_in_both_languages(pipeline):
    replies = lambda request: 'What "is" it?' if "in English" in request.body["messages"][0]["content"] else "«¿Qué es?»\nUna nota."  # noqa: E731
    with ChatServer(replies) as server, pipeline._reader.snapshot() as snapshot:
        drafts = draft_questions(snapshot, 12, LlmConfig(model="openai:x", base_url=server.base_url, max_retries=0))
    facts = [entry for entry in drafts if entry.kind == "fact"]
    assert {(entry.question, entry.language) for entry in facts} == {('What "is" it?', "en"), ("¿Qué es?", "es")}
    assert len(server.requests) == len(facts)


def test_nothing_to_ask_about(tmp_path):
    from rag.config import Config, IndexConfig
    from rag.embed import BuiltinEmbedder
    from rag.index.sync import sync
    from rag.pipeline import Pipeline

    (tmp_path / "a.md").write_text("# Title\n\nShort.\n", encoding="utf-8")
    config = Config(index=IndexConfig(path=tmp_path / "index"))
    sync(config, BuiltinEmbedder(), [tmp_path / "a.md"])
    nothing = pytest.raises(InputError, match="holds no sentence that could be asked about")
    with Pipeline.open(config) as opened, opened._reader.snapshot() as snapshot, nothing:
        draft_questions(snapshot, 5)


def test_drafts_are_the_same_each_time(drafts, pipeline):
    with pipeline._reader.snapshot() as snapshot:
        again = draft_questions(snapshot, 40)
    assert again == drafts
