"""The chat page in a real browser, against a stand-in pipeline: what is shown, what the buttons do, and that nothing gets out."""

import json
import re
from pathlib import Path

import pytest
from chat_stand_in import HOSTILE_QUOTE, StandIn, served, treaty_answer

from rag.config import ChatConfig, Config
from rag.evaluate.review import read as read_review

pytestmark = pytest.mark.slow
QUESTION = "What does Article 4 permit?"
WATCH = """() => {
    window.seen = new Set();
    new MutationObserver((records) => {
        for (const record of records) for (const node of record.addedNodes) {
            const all = node.querySelectorAll ? [node, ...node.querySelectorAll("*")] : [];
            for (const each of all) {
                window.seen.add(each.localName);
                for (const name of each.getAttributeNames()) if (/^on|^style$|^src$|^action$/.test(name)) window.seen.add(`@${name}`);
            }
        }
    }).observe(document.body, { subtree: true, childList: true });
}"""


@pytest.fixture(scope="module")
def review(tmp_path_factory):
    return tmp_path_factory.mktemp("review") / "review.jsonl"


@pytest.fixture(scope="module")
def address(canary, review):
    config = Config(chat=ChatConfig(review_file=review, models=("extractive", "ollama:small"), questions_per_minute=1_000))
    with served(StandIn(canary, pause=0.02, config=config)) as url:
        yield url


def test_nothing_is_requested_off_the_origin_and_nothing_is_blocked(visit, address):
    opened = visit()
    opened.ask(QUESTION)
    for panel in ("documents", "models"):
        opened.page.locator(f"[data-do={panel}]").click()
        opened.page.locator(f"dialog#{panel} [data-do=close-dialog]").click()
    assert [url for url in opened.requests if not url.startswith(address)] == []
    assert opened.complaints == []


def test_answer_streams_and_each_chip_leads_to_its_cited_characters(visit):
    opened = visit()
    opened.box.fill(QUESTION)
    opened.box.press("Enter")
    opened.page.locator("#turn-1[aria-busy=true] .answer").wait_for()
    assert opened.page.locator("#turn-1 a").count() == 0
    turn = opened.finished()
    assert opened.box.input_value() == ""
    assert opened.page.locator("#say").inner_text() == "Answered, with 2 sources."
    for citation in treaty_answer("q", "en").citations:
        turn.locator("a.chip", has_text=f"{citation.number}").click()
        card = opened.page.locator(".source.shown")
        assert card.get_attribute("id") == f"source-1-{citation.number}"
        assert card.locator("mark").evaluate("mark => mark.textContent") == citation.quote
        assert card.evaluate("card => card === document.activeElement")
        top, bottom = card.locator("mark").evaluate("mark => [mark.getBoundingClientRect().top, mark.getBoundingClientRect().bottom]")
        assert top >= 0
        assert bottom <= 800


def test_chip_shows_a_preview_when_pointed_at_or_reached(visit):
    opened = visit()
    turn = opened.ask(QUESTION)
    preview = opened.page.locator("#preview")
    assert preview.is_hidden()
    turn.locator("a.chip").nth(1).hover()
    assert "The Operator may run freight trains at night" in preview.inner_text()
    assert "page 3" in preview.inner_text()
    opened.box.hover()
    assert preview.is_hidden()
    turn.locator("a.chip").nth(0).focus()
    assert "prestar a Corea del Norte" in preview.inner_text()
    opened.page.keyboard.press("Escape")
    assert preview.is_hidden()


def test_document_is_opened_at_the_cited_words(visit):
    opened = visit()
    opened.ask(QUESTION)
    opened.page.locator("[data-do=read]").first.click()
    mark = opened.page.locator("#reader mark")
    assert mark.inner_text() == treaty_answer("q", "en").citations[0].quote
    assert mark.is_visible()
    opened.page.keyboard.press("Escape")
    assert opened.page.locator("#reader").is_hidden()


