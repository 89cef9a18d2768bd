"""The chat page in a real browser over real indexes: both languages, uploads, hostile files and models, and what axe-core finds."""

from contextlib import closing
from html import escape

import pytest
from chat_stand_in import served
from reportlab.pdfgen.canvas import Canvas

from rag.chat.server import open_pipeline
from rag.config import ChatConfig, Config, IndexConfig, LlmConfig
from rag.embed import BuiltinEmbedder
from rag.index.sync import sync
from rag.paths import shipped
from rag.pipeline import Pipeline
from rag.testing import ChatServer

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="these tests need the Python package axe-playwright-python")
expect = pytest.importorskip("playwright.sync_api", reason="these tests need the Python package playwright").expect
pytestmark = pytest.mark.slow
NOTE = "# Note on lanterns\n\nThe lantern keeper of Quarrel Point is called Ottoline Marsh and earns ninety crowns."
ABOUT_NOTE = "What is the lantern keeper of Quarrel Point called?"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    """An index of the demo corpus of its own, since files are added to it."""
    folder = tmp_path_factory.mktemp("real") / "index"
    sync(Config(index=IndexConfig(path=folder)), BuiltinEmbedder(), [shipped("seeds")])
    return folder


@pytest.fixture(scope="module")
def real(indexed):
    chat = ChatConfig(review_file=indexed.parent / "review.jsonl", upload_megabytes=0.5)
    with Pipeline.open(Config(index=IndexConfig(path=indexed), chat=chat)) as pipeline:
        yield pipeline


@pytest.fixture(scope="module")
def address(real):
    with served(real) as url:
        yield url


@pytest.mark.parametrize(
    ("locale", "question"),
    [
        ("en-GB", "What does Article 4 of the new treaty permit?"),
        ("es-ES", "¿Dónde se saca la licencia de pesca?"),
        ("es-ES", "What does Article 8 of the new treaty say?"),
    ],
)
def test_every_citation_is_highlighted_as_it_stands_in_the_document(visit, real, locale, question):
    opened = visit(locale=locale)
    turn = opened.ask(question)
    answer = real.ask(question)
    assert answer.citations
    assert turn.locator("a.chip").count() >= len(answer.citations)
    for citation in answer.citations:
        turn.locator("a.chip", has_text=f"{citation.number}").first.click()
        shown = opened.page.locator(".source.shown mark").all_text_contents()  # several where it is a row of a table
        assert " | ".join(shown) == real.document(citation.source).text[citation.start : citation.end]
        opened.page.locator(".source.shown [data-do=read]").click()
        opened.page.locator("#reader-mark").wait_for()
        assert opened.page.locator("#reader mark").all_text_contents() == shown
        opened.page.keyboard.press("Escape")


def test_uploaded_file_is_found_removed_and_found_no_more(visit, tmp_path):
    opened = visit()
    assert opened.ask(ABOUT_NOTE).locator(".abstained").count() == 1
    opened.page.locator("[data-do=documents]").click()
    (tmp_path / "note.md").write_text(NOTE, encoding="utf-8")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 nothing else")
    (tmp_path / "huge.txt").write_text("word " * 200_000, encoding="utf-8")
    (tmp_path / "run.exe").write_bytes(b"MZ")
    files = [tmp_path / name for name in ("note.md", "broken.pdf", "huge.txt", "run.exe")]
    opened.page.locator("#files").set_input_files(files)
    opened.page.locator("#verdicts li").nth(3).wait_for()
    verdicts = {line.locator("b").inner_text(): line.inner_text() for line in opened.page.locator("#verdicts li").all()}
    assert "indexed, 1 passage: ask about it now" in verdicts["note.md"]
    assert "PDF" in verdicts["broken.pdf"]
    assert "larger than 0.5 MB" in verdicts["huge.txt"]
    assert ".exe is not a type" in verdicts["run.exe"]
    assert opened.page.locator("#document-count").inner_text() == "18"
    opened.page.keyboard.press("Escape")
    assert "Ottoline Marsh" in opened.ask(ABOUT_NOTE).inner_text()
    opened.page.locator("[data-do=documents]").click()
    opened.page.get_by_label("Filter by title or name").fill("lantern")
    assert (
        opened.page.locator("#document-list tbody tr").count() == 1
        or opened.page.locator("#document-list tbody tr").first.wait_for() is None
    )
    opened.page.on("dialog", lambda dialog: dialog.accept())
    opened.page.get_by_role("button", name="Remove Note on lanterns").click()
    opened.page.get_by_text("No document has these words").wait_for()
    expect(opened.page.locator("#document-list")).to_be_focused()
    expect(opened.page.locator("#progress-text")).to_have_text("Removed: note.md")
    opened.page.keyboard.press("Escape")
    assert opened.ask(ABOUT_NOTE).locator(".abstained").count() == 1


