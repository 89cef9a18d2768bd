"""The chat page in a real browser, against a stand-in pipeline: what is shown, what the buttons do, and that nothing gets out."""

import json
import re
import threading
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
    opened.page.locator("[data-do=read]").first.click()
    opened.page.locator("#reader [data-do=close-dialog]").click()  # fails if anything lies over it
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
    opened.page.get_by_role("button", name="What does a copy of a lost library card cost?").click()
    turn = opened.finished()
    assert turn.locator("h2").inner_text() == "What does a copy of a lost library card cost?"
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
    turn.get_by_text("Stopped. This part was not checked").wait_for()
    assert "According" in turn.inner_text()
    assert opened.ask(QUESTION).locator("a.chip").count() == 2
    assert opened.page.locator(".turn").count() == 2


class Hanging(StandIn):
    """Hangs after a few words, until `go` is set, if the question says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def stream(self, question, history=()):
        yield "The first words "
        self.go.wait(60 if "hang" in question else 0)
        yield from super().stream(question, history)


def test_stopping_a_model_that_hangs_frees_the_page(visit):
    """A browser keeps six connections to a page: if a stopped answer held its own, nothing would get through after six."""
    model = Hanging()
    with served(model) as url:
        opened = visit(url)
        for number in range(7):
            opened.box.fill(f"hang {number}")
            opened.box.press("Enter")
            turn = opened.page.locator(".turn").nth(number)
            turn.locator(".answer").wait_for()
            opened.page.get_by_role("button", name="Stop").click()
            turn.get_by_text("Stopped.").wait_for()
            assert turn.get_by_role("button", name="Ask again").is_visible()
        assert opened.ask(QUESTION).locator("a.chip").count() == 2
        model.go.set()


def test_page_that_is_loaded_again_goes_on_with_its_answer(visit):
    model = Hanging()
    with served(model) as url:
        opened = visit(url)
        opened.box.fill("hang")
        opened.box.press("Enter")
        opened.page.locator("#turn-1[aria-busy=true] .answer").wait_for()
        opened.open()
        opened.page.locator("#turn-1[aria-busy=true] .answer").wait_for()
        assert opened.page.get_by_role("button", name="Stop").is_visible()
        model.go.set()
        assert opened.finished().locator("a.chip").count() == 2
        assert opened.page.locator("#ask").is_visible()


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


def test_what_has_been_typed_is_not_lost_to_another_question(visit):
    opened = visit()
    opened.ask(QUESTION)
    opened.box.fill("a draft")
    opened.page.get_by_role("button", name="Ask again").click()
    opened.page.locator("#turn-2[aria-busy=false]").wait_for()
    assert opened.box.input_value() == "a draft"


def test_editing_goes_on_after_a_hint(visit):
    opened = visit()
    opened.ask(QUESTION)
    opened.page.get_by_role("button", name="Edit the question").click()
    opened.box.fill(" ")
    opened.box.press("Enter")
    opened.page.get_by_text("Type a question first.").wait_for()
    assert opened.page.locator("#editing").is_visible()
    opened.box.fill("other words")
    opened.box.press("Enter")
    opened.page.locator("#turn-2[aria-busy=false]").wait_for()
    assert [turn.inner_text() for turn in opened.page.locator(".turn h2").all()] == ["other words"]
    assert opened.page.locator("#editing").is_hidden()


def test_overlong_question_is_refused_with_its_length_whatever_its_size(visit):
    opened = visit()
    opened.box.fill("ñ" * 50_000)
    opened.box.press("Enter")
    opened.page.get_by_text("This question has 50,000 characters; please shorten it to 2,000.").wait_for()
    assert opened.box.input_value() == "ñ" * 50_000


def test_turns_that_only_the_page_still_shows_go_with_a_replaced_one(visit, monkeypatch):
    monkeypatch.setattr("rag.chat.visitors.TURNS_KEPT", 2)
    opened = visit()
    for question in (QUESTION, "second", "third", "fourth"):
        opened.ask(question)
    opened.page.locator("#turn-2").get_by_role("button", name="Ask again").click()
    opened.page.locator("#turn-5[aria-busy=false]").wait_for()
    assert [turn.inner_text() for turn in opened.page.locator(".turn h2").all()] == [QUESTION, "second"]


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


def test_answer_is_copied_from_a_page_that_browsers_do_not_trust(visit):
    """Over plain HTTP from another machine there is no `navigator.clipboard`."""
    opened = visit()
    opened.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    turn = opened.ask(QUESTION)
    copy = turn.get_by_role("button", name="Copy the answer")
    copy.click()
    turn.get_by_text("Copied.").wait_for()
    assert copy.evaluate("button => button === document.activeElement")
    opened.box.press("Control+v")
    assert "[2] Agreement on the Tarn Bay Line (treaties/tarn-bay.txt)" in opened.box.input_value()


def test_connection_that_is_lost_is_said_where_it_is_seen(visit):
    opened = visit()
    turn = opened.ask(QUESTION)
    opened.context.set_offline(True)
    lost = "The connection was lost; the program may have been stopped."
    turn.locator(".menu summary").click()
    turn.get_by_role("button", name="Markdown").click()
    turn.locator(".said", has_text=lost).wait_for()
    turn.get_by_role("button", name="A good answer").click()
    opened.page.wait_for_timeout(200)
    assert turn.locator("[aria-pressed=true]").count() == 0
    opened.page.locator("[data-do=read]").first.click()
    opened.page.locator("#reader h2", has_text=lost).wait_for()
    opened.page.keyboard.press("Escape")
    opened.page.locator("[data-do=documents]").click()
    opened.page.locator("#document-list [role=alert]", has_text=lost).wait_for()


def test_late_list_of_documents_does_not_replace_a_later_one(visit):
    opened = visit()
    opened.page.locator("[data-do=documents]").click()
    opened.page.locator("#document-list table").wait_for()
    held = []
    opened.page.route("**/documents?*wanted=t", lambda route: held.append(route))
    opened.page.locator("#filter").fill("t")
    opened.page.wait_for_timeout(400)
    opened.page.locator("#filter").fill("tarn")
    opened.page.locator("#document-list", has_not_text="Hostile").wait_for()
    held[0].continue_()
    opened.page.wait_for_timeout(300)
    assert opened.page.locator("#document-list tbody tr").count() == 1


def test_escape_closes_the_menu_of_exports(visit):
    turn = visit().ask(QUESTION)
    turn.locator(".menu summary").click()
    turn.get_by_role("button", name="Markdown").press("Escape")
    assert turn.get_by_role("button", name="Markdown").is_hidden()
    assert turn.locator(".menu summary").evaluate("summary => summary === document.activeElement")


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


def test_turns_that_the_program_forgot_stay_as_they_are(visit):
    opened = visit()
    opened.ask(QUESTION)
    opened.ask("second")
    opened.page.evaluate(  # other tabs, so many that this conversation is forgotten
        """async () => {
            for (let tab = 0; tab < 9; tab++) await fetch(`/conversation?conversation=${tab}`);
        }"""
    )
    opened.ask("third")
    assert [turn.inner_text() for turn in opened.page.locator(".turn h2").all()] == [QUESTION, "second", "third"]


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
    opened.page.locator("[data-do=read]").first.tap()
    reader = opened.page.locator("#reader")
    reader.wait_for()
    assert reader.bounding_box()["width"] == 390
    opened.page.locator("#reader [data-do=close-dialog]").tap()
    opened.page.locator("[data-do=close-panel]").tap()
    assert opened.page.locator("#panel").is_hidden()
    opened.page.locator("[data-do=documents]").tap()
    opened.page.locator("#documents .documents").wait_for()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.page.locator("dialog#documents [data-do=close-dialog]").tap()
    assert opened.page.locator("#ask").is_visible()
    dark = opened.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(22, 25, 27)"
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("size", [(320, 256), (844, 390)], ids=["desktop at 400 %", "phone on its side"])
def test_low_window_leaves_room_for_the_answer(visit, size):
    opened = visit(viewport=dict(zip(("width", "height"), size, strict=True)))
    turn = opened.ask(QUESTION)
    top = turn.locator("h2").bounding_box()["y"]
    assert top >= 0
    assert opened.page.locator("#composer").bounding_box()["y"] - top > 0.6 * size[1]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    opened.page.mouse.wheel(0, -2_000)
    opened.page.wait_for_timeout(100)
    assert opened.page.locator("header").bounding_box()["y"] == 0


def test_long_question_does_not_hide_its_answer(visit):
    opened = visit()
    turn = opened.ask(QUESTION + " And in which cases, and why?" * 60)
    heading = turn.locator("h2").bounding_box()
    assert turn.locator(".answer").bounding_box()["y"] < 400
    assert heading["height"] < 200
    assert turn.locator("h2").evaluate("heading => heading.tabIndex") == 0


def test_all_turns_and_their_sources_are_printed(visit):
    opened = visit()
    for _ in range(4):
        opened.ask(QUESTION)
    opened.page.emulate_media(media="print")
    assert opened.page.locator("mark:visible").count() == 8
    assert opened.page.locator(":is(button, textarea):visible").count() == 0
    height = opened.page.evaluate("document.documentElement.scrollHeight")
    for part in opened.page.locator(".turn, .source").all():
        box = part.bounding_box()
        assert 0 <= box["y"] < box["y"] + box["height"] <= height


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