def test_keyboard_alone_is_enough(visit):
    opened = visit()
    keyboard = opened.page.keyboard

    def reach(selector: str, key: str) -> None:
        for _ in range(30):
            if opened.page.evaluate(f"document.activeElement.matches({selector!r})"):
                return
            keyboard.press(key)
        raise AssertionError(selector)

    assert opened.page.evaluate("document.activeElement.matches('#question')")
    keyboard.type("first line")
    keyboard.press("Shift+Enter")
    keyboard.type(QUESTION)
    keyboard.press("Enter")
    assert opened.finished().locator("h2").inner_text() == f"first line\n{QUESTION}"
    reach("a.chip", "Shift+Tab")
    keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.matches('.source.shown')")
    reach("[data-do=back]", "Tab")
    keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.matches('a.chip')")
    reach(".why summary", "Tab")
    keyboard.press("Enter")
    assert opened.page.locator(".why table").is_visible()
    reach("[data-do=documents]", "Shift+Tab")
    keyboard.press("Enter")
    opened.page.locator("dialog#documents").wait_for()
    keyboard.press("Escape")
    assert opened.page.evaluate("document.activeElement.matches('[data-do=documents]')")


def test_example_asks_its_question_and_the_welcome_goes(visit):
    opened = visit()
    opened.page.get_by_role("button", name="How much does the library charge for a lost card?").click()
    turn = opened.finished()
    assert turn.locator("h2").inner_text() == "How much does the library charge for a lost card?"
    assert opened.page.locator("#welcome").is_hidden()


def test_hints_errors_and_abstentions(visit):
    opened = visit()
    opened.page.get_by_role("button", name="Ask", exact=True).click()
    opened.page.get_by_text("Type a question first.").wait_for()
    assert "refused the connection" in opened.ask("please break").locator("[role=alert]").inner_text()
    fault = opened.ask("a fault")
    assert "its terminal says what" in fault.locator("[role=alert]").inner_text()
    turn = opened.ask("what about Article 40")
    assert turn.locator(".box.abstained h3").inner_text() == "The documents do not say"
    assert turn.locator(".answer").count() == 0
    assert opened.page.locator("#panel").is_hidden()
    assert opened.page.locator(".turn").count() == 3


def test_stopped_answer_stays_and_another_question_can_be_asked(visit):
    opened = visit()
    opened.box.fill("tell at length")
    opened.box.press("Enter")
    opened.page.locator("#turn-1[aria-busy=true] .answer").wait_for()
    opened.page.get_by_role("button", name="Stop").click()
    turn = opened.page.locator("#turn-1")
    assert "Stopped. This part was not checked" in turn.inner_text()
    assert "According" in turn.inner_text()
    assert opened.ask(QUESTION).locator("a.chip").count() == 2
    assert opened.page.locator(".turn").count() == 2


def test_follow_up_is_shown_and_can_be_changed(visit):
    opened = visit()
    opened.ask(QUESTION)
    turn = opened.ask("And why?")
    assert turn.locator(".understood q").inner_text() == "Why did Pyongyang's attitude to China cool in 2023?"
    turn.get_by_role("button", name="Change what was searched for").click()
    assert opened.box.input_value() == "Why did Pyongyang's attitude to China cool in 2023?"
    assert "replaces this turn" in opened.page.locator("#editing").inner_text()
    opened.box.fill("Why did it cool in 2024?")
    opened.box.press("Enter")
    opened.page.locator("#turn-3[aria-busy=false]").wait_for()
    assert [turn.inner_text() for turn in opened.page.locator(".turn h2").all()] == [QUESTION, "Why did it cool in 2024?"]
    assert opened.page.locator(".understood").count() == 0


def test_question_is_edited_or_asked_again_in_its_place(visit):
    opened = visit()
    for question in (QUESTION, "second", "third"):
        opened.ask(question)
    opened.page.locator("#turn-2").get_by_role("button", name="Edit the question").click()
    assert opened.box.input_value() == "second"
    opened.page.keyboard.press("Escape")
    assert opened.box.input_value() == ""
    opened.page.locator("#turn-2").get_by_role("button", name="Ask again").click()
    opened.page.locator("#turn-4[aria-busy=false]").wait_for()
    assert [turn.inner_text() for turn in opened.page.locator(".turn h2").all()] == [QUESTION, "second"]
    assert opened.page.locator("#panel-body > section").count() == 2