def test_spanish_page_shows_a_table_and_says_in_spanish_why_a_file_is_refused(visit, tmp_path):
    opened = visit(locale="es-ES")
    table = "| Concepto | Precio |\n|---|---:|\n| Llave perdida del faro de Quarrel | 41 coronas |\n| Visita al faro | 3 coronas |"
    (tmp_path / "faro.md").write_text(f"# Tarifas del faro\n\nRigen este año.\n\n{table}\n\nLos niños no pagan.", encoding="utf-8")
    (tmp_path / "nada.txt").write_text("", encoding="utf-8")
    (tmp_path / "roto.pdf").write_bytes(b"%PDF-1.7 nothing else")
    (tmp_path / "roto.docx").write_bytes(b"PK\3\4")
    opened.page.locator("[data-do=documents]").click()
    opened.page.locator("#files").set_input_files([tmp_path / name for name in ("nada.txt", "roto.pdf", "roto.docx", "faro.md")])
    opened.page.locator("#verdicts .indexed").wait_for()
    assert [line.inner_text() for line in opened.page.locator("#verdicts li").all()] == [
        "nada.txt está vacío",
        "roto.pdf no es un PDF que se pueda leer; está dañado o incompleto",
        "roto.docx es un archivo ZIP dañado (le falta el final)",
        "faro.md indexado, 1 pasaje: ya puedes preguntar",
    ]
    opened.page.keyboard.press("Escape")
    turn = opened.ask("¿Cuánto se paga por la llave perdida del faro de Quarrel?")
    assert "41 coronas" in turn.inner_text()
    cells = ["Llave perdida del faro de Quarrel", "41 coronas"]
    assert opened.page.locator(".source mark").all_inner_texts() == cells
    assert opened.page.locator(".source th").all_inner_texts() == ["Concepto", "Precio"]
    turn.locator("a.chip").first.focus()
    assert opened.page.locator("#preview .quote").inner_text() == " | ".join(cells)
    opened.page.locator("[data-do=read]").first.click()
    opened.page.locator("#reader-mark").wait_for()
    assert opened.page.locator("#reader mark").all_inner_texts() == cells
    assert violations(opened.page) == []


def test_a_page_without_documents_asks_for_some_and_then_for_questions(visit, tmp_path):
    config = Config(index=IndexConfig(path=tmp_path / "none"))
    (tmp_path / "note.md").write_text(NOTE + "\n\n## When are the lanterns lit?\n\nThey are lit at dusk.", encoding="utf-8")
    with closing(open_pipeline(config)) as pipeline, served(pipeline) as url:
        opened = visit(at=url)
        with opened.page.expect_file_chooser() as chosen:
            opened.page.get_by_role("button", name="Add files").click()
        chosen.value.set_files(tmp_path / "note.md")
        opened.page.locator("#verdicts .indexed").wait_for(timeout=90_000)  # Gradio is still being imported
        opened.page.keyboard.press("Escape")
        opened.page.get_by_role("button", name="When are the lanterns lit?").wait_for()
        assert opened.page.locator("#start").is_hidden()
        assert "Ottoline Marsh" in opened.ask(ABOUT_NOTE).inner_text()
        assert opened.complaints == []


def test_file_can_be_dropped_on_the_page(visit):
    opened = visit()
    transfer = opened.page.evaluate_handle(
        "text => { const data = new DataTransfer(); data.items.add(new File([text], 'dropped.md')); return data; }", NOTE
    )
    opened.page.dispatch_event("#conversation", "drop", {"dataTransfer": transfer})
    opened.page.locator("#verdicts .indexed").wait_for(timeout=90_000)  # Gradio is still being imported
    assert "dropped.md" in opened.page.locator("#verdicts").inner_text()
    assert opened.page.locator("#documents").is_visible()
    opened.page.on("dialog", lambda dialog: dialog.accept())
    opened.page.locator("[data-do=remove][data-source='dropped.md']").click()
    opened.page.locator("[data-do=remove][data-source='dropped.md']").wait_for(state="detached")


def remove_added(opened):
    opened.page.on("dialog", lambda dialog: dialog.accept())
    while (button := opened.page.locator("#document-list [data-do=remove]").first).count():
        source = button.get_attribute("data-source")
        button.click()
        opened.page.locator(f"#document-list [data-source='{source}']").wait_for(state="detached")


