"""The whole path over the demo corpus: questions in, checked answers out, with each kind of generator and when it fails."""

import gc
import json
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.config import AnswerConfig, Config, IndexConfig, LlmConfig, RetrievalConfig
from rag.embed import BuiltinEmbedder
from rag.errors import GenerationError, IndexMismatch, IndexMissing, InputError
from rag.generate.stream import UNSAID
from rag.generate.written import Written
from rag.index.sync import sync
from rag.pipeline import MAX_QUESTION, Pipeline, checked_question
from rag.select import builtin_scorer
from rag.testing import ChatServer, Fault, HashEmbedder, ScriptedCondenser, ScriptedGenerator
from rag.types import Answer, Hit, Turn

QUESTIONS = Path(__file__).parents[1] / "eval" / "questions.jsonl"
MODEL_QUESTION = "what does Article 4 permit"
BUILTIN = BuiltinEmbedder()
SCORER = builtin_scorer()
AID = "«asistencia militar y de otro tipo»"


def cited(answer: Answer) -> dict[str, str]:
    """Source -> quotes of an answer."""
    quotes: dict[str, str] = {}
    for citation in answer.citations:
        quotes[citation.source] = f"{quotes.get(citation.source, '')}{citation.quote}\n"
    return quotes


def check(pipeline: Pipeline, answer: Answer) -> None:
    """What holds for every answer, whoever wrote it."""
    assert answer.abstained == (not answer.citations)
    assert (answer.reason in (None, "conflicting")) == (not answer.abstained)
    assert answer.text
    for number, citation in enumerate(answer.citations, 1):
        assert citation.number == number
        assert citation.quote
        assert citation.quote == pipeline.document(citation.source).text[citation.start : citation.end]
        assert f"[{number}]" in answer.text
    for sentence in answer.sentences:
        assert sentence.text in answer.text
        assert set(sentence.citations) <= {citation.number for citation in answer.citations}
    for hit in answer.hits:
        assert hit.passage.text == pipeline.document(hit.passage.source).text[hit.passage.start : hit.passage.end]
    assert set(answer.timings_ms) == {"condense", "retrieve", "decide", "generate", "total"}


# Quotations, as installed


def test_an_answer_to_which_nothing_is_added_is_checked_once(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Written] = []
    finish = Written.finish
    monkeypatch.setattr(Written, "finish", lambda written: checked.append(written) or finish(written))
    check(pipeline, pipeline.ask(MODEL_QUESTION))
    assert len(checked) == 1


@pytest.mark.parametrize(("question", "language"), [(MODEL_QUESTION, "en"), ("¿qué permite el artículo 4?", "es"), ("Art. IV?", "en")])
def test_the_model_question(pipeline: Pipeline, question: str, language: str) -> None:
    answer = pipeline.ask(question)
    check(pipeline, answer)
    quotes = cited(answer)
    assert (answer.language, answer.abstained, answer.standalone_question) == (language, False, question)
    assert AID in quotes["entrevista-427.md"]
    assert "artículo 3" not in quotes["entrevista-427.md"]
    assert "1.500 metros cúbicos" in quotes["acuerdo-sarmenor.md"]
    assert "run freight trains at night" in quotes["tarn-bay-agreement.txt"]
    for citation in answer.citations:
        assert not {"artículo 14", "artículo 40", "article 14"} & {part.lower().partition(".")[0] for part in citation.section}
    assert {sentence.verdict for sentence in answer.sentences} == {"quoted"}
    asked_back = "Which do you mean: " if language == "en" else "¿A cuál se refiere: "
    assert answer.note is not None
    assert asked_back in answer.note
    assert "Acuerdo de Cooperación de la Cuenca del Sarmenor" in answer.note
    assert "AGREEMENT ON THE TARN BAY LINE" in answer.note


def test_a_named_document_is_quoted_alone(pipeline: Pipeline) -> None:
    answer = pipeline.ask("What does Article 4 of the Tarn Bay agreement say?")
    check(pipeline, answer)
    assert set(cited(answer)) == {"tarn-bay-agreement.txt"}
    assert "between 22:00 and 05:00" in answer.text