def test_answer_is_copied_exported_and_rated(visit, review):
    opened = visit(accept_downloads=True)
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn = opened.ask("Rate this about Article 4")
    turn.get_by_role("button", name="Copy the answer").click()
    turn.get_by_text("Copied.").wait_for()
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    assert "«prestar a Corea del Norte" in copied
    assert copied.endswith("[2] Agreement on the Tarn Bay Line (treaties/tarn-bay.txt)\n")
    for name, start in (("Markdown", "# Rate this"), ("Receipt (JSON)", '{\n  "format": "rag-receipt-1"')):
        turn.locator(".menu summary").click()
        with opened.page.expect_download() as download:
            turn.get_by_role("button", name=name).click()
        assert Path(download.value.path()).read_text(encoding="utf-8").startswith(start)
    turn.get_by_role("button", name="A bad answer").click()
    turn.get_by_text("Noted for review.").wait_for()
    turn.get_by_label("What should it have said?").fill("It should name Article 3.")
    with opened.page.expect_response("**/feedback"):
        turn.get_by_role("button", name="Send").click()
    (entry,) = [entry for entry in read_review(review) if entry.question == "Rate this about Article 4"]
    assert (entry.thumb, entry.comment) == ("down", "It should name Article 3.")


def test_conversation_survives_a_reload_and_a_new_one_is_empty(visit):
    opened = visit()
    opened.ask(QUESTION)
    opened.open()
    turn = opened.finished()
    assert turn.locator("h2").inner_text() == QUESTION
    assert opened.ask("And why?").locator(".understood").count() == 1
    opened.page.get_by_role("button", name="New").click()
    assert opened.page.locator(".turn").count() == 0
    assert opened.page.locator("#welcome").is_visible()
    assert opened.ask("And why?").locator(".understood").count() == 0


def test_another_visitor_sees_nothing(visit):
    one, two = visit(), visit()
    one.ask(QUESTION)
    name = one.page.evaluate("sessionStorage.getItem('conversation')")
    two.page.evaluate("name => sessionStorage.setItem('conversation', name)", name)
    two.open()
    two.page.wait_for_load_state("networkidle")
    assert two.page.locator(".turn").count() == 0


def test_page_of_a_program_that_was_restarted_says_so(visit):
    with served(StandIn()) as url:
        opened = visit(url)
        opened.context.clear_cookies()
        opened.box.fill(QUESTION)
        opened.box.press("Enter")
        opened.page.get_by_role("button", name="Load again").click()
        opened.page.wait_for_load_state()
        opened.box.wait_for()
        opened.ask(QUESTION)
    opened.box.fill(QUESTION)
    opened.box.press("Enter")
    opened.page.get_by_text("The connection was lost").wait_for()


def test_model_is_picked_and_the_banner_says_what_that_means(visit):
    opened = visit()
    assert "Works offline" in opened.page.locator("#banner").inner_text()
    opened.page.get_by_label("Answer with").select_option("ollama:small")
    assert "ollama:small writes the answers and gets your question" in opened.page.locator("#banner").inner_text()
    assert opened.ask(QUESTION).locator("a.chip").count() == 2
    opened.page.locator("[data-do=models]").click()
    facts = opened.page.locator("#model-facts dl").inner_text()
    assert "builtin@1" in facts
    assert "12 ms in the median of the last 1" in facts