def test_files_that_come_while_others_are_added_wait_their_turn(visit, tmp_path):
    for number in range(3):
        (tmp_path / f"note{number}.md").write_text(f"{NOTE} {number}", encoding="utf-8")
    opened = visit()
    opened.page.locator("[data-do=documents]").click()
    held = []
    opened.page.route("**/documents/note0.md", lambda route: held.append(route))
    opened.page.locator("#files").set_input_files(tmp_path / "note0.md")
    while not held:
        opened.page.wait_for_timeout(20)
    opened.page.locator("#files").set_input_files([tmp_path / "note1.md", tmp_path / "note2.md"])
    held[0].continue_()
    opened.page.unroute("**/documents/note0.md")
    opened.page.locator("#verdicts .indexed").nth(2).wait_for()
    assert [line.inner_text() for line in opened.page.locator("#verdicts .indexed b").all()] == ["note0.md", "note1.md", "note2.md"]
    remove_added(opened)


def test_folder_can_be_dropped_and_two_files_of_one_name_are_told_apart(visit, tmp_path):
    folder = tmp_path / "minutes"
    for place in ("one", "two"):
        (folder / place).mkdir(parents=True)
        (folder / place / "note.md").write_text(f"{NOTE} {place}", encoding="utf-8")
    (folder / ".hidden.md").write_text(NOTE, encoding="utf-8")
    (folder / "other.md").write_text(f"{NOTE} other", encoding="utf-8")
    opened = visit()
    driver = opened.context.new_cdp_session(opened.page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        driver.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})
    opened.page.locator("#verdicts .indexed").nth(1).wait_for()
    assert sorted(line.inner_text() for line in opened.page.locator("#verdicts .indexed b").all()) == ["note.md", "other.md"]
    assert " ".join(opened.page.locator("#verdicts .refused").inner_text().split()) == (
        "note.md another file of this name has just been added; give it another name first"
    )
    remove_added(opened)


def hostile(canary: str, suffix: str) -> str:
    text = f"""# Hostile <img src={canary}/title>

## <script>fetch('{canary}/heading')</script> Lantern rules

The keeper of the zyxomma lantern is Blanka Orosz <img src="{canary}/image" onerror="fetch('{canary}/error')"> and <b>bold</b>
<form action="{canary}/form"><button>go</button></form> ![pixel]({canary}/markdown) [link](javascript:fetch('{canary}/link'))
<div style="background:url({canary}/style)">paid</div> in zy\u200bxom\u200bma \u202ecrowns\u202c. <iframe src={canary}/frame></iframe>
"""
    if suffix != "html":
        return text
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
    return f"<html><head><title>{escape(text[:40])}</title></head><body><img src={canary}/real>{paragraphs}</body></html>"


@pytest.mark.parametrize("suffix", ["md", "html", "txt"])
def test_hostile_file_reaches_nothing(visit, canary, tmp_path, suffix):
    file = tmp_path / f"<img src=x onerror=alert(1)>.{suffix}"
    file.write_text(hostile(canary, suffix), encoding="utf-8")
    opened = visit()
    opened.page.locator("[data-do=documents]").click()
    opened.page.locator("#files").set_input_files(file)
    opened.page.locator("#verdicts .indexed").wait_for(timeout=90_000)  # Gradio is still being imported
    opened.page.keyboard.press("Escape")
    turn = opened.ask("Who is the keeper of the zyxomma lantern?")
    assert turn.locator("a.chip").count()
    turn.locator("a.chip").first.click()
    opened.page.locator(".source.shown [data-do=read]").click()
    opened.page.locator("#reader mark").wait_for()
    opened.page.keyboard.press("Escape")
    turn.locator(".why summary").click()
    opened.page.locator("[data-do=documents]").click()
    opened.page.locator("#document-list .tool").first.wait_for()
    opened.page.wait_for_timeout(300)
    ours = "form:not([action='/logout'], #composer, .thumb-note), script:not([src^='/assets'], #words)"
    assert opened.page.locator(f"img, iframe, {ours}").count() == 0
    assert opened.complaints == []
    opened.page.on("dialog", lambda dialog: dialog.accept())
    remove = opened.page.locator(f"#document-list [data-source$='.{suffix}']")
    remove.click()
    remove.wait_for(state="detached")


