// The sources of a turn: previews at the chips, the panel beside the conversation, and the whole document in a reader.
import { getJson } from "./wire.js";
import { conversationName } from "./chat.js";

const panel = document.getElementById("panel");
const body = document.getElementById("panel-body");
const preview = document.getElementById("preview");
const reader = document.getElementById("reader");
const narrow = matchMedia("(max-width: 60rem)");
let from = null;

export function showSources(turn, html, arriving) {
  document.getElementById(`sources-${turn}`)?.remove();
  if (html) body.insertAdjacentHTML("beforeend", html);
  if (!arriving) return;
  if (html) openPanel(turn, false);
  else panel.hidden = true;
}

export function openPanel(turn, asked = true) {
  if (!document.getElementById(`sources-${turn}`)) return;
  for (const section of body.children) {
    const other = section.id !== `sources-${turn}`;
    if (section.hidden !== other) section.hidden = other;
  }
  if (narrow.matches && !asked) return;
  panel.hidden = false;
  if (asked && narrow.matches) panel.querySelector("[data-do=close-panel]").focus();
  if (!asked) body.scrollTop = 0;
}

function closePanel() {
  panel.hidden = true;
  if (from?.isConnected) from.focus();
}

function openSource(chip) {
  const card = document.getElementById(chip.getAttribute("href").slice(1));
  if (!card) return;
  from = chip;
  hidePreview();
  openPanel(chip.closest(".turn").dataset.turn);
  for (const other of body.querySelectorAll(".shown")) other.classList.remove("shown");
  card.classList.add("shown");
  card.scrollIntoView({ block: "nearest" });
  card.querySelector("mark").scrollIntoView({ block: "nearest" });
  card.focus({ preventScroll: true });
}

// What opens in the reader: "/source", the text of a document, or "/pages", the pages of a PDF as pictures.
async function openReader(button, what) {
  const card = button.closest(".source");
  const turn = card.closest(".sources").id.slice("sources-".length);
  try {
    const { html } = await getJson(what, { conversation: conversationName(), turn, number: card.dataset.number });
    document.getElementById("reader-body").innerHTML = html;
    reader.showModal();
    document.getElementById("reader-mark")?.scrollIntoView({ block: "center" });
    const picture = reader.querySelector(".sheet img");
    picture?.addEventListener("load", () => reader.querySelector(".sheet rect")?.scrollIntoView({ block: "center" }), { once: true });
  } catch (error) {
    // Where the sources cover the page, a hint below the question box would not be seen.
    const heading = Object.assign(document.createElement("h2"), { id: "reader-title", textContent: error.message });
    document.getElementById("reader-body").replaceChildren(heading);
    reader.showModal();
  }
}

// A preview: the cited words, where they stand, while the chip is pointed at or has the focus.

function showPreview(chip) {
  const card = document.getElementById(chip.getAttribute("href").slice(1));
  if (!card) return;
  const line = (kind, text) => Object.assign(document.createElement("p"), { className: kind, textContent: text });
  const place = [...card.querySelectorAll(".place li")].map((item) => item.textContent).join(" · ");
  const quote = [...card.querySelectorAll("mark")].map((mark) => mark.textContent).join(" | "); // several where it runs over cells
  preview.replaceChildren(
    line("name", card.querySelector(".name").textContent),
    line("where", place),
    line("quote", quote.length > 260 ? `${quote.slice(0, 260)} …` : quote),
  );
  preview.hidden = false;
  const at = chip.getBoundingClientRect();
  const size = preview.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
  const above = at.top - size.height - 8;
  preview.style.left = `${left}px`;
  preview.style.top = `${above > 8 ? above : at.bottom + 8}px`;
}

function hidePreview() {
  preview.hidden = true;
}

export function watchSources() {
  document.addEventListener("click", (event) => {
    const chip = event.target.closest?.("a.chip");
    if (chip) {
      event.preventDefault();
      openSource(chip);
      return;
    }
    const what = event.target.closest?.("[data-do]")?.dataset.do;
    if (what === "close-panel") closePanel();
    if (what === "read") openReader(event.target, "/source");
    if (what === "pages") openReader(event.target, "/pages");
    if (what === "back") {
      if (narrow.matches) panel.hidden = true;
      from?.focus();
    }
    if (what === "close-dialog") event.target.closest("dialog").close();
    if (event.target.tagName === "DIALOG") event.target.close();
  });
  for (const [start, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    document.addEventListener(start, (event) => {
      const chip = event.target.closest?.("a.chip");
      if (chip && event.pointerType !== "touch") showPreview(chip);
    });
    document.addEventListener(end, (event) => {
      if (event.target.closest?.("a.chip")) hidePreview();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    hidePreview();
    if (!panel.hidden && panel.contains(document.activeElement)) closePanel();
  });
}