def test_spanish_browser_gets_a_spanish_page(visit):
    opened = visit(locale="es-ES")
    assert opened.page.locator("h1").inner_text() == "Pregunta a tus documentos"
    assert opened.page.get_by_label("Tu pregunta").is_visible()
    assert opened.page.get_by_role("button", name="Preguntar", exact=True).is_visible()
    assert opened.page.evaluate("document.documentElement.lang") == "es"
    turn = opened.ask("¿Qué permite el artículo 4 del tratado?")
    assert turn.locator(".answer").get_attribute("lang") == "es"
    assert "no figura en las fuentes" in turn.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_shows_everything_within_its_width(visit, scheme):
    opened = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True, locale="es")
    turn = opened.ask("¿Qué permite el artículo 4 del tratado?")
    assert opened.page.locator("#panel").is_hidden()
    turn.locator("a.chip").first.tap()
    mark = opened.page.locator(".source.shown mark")
    mark.wait_for()
    box = mark.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    opened.page.locator("[data-do=close-panel]").tap()
    assert opened.page.locator("#panel").is_hidden()
    opened.page.locator("[data-do=documents]").tap()
    opened.page.locator("#documents .documents").wait_for()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.page.locator("dialog#documents [data-do=close-dialog]").tap()
    assert opened.page.locator("#ask").is_visible()
    dark = opened.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(22, 25, 27)"
    assert dark == (scheme == "dark")


def test_earlier_turns_are_not_touched_by_later_ones(visit):
    """What a question costs the browser does not grow with the conversation: nothing outside the last turn and its sources changes."""
    opened = visit()
    count = """() => {
        window.touched = new Set();
        new MutationObserver((records) => {
            for (const record of records) {
                const turn = record.target.closest?.(".turn, .sources");
                if (turn) window.touched.add(turn.id);
            }
        }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    }"""
    for number in range(1, 31):
        opened.ask(f"question {number}")
    opened.page.evaluate(count)
    opened.ask(QUESTION)
    touched = set(opened.page.evaluate("[...window.touched]"))
    assert touched <= {"turn-31", "sources-31", "sources-30"}
    assert opened.page.locator(".turn").count() == 31


def test_hostile_document_and_model_reach_nothing(visit, canary):
    opened = visit()
    opened.page.evaluate(WATCH)
    turn = opened.ask("hostile")
    quote = opened.page.locator("#sources-1 mark")
    assert quote.evaluate("mark => mark.textContent") == HOSTILE_QUOTE.replace("CANARY", canary)
    assert "${1+1} {{value}}" in turn.locator(".answer").inner_text()
    turn.locator("a.chip").click()
    opened.page.locator("[data-do=read]").click()
    opened.page.locator("#reader mark").wait_for()
    opened.page.keyboard.press("Escape")
    turn.locator("a.chip").hover()
    opened.ask(QUESTION)
    opened.open()
    opened.finished()
    opened.page.wait_for_timeout(300)
    seen = set(opened.page.evaluate("[...(window.seen || [])]"))
    assert not seen & {"img", "script", "iframe", "object", "embed", "link", "style", "i", "u", "h1"}
    assert not {name for name in seen if name.startswith("@")}


def test_policy_stops_what_would_slip_through(visit, canary):
    opened = visit()
    opened.page.evaluate(
        """canary => {
            const slip = document.createElement("div");
            slip.innerHTML = `<img src="${canary}/image"><div style="background:url(${canary}/style)">x</div>
                <iframe src="${canary}/frame"></iframe><img src="data:," onerror="fetch('/models?inline')">
                <form action="${canary}/form"><button id="slip">go</button></form><link rel=stylesheet href="${canary}/css">
                <svg><use href="${canary}/use.svg#x"></use></svg><video src="${canary}/video"></video>`;
            document.body.append(slip);
            document.getElementById("slip").click();
            fetch(`${canary}/fetch`).catch(() => null);
            setTimeout("fetch('/models?eval')", 0);
        }""",
        canary,
    )
    opened.page.wait_for_timeout(500)
    assert not any(re.search(r"/models\?(inline|eval)", url) for url in opened.requests)
    assert opened.page.url.startswith(opened.address)


def test_words_of_the_page_are_json(visit):
    words = visit().page.locator("#words").evaluate("element => element.textContent")
    assert json.loads(words)["copied"] == "Copied."