def test_hostile_model_reaches_nothing_while_it_streams(visit, canary, indexed, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    says = (
        f'Russia gives aid <img src="{canary}/partial" onerror="fetch(\'{canary}/event\')"> [1] <script>fetch("{canary}/script")</script>'
        f" <form action={canary}/form><button>x</button></form> ![pixel]({canary}/markdown) "
        f"<div style='background:url({canary}/style)'>y</div> [2]"
    )
    with ChatServer([says]) as server:
        config = Config(index=IndexConfig(path=indexed), llm=LlmConfig(model="openai:scripted", base_url=server.base_url, max_retries=0))
        with Pipeline.open(config) as pipeline, served(pipeline) as url:
            opened = visit(url)
            assert "openai:scripted writes the answers" in opened.page.locator("#banner").inner_text()
            turn = opened.ask("What does Article 4 of the new treaty permit?")
            assert "<script>fetch" in turn.locator(".answer").inner_text()
            opened.page.wait_for_timeout(300)
            assert opened.page.locator("#transcript").locator("img, script, iframe, [style], form[action]").count() == 0
            assert opened.complaints == []
        assert server.requests


def test_answer_survives_a_model_that_fails(visit, indexed, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    config = Config(index=IndexConfig(path=indexed), llm=LlmConfig(model="openai:none", base_url="http://127.0.0.1:9/v1", max_retries=0))
    with Pipeline.open(config) as pipeline, served(pipeline) as url:
        turn = visit(url).ask("What does Article 4 of the new treaty permit?")
        assert turn.locator("a.chip").count()
        assert "The answer quotes the documents instead." in turn.locator("[role=note]").inner_text()


def violations(page) -> list[str]:
    found = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).response
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:120]}"
        for each in found["violations"] if each["impact"] in ("serious", "critical", "moderate") for node in each["nodes"]
    ]  # fmt: skip


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}], ids=["desktop", "phone"])
def test_page_of_a_pdf_shows_the_cited_words_in_sight(visit, tmp_path, viewport):
    docs = tmp_path / "docs"
    docs.mkdir()
    canvas = Canvas(str(docs / "note.pdf"), pagesize=(595, 842))
    canvas.drawString(60, 60, NOTE.rpartition("\n")[2])
    canvas.save()
    config = Config(index=IndexConfig(path=tmp_path / "index"))
    sync(config, BuiltinEmbedder(), [docs])
    with Pipeline.open(config) as pipeline, served(pipeline) as url:
        opened = visit(url, viewport=viewport)
        opened.ask(ABOUT_NOTE).locator("a.chip").first.click()
        opened.page.locator(".source.shown [data-do=pages]").click()
        picture = opened.page.locator("#reader .sheet img")
        assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth; }") == 1200
        mark = opened.page.locator("#reader .sheet rect")
        expect(mark).to_have_count(1)
        expect(mark).to_be_in_viewport()
        assert violations(opened.page) == []
        assert opened.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}], ids=["desktop", "phone"])
def test_axe_finds_nothing(visit, scheme, viewport):
    opened = visit(color_scheme=scheme, viewport=viewport, locale="es" if scheme == "dark" else "en")
    opened.page.locator(".example").first.wait_for()
    assert violations(opened.page) == []
    turn = opened.ask("What does Article 4 of the new treaty permit?")
    turn.locator(".why summary").click()
    turn.locator("a.chip").first.click()
    assert violations(opened.page) == []
    opened.page.locator(".source.shown [data-do=read]").click()
    opened.page.locator("#reader-mark").wait_for()
    assert violations(opened.page) == []
    opened.page.keyboard.press("Escape")
    if viewport["width"] < 500:
        opened.page.locator("[data-do=close-panel]").click()
    opened.ask("how do I reset my router password")
    opened.ask("And what about Article 57 of the Sarmenor agreement?")
    assert violations(opened.page) == []
    for panel in ("documents", "models"):
        opened.page.locator(f"[data-do={panel}]").click()
        opened.page.locator(f"#{panel} :is(table, dl)").wait_for()
        assert violations(opened.page) == []
        opened.page.keyboard.press("Escape")


def test_axe_finds_nothing_on_the_page_that_asks_for_a_password(browser, indexed):
    with Pipeline.open(Config(index=IndexConfig(path=indexed))) as pipeline, served(pipeline, password="s3cret") as url:
        page = browser.new_context().new_page()
        page.goto(url)
        assert violations(page) == []
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Enter").click()
        page.get_by_text("That is not the password.").wait_for()
        page.get_by_label("Password").fill("s3cret")
        page.get_by_role("button", name="Enter").click()
        page.locator("#question").wait_for()
        assert page.get_by_label("Search in").is_visible()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Password").wait_for()
        page.context.close()