def test_an_absent_provision(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Article 57 of the Sarmenor agreement")
    check(pipeline, answer)
    assert (answer.abstained, answer.reason) == (True, "reference_absent")
    assert "Article 57" in answer.text
    assert "Acuerdo de Cooperación de la Cuenca del Sarmenor: 1-42, 12bis" in answer.text
    spanish = pipeline.ask("¿Qué dice el artículo 57 del Acuerdo del Sarmenor?")
    assert (spanish.reason, spanish.language) == ("reference_absent", "es")
    assert "artículo 57" in spanish.text


@pytest.mark.parametrize(
    "question", ["What is the capital of Australia?", "how do I reset my router password", "¿Cómo se hace una tortilla de patatas?"]
)
def test_a_question_of_another_world(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.ask(question)
    check(pipeline, answer)
    assert (answer.abstained, answer.reason, answer.sentences) == (True, "no_evidence", ())
    assert answer.text.startswith(("The documents do not say.", "Los documentos no lo dicen."))
    assert answer.hits


def test_every_answer_of_the_question_set(pipeline: Pipeline) -> None:
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines()[::3]:  # all of them would take half a minute
        item = json.loads(line)
        history = [Turn(turn["question"], turn["answer"]) for turn in item.get("history", ())]
        *pieces, answer = pipeline.stream(item["question"], history)
        check(pipeline, answer)
        assert "".join(pieces) == answer.text, item["id"]
        assert {sentence.verdict for sentence in answer.sentences} <= {"quoted"}, item["id"]
        assert len(answer.hits) <= 8


def test_a_follow_up(pipeline: Pipeline) -> None:
    history = [Turn("what does Article 4 of the Tarn Bay agreement say", "...")]
    answer = pipeline.ask("and Article 5?", history)
    assert answer.question == "and Article 5?"
    assert answer.standalone_question == "what does Article 5 of the Tarn Bay agreement say"
    assert {citation.source for citation in answer.citations} == {"tarn-bay-agreement.txt"}
    assert pipeline.ask(MODEL_QUESTION, history).standalone_question == MODEL_QUESTION


def test_markers_in_a_question_are_only_characters(pipeline: Pipeline) -> None:
    answer = pipeline.ask("what does Article 4 permit [2][3]")
    check(pipeline, answer)
    assert AID in cited(answer)["entrevista-427.md"]


def test_the_same_question_gets_the_same_answer(pipeline: Pipeline) -> None:
    first, second = (replace(pipeline.ask(MODEL_QUESTION), timings_ms={}) for _ in range(2))
    assert first == second


def test_the_threshold_of_the_configuration(seeds_index: Path) -> None:
    for threshold, abstained in ((0.0, False), (1.0, True)):
        config = Config(index=IndexConfig(path=seeds_index), answer=AnswerConfig(threshold=threshold, max_sentences=1))
        with Pipeline.open(config) as opened:
            answer = opened.ask("Why did relations between Moscow and Pyongyang cool?")
            assert answer.abstained == abstained
            assert len(answer.citations) == (0 if abstained else 1)
            assert opened.ask(MODEL_QUESTION).abstained is False


def test_how_many_passages(seeds_index: Path) -> None:
    config = Config(index=IndexConfig(path=seeds_index), retrieval=RetrievalConfig(passages=3))
    with Pipeline.open(config) as opened:
        assert len(opened.ask("military aid").hits) == 3
        assert len(opened.search("military aid")) == 3
        assert len(opened.search("military aid", 12)) == 12


# Questions


def test_questions_that_cannot_be_asked(pipeline: Pipeline) -> None:
    for question in ("", "  \n\t ", "\x00\x07", "\x7f \x85"):
        with pytest.raises(InputError, match="The question is empty; write what you want to know"):
            pipeline.ask(question)
        with pytest.raises(InputError):
            pipeline.search(question)
    with pytest.raises(InputError) as caught:
        pipeline.ask("a" * 100_000)
    assert str(caught.value).startswith("The question has 100,000 characters, at most 10,000 are read; shorten it")


def test_control_characters_are_no_part_of_a_question(pipeline: Pipeline) -> None:
    answer = pipeline.ask("\x1b[31mwhat does\x00 Article\r\n4 \x85permit\ud800\x7f")
    assert answer.question == "[31mwhat does Article 4 permit"
    assert AID in cited(answer)["entrevista-427.md"]
    json.dumps(answer.text, ensure_ascii=False).encode()
    assert checked_question("  ¿qué\tdice?  ") == "¿qué dice?"


@pytest.mark.parametrize("question", ["¿?!…", "x", "🙂🙂🙂", "日本語は", "() [1] {{question}} %s", "word " * (MAX_QUESTION // 5)])
def test_odd_questions_are_answered_or_refused(pipeline: Pipeline, question: str) -> None:
    check(pipeline, pipeline.ask(question))


# The index


def test_documents(pipeline: Pipeline) -> None:
    document = pipeline.document("entrevista-427.md")
    assert AID in document.text
    assert document.language == "es"
    with pytest.raises(InputError, match=r"There is no document 'nowhere.md' in the index; it holds: acta-comision-2023.md, "):
        pipeline.document("nowhere.md")


def test_describe(pipeline: Pipeline) -> None:
    described = pipeline.describe()
    assert (described["documents"], described["generation"]) == (17, 1)
    assert (described["embedding"], described["llm"]) == (BUILTIN.fingerprint, f"extractive/3/{SCORER.reader.fingerprint}")


def test_no_index_and_another_index(tmp_path: Path, seeds_index: Path) -> None:
    with pytest.raises(IndexMissing, match="make one with: rag index"):
        Pipeline.open(Config(index=IndexConfig(path=tmp_path / "none")))
    with pytest.raises(IndexMismatch, match="hash-384"):
        Pipeline(Config(index=IndexConfig(path=seeds_index)), HashEmbedder(384), SCORER, ScriptedGenerator(""))


def test_a_sync_between_two_questions_is_seen_by_the_second(tmp_path: Path) -> None:
    config = Config(index=IndexConfig(path=tmp_path / "index"))
    (tmp_path / "docs").mkdir()
    file = tmp_path / "docs" / "cat.md"
    file.write_text("# The cat\n\nThe keeper feeds the harbour cat at six.\n", encoding="utf-8")
    sync(config, BUILTIN, [tmp_path / "docs"])
    with Pipeline.open(config) as opened:
        assert "at six" in opened.ask("When does the keeper feed the harbour cat?").text
        file.write_text("# The cat\n\nThe keeper feeds the harbour cat at nine.\n", encoding="utf-8")
        sync(config, BUILTIN, [tmp_path / "docs"])
        answer = opened.ask("When does the keeper feed the harbour cat?")
        check(opened, answer)
        assert "at nine" in answer.text
        assert opened.describe()["generation"] == 2


# Language models


@pytest.fixture
def with_generator(seeds_index: Path) -> Iterator[Any]:
    def make(generator: Any) -> Pipeline:
        return Pipeline(Config(index=IndexConfig(path=seeds_index)), BUILTIN, SCORER, generator)

    return make


def test_strict_leaves_out_what_is_unsupported(with_generator: Any) -> None:
    opened = with_generator(ScriptedGenerator("Pigs can fly [1]. Russia may give North Korea “military and other assistance” [1]."))
    opened.config = opened.config.model_copy(update={"answer": AnswerConfig(strict=True)})
    *pieces, answer = opened.stream("What may Russia give North Korea under Article 4?")
    check(opened, answer)
    assert pieces == []
    assert answer.text == "Russia may give North Korea “military and other assistance” [1]."
    assert [sentence.verdict for sentence in answer.sentences] == ["quoted"]
    assert answer.note == "One sentence that the documents do not support was left out."


def test_strict_abstains_when_nothing_is_left(with_generator: Any) -> None:
    opened = with_generator(ScriptedGenerator("Los cerdos vuelan [1]. Los peces cantan [1]."))
    opened.config = opened.config.model_copy(update={"answer": AnswerConfig(strict=True)})
    answer = opened.ask("¿Qué permite el artículo 4 del tratado?")
    check(opened, answer)
    assert answer.reason == "no_evidence"
    assert answer.sentences == ()
    assert answer.note == "Se omitieron 2 frases que los documentos no respaldan."


def test_what_a_model_writes_is_cited_and_checked(with_generator: Any) -> None:
    generator = ScriptedGenerator("Russia may give North Korea “military and other assistance” [1]. Pigs can fly over Pyongyang [1].")
    opened = with_generator(generator)
    answer = opened.ask("What may Russia give North Korea under Article 4?")
    check(opened, answer)
    ((question, hits, history),) = generator.calls
    assert (question, history) == ("What may Russia give North Korea under Article 4?", ())
    assert hits == answer.hits
    assert [sentence.verdict for sentence in answer.sentences] == ["quoted", "unsupported"]
    assert answer.citations[0].quote == "military and other assistance"
    assert answer.fingerprint == f"{BUILTIN.fingerprint} {generator.fingerprint}"


def test_markers_to_nowhere_are_dropped(with_generator: Any) -> None:
    opened = with_generator(ScriptedGenerator("Russia may give “military and other assistance” [1][99]. So it is [0]."))
    answer = opened.ask(MODEL_QUESTION)
    check(opened, answer)
    assert "[99]" not in answer.text
    assert "[0]" not in answer.text
    assert answer.sentences[-1].verdict == "unsupported"


def test_an_answer_without_any_marker_is_an_abstention(with_generator: Any) -> None:
    opened = with_generator(ScriptedGenerator("Article 4 permits everything."))
    answer = opened.ask(MODEL_QUESTION)
    check(opened, answer)
    assert (answer.abstained, answer.reason, answer.sentences) == (True, "no_evidence", ())
    assert answer.text.startswith("The documents do not say.")
    assert answer.hits


@pytest.mark.parametrize("text", ["Article 4 permits everything [99].", "[99] Article 4 permits everything.", "[1]"])
def test_an_answer_whose_markers_point_nowhere_gives_way_to_quotations(with_generator: Any, text: str) -> None:
    opened = with_generator(ScriptedGenerator(text))
    answer = opened.ask(MODEL_QUESTION)
    check(opened, answer)
    assert not answer.abstained
    assert "everything" not in answer.text
    assert AID in answer.text
    assert answer.note is not None
    assert answer.note.startswith("The model cited no passage that it was given.")


def test_a_model_is_not_asked_what_the_documents_do_not_hold(with_generator: Any) -> None:
    generator = ScriptedGenerator("Canberra [1].")
    opened = with_generator(generator)
    assert opened.ask("What is the capital of Australia?").reason == "no_evidence"
    assert opened.ask("Article 57 of the Sarmenor agreement").reason == "reference_absent"
    assert generator.calls == []


def test_a_model_that_condenses(with_generator: Any) -> None:
    generator = ScriptedCondenser("Freight trains may run [1].", "What does Article 4 of the Tarn Bay agreement permit?")
    opened = with_generator(generator)
    history = [Turn("what is the Tarn Bay agreement", "A railway agreement [1].")]
    answer = opened.ask("and at night?", history)
    assert answer.standalone_question == "What does Article 4 of the Tarn Bay agreement permit?"
    assert answer.hits[0].passage.source == "tarn-bay-agreement.txt"
    assert generator.calls[0][2] == tuple(history)


def test_what_was_thought_aloud_is_neither_answered_nor_cited(with_generator: Any) -> None:
    answer = with_generator(ScriptedGenerator(["Pigs fly [2].", UNSAID, "Russia may give “military and other assistance” [1]."])).ask(
        MODEL_QUESTION
    )
    assert answer.text == "Russia may give “military and other assistance” [1]."
    assert len(answer.citations) == 1


@pytest.mark.parametrize(
    "declined", ["The passages do not say what it permits [1].", "No information is given [1][2].", "Los documentos no lo dicen [1]."]
)
def test_an_answer_that_only_declines_is_an_abstention_whatever_it_cites(with_generator: Any, declined: str) -> None:
    answer = with_generator(ScriptedGenerator(declined)).ask(MODEL_QUESTION)
    assert (answer.abstained, answer.reason, answer.sentences) == (True, "no_evidence", ())
    assert answer.text.startswith("The documents do not say.")
    kept = with_generator(ScriptedGenerator(f"Russia may give “military and other assistance” [1]. {declined}")).ask(MODEL_QUESTION)
    assert (kept.abstained, len(kept.sentences)) == (False, 2)


@pytest.mark.parametrize(
    "rewritten",
    ["The Operator may run freight trains at night.", "¿Qué permite el artículo 4 a la empresa por la noche?", "I cannot help."],
)
def test_a_rewriting_that_answers_or_changes_the_language_is_not_believed(with_generator: Any, rewritten: str) -> None:
    opened = with_generator(ScriptedCondenser("Freight trains [1].", rewritten))
    answer = opened.ask("and what of the day?", [Turn("what does Article 4 of the Tarn Bay agreement say", "...")])
    assert answer.standalone_question != rewritten
    assert answer.language == "en"


@pytest.mark.parametrize("rewritten", ["What does Article 4 of the Tarn Bay agreement say?", "Article 5 " + "of the agreement " * 60, " "])
def test_a_rewriting_that_cannot_be_one_is_not_believed(with_generator: Any, rewritten: str) -> None:
    opened = with_generator(ScriptedCondenser("Freight trains [1].", rewritten))
    answer = opened.ask("and Article 5?", [Turn("what does Article 4 of the Tarn Bay agreement say", "...")])
    assert answer.standalone_question == "what does Article 5 of the Tarn Bay agreement say"


class Breaking(ScriptedGenerator):
    """Fails after its pieces, and when it should condense."""

    def generate(self, question: str, hits: Sequence[Hit], history: Sequence[Turn]) -> Iterator[str]:
        yield from super().generate(question, hits, history)
        raise GenerationError("The model went away.")

    def condense(self, question: str, history: Sequence[Turn]) -> str:
        raise GenerationError("The model went away early.")


@pytest.mark.parametrize("pieces", [[], ["Nobody knows "], ["Russia may help [1]. ", "And"]])
def test_a_model_that_fails_leaves_quotations_and_a_note(pipeline: Pipeline, with_generator: Any, pieces: list[str]) -> None:
    opened = with_generator(Breaking(pieces))
    answer = opened.ask(MODEL_QUESTION)
    check(opened, answer)
    expected = pipeline.ask(MODEL_QUESTION)
    assert (answer.text, answer.citations) == (expected.text, expected.citations)
    assert answer.note == "The model went away. The answer quotes the documents instead."
    shown = "".join(piece for piece in opened.stream(MODEL_QUESTION) if isinstance(piece, str))
    assert shown.strip() == "".join(pieces).strip()


def test_a_model_that_cannot_condense_is_helped(with_generator: Any) -> None:
    opened = with_generator(Breaking(["Freight trains [1]."]))
    answer = opened.ask("and Article 5?", [Turn("what does Article 4 of the Tarn Bay agreement say", "...")])
    assert answer.standalone_question == "what does Article 5 of the Tarn Bay agreement say"
    assert not answer.abstained


# A chat model over HTTP


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "LANGSMITH_TRACING", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def over_http(server: ChatServer, index: Path) -> Pipeline:
    llm = LlmConfig(model="openai:scripted", base_url=server.base_url, max_retries=0)
    return Pipeline.open(Config(index=IndexConfig(path=index), llm=llm))


@pytest.mark.usefixtures("keyless")
def test_a_chat_model_over_http(seeds_index: Path) -> None:
    with ChatServer(["Russia may give “military and other assistance” [1]."]) as server, over_http(server, seeds_index) as opened:
        *pieces, answer = opened.stream("What may Russia give North Korea under Article 4?")
        check(opened, answer)
        assert "".join(pieces) == answer.text == "Russia may give “military and other assistance” [1]."
        assert len(pieces) > 3
        assert [sentence.verdict for sentence in answer.sentences] == ["quoted"]
        (request,) = server.requests
        sent = json.dumps(request.body["messages"], ensure_ascii=False)
        assert "What may Russia give North Korea under Article 4?" in sent
        assert answer.hits[0].passage.text.splitlines()[0].strip() in sent.replace('\\"', '"')
        assert "openai:scripted" in answer.fingerprint


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize(
    "fault", [Fault("status", status=429), Fault("cut", text="Russia may"), Fault("malformed", text="Russia"), Fault("status")]
)
def test_a_chat_model_that_fails_over_http(pipeline: Pipeline, seeds_index: Path, fault: Fault) -> None:
    with ChatServer([fault]) as server, over_http(server, seeds_index) as opened:
        answer = opened.ask(MODEL_QUESTION)
        check(opened, answer)
        assert answer.text == pipeline.ask(MODEL_QUESTION).text
        assert answer.note is not None
        assert answer.note.endswith("The answer quotes the documents instead.")


@pytest.mark.usefixtures("keyless")
def test_a_follow_up_over_http_is_rewritten_by_the_model(seeds_index: Path) -> None:
    replies = ["What does Article 4 of the Tarn Bay agreement permit?", "“run freight trains at night” [1]."]
    with ChatServer(replies) as server, over_http(server, seeds_index) as opened:
        answer = opened.ask("and trains?", [Turn("what may the operator do", "Build [1].")])
        assert answer.standalone_question == replies[0]
        assert answer.citations[0].quote == "run freight trains at night"


def test_a_pipeline_that_is_given_up_takes_its_models_with_it(seeds_index: Path) -> None:
    gc.collect()
    gc.disable()
    try:
        with Pipeline.open(Config(index=IndexConfig(path=seeds_index))) as opened:
            opened.ask("What does Article 4 permit?")
        reader = weakref.ref(opened._scorer.reader)
        del opened
        assert reader() is None
    finally:
        gc.enable()


@pytest.mark.usefixtures("keyless")
def test_an_answer_that_was_cut_says_so_and_shows_no_half_sentence(seeds_index: Path) -> None:
    text = "Russia may give “military and other assistance” [1]. It may also give “military and"
    with ChatServer([Fault("finish", text=text)]) as server, over_http(server, seeds_index) as opened:
        answer = opened.ask("What may Russia give North Korea under Article 4?")
        check(opened, answer)
        assert answer.text == "Russia may give “military and other assistance” [1]."
        assert answer.note == "The answer was cut off at llm.max_tokens = 512; raise that to have all of it."


def test_sentences_without_markers_are_cited_by_code_and_said_to_be(with_generator: Any) -> None:
    text = "The Operator may run freight trains at night between 22:00 and 05:00. Pigs fly over Lisbon."
    opened = with_generator(ScriptedGenerator(text))
    *pieces, answer = opened.stream("What does Article 4 of the Tarn Bay agreement say?")
    check(opened, answer)
    assert "".join(str(piece) for piece in pieces) == answer.text
    assert answer.text == text.replace("05:00.", "05:00. [1]")
    assert [sentence.fields for sentence in answer.sentences] == [
        {"text": answer.text.split(" Pigs")[0], "citations": [1], "verdict": "supported", "attributed": True},
        {"text": "Pigs fly over Lisbon.", "citations": [], "verdict": "unsupported"},
    ]
    assert answer.citations[0].source == "tarn-bay-agreement.txt"
    assert answer.note == "The model cited nothing for one sentence; the program found the passage that supports it."


def test_a_wish_after_a_refusal_promises_no_quotation(pipeline: Pipeline) -> None:
    asked = "How do I reset my router password?"
    refused = pipeline.ask(asked)
    assert refused.abstained
    again = pipeline.ask("are you sure?", [Turn(asked, refused.text, asked)])
    assert (again.abstained, again.standalone_question, again.note) == (True, asked, None)


def test_an_answer_speaks_the_language_of_the_question_and_not_of_the_title_in_it(pipeline: Pipeline) -> None:
    answer = pipeline.ask("What does article 7 of “Acuerdo de Cooperación de la Cuenca del Sarmenor” say?")
    assert answer.language == "en"
    assert answer.text.startswith("According to “Acuerdo de Cooperación de la Cuenca del Sarmenor”, 24 April 2019, Artículo 7")


def test_the_second_document_that_was_offered_is_answered_from_alone(pipeline: Pipeline) -> None:
    asked = "What does article 7 say?"
    first = pipeline.ask(asked)
    assert first.note is not None
    assert "Which do you mean" in first.note
    second = first.citations[1]
    answer = pipeline.ask("the second one", [Turn(asked, first.text, asked)])
    assert {citation.source for citation in answer.citations} == {second.source}
    assert answer.note is None
