// The conversation: asks, shows what streams in, and does what the buttons of a turn say. Loads nothing off this origin; keeps the name of the
// conversation for this tab only.
import { call, fill, getJson, reach, result, send, words } from "./wire.js";
import { openPanel, showSources, watchSources } from "./sources.js";
import { watchDocuments } from "./documents.js";

const $ = (selector) => document.querySelector(selector);
const transcript = $("#transcript");
const question = $("#question");
const form = $("#composer");
const state = { conversation: tabName(), busy: null, insteadOf: null };

function tabName() {
  const kept = sessionStorage.getItem("conversation");
  if (kept) return kept;
  return renameTab();
}

function renameTab() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const name = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem("conversation", name);
  return name;
}

export const picked = () => ({ collection: $("#collection").value, model: $("#model").value });
export const conversationName = () => state.conversation;

export function hint(text) {
  $("#hint").textContent = text || "";
}

export function say(text) {
  $("#say").textContent = text || "";
}

// Asking

async function ask(text, options = {}) {
  if (state.busy) return;
  const length = [...text.trim()].length;
  const limit = Number(question.dataset.limit);
  if (length > limit) {
    const inWords = (number) => number.toLocaleString(document.documentElement.lang);
    hint(fill(words.too_long, { length: inWords(length), limit: inWords(limit) }));
    return;
  }
  hint("");
  const last = transcript.lastElementChild;
  const after = last ? numberOf(last) : 0;
  await follow({ conversation: state.conversation, question: text, after, ...picked(), ...options });
}

// Shows what comes of a message. A turn that was stopped is shown to its end, which comes at once; one of a conversation that was left is not.
async function follow(message) {
  const { follow: turn = null, conversation, question: text = "", instead_of: insteadOf } = message;
  const asked = { turn, conversation, text: text.trim(), insteadOf, stopped: false };
  setBusy(asked);
  try {
    for await (const event of call("ask", [message], () => hint(words.starting))) {
      if (asked.stopped && event.turn && asked.turn === null) stopTurn(asked, event.turn);
      if (asked.conversation === state.conversation) show(event, asked);
    }
  } catch (error) {
    if (asked.conversation === state.conversation) failed(error, asked);
  } finally {
    if (state.busy === asked) setBusy(null);
  }
}

function stopTurn(asked, turn) {
  send("/stop", { conversation: asked.conversation, turn }).catch(() => {});
}

function show(event, asked) {
  if (event.hint) {
    hint(event.hint);
    if (event.reload) offerReload();
    return;
  }
  hint("");
  asked.turn = event.turn;
  if (event.gone) {
    event.gone.forEach(removeTurn);
    for (const turn of transcript.querySelectorAll(".turn")) if (numberOf(turn) >= asked.insteadOf) removeTurn(numberOf(turn));
    endEditing();
    if (question.value.trim() === asked.text) question.value = ""; // what else has been typed since, or before, stays
    resize();
  }
  if (event.part !== undefined) {
    const body = turnOf(event.turn)?.querySelector(".body");
    if (body) body.innerHTML = event.part;
    return;
  }
  put(event);
  if (event.say) {
    say(event.say);
    if (state.busy === asked) setBusy(null);
  }
}

function put(event, arriving = true) {
  $("#welcome").hidden = true;
  const old = turnOf(event.turn);
  if (old) old.outerHTML = event.html;
  else transcript.insertAdjacentHTML("beforeend", event.html);
  if (event.sources !== undefined) showSources(event.turn, event.sources, arriving);
  if (!old && arriving) turnOf(event.turn).scrollIntoView({ block: "start" });
}

function failed(error, asked) {
  if (asked.turn === null) {
    hint(error.message || words.lost);
    return;
  }
  const turn = turnOf(asked.turn);
  if (turn?.getAttribute("aria-busy") !== "true") return;
  const fault = box(error.message || words.lost);
  if (error.message === words.lost) offerReload(fault);
  turn.querySelector(".body").replaceChildren(fault);
  turn.setAttribute("aria-busy", "false");
}

function box(text) {
  const element = document.createElement("div");
  element.className = "box fault";
  element.setAttribute("role", "alert");
  element.append(Object.assign(document.createElement("p"), { textContent: text }));
  return element;
}

async function stop() {
  const asked = state.busy;
  if (!asked) return;
  asked.stopped = true;
  if (asked.turn !== null) stopTurn(asked, asked.turn);
  setBusy(null);
  hint("");
  question.focus();
}

function setBusy(asked) {
  state.busy = asked;
  $("#ask").hidden = asked !== null;
  $("#stop").hidden = asked === null;
}

// Turns

const turnOf = (number) => document.getElementById(`turn-${number}`);
const numberOf = (element) => Number(element.closest(".turn").dataset.turn);
const questionOf = (number) => turnOf(number).querySelector(".question").textContent;

function removeTurn(number) {
  turnOf(number)?.remove();
  document.getElementById(`sources-${number}`)?.remove();
}

function startEditing(number, text, alone) {
  state.insteadOf = { instead_of: number, alone };
  $("#editing").hidden = false;
  $("#editing span").textContent = words.editing;
  question.value = text;
  resize();
  question.focus();
}

function endEditing() {
  state.insteadOf = null;
  $("#editing").hidden = true;
}

const actions = {
  retry: (button) => ask(questionOf(numberOf(button)), { instead_of: numberOf(button) }),
  edit: (button) => startEditing(numberOf(button), questionOf(numberOf(button)), false),
  reword: (button) => startEditing(numberOf(button), button.closest(".understood").querySelector("q").textContent, true),
  "cancel-edit": () => {
    endEditing();
    question.value = "";
    resize();
    question.focus();
  },
  stop,
  sources: (button) => openPanel(numberOf(button)),
  copy: copyAnswer,
  export: exportAnswer,
  up: (button) => thumb(button, "up"),
  down: (button) => thumb(button, "down"),
  new: () => {
    stop();
    state.conversation = renameTab();
    transcript.replaceChildren();
    $("#panel-body").replaceChildren();
    $("#panel").hidden = true;
    $("#welcome").hidden = false;
    endEditing();
    hint("");
    question.focus();
    showExamples();
  },
};

async function copyAnswer(button) {
  const turn = button.closest(".turn");
  const copy = turn.querySelector(".answer, .box").cloneNode(true);
  copy.querySelectorAll(".chip").forEach((chip) => (chip.textContent = `[${chip.textContent}]`));
  copy.querySelectorAll("p").forEach((paragraph) => paragraph.append("\n\n"));
  const sources = [...document.querySelectorAll(`#sources-${turn.dataset.turn} .source`)].map(
    (card) => `[${card.dataset.number}] ${card.querySelector(".name").textContent} (${card.querySelector("code").textContent})`,
  );
  const copied = await putOnClipboard(`${copy.textContent.trim()}\n\n${sources.join("\n")}`.trim() + "\n");
  button.focus();
  tell(turn, copied ? words.copied : words.not_copied);
}

// Browsers give the clipboard to pages of this machine and to those that come over TLS; for others only the old way is left.
async function putOnClipboard(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  }
  const area = Object.assign(document.createElement("textarea"), { className: "unseen", value: text });
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

async function exportAnswer(button) {
  const turn = button.closest(".turn");
  button.closest("details").open = false;
  const query = new URLSearchParams({ conversation: state.conversation, turn: turn.dataset.turn, format: button.dataset.format });
  let file;
  try {
    const response = await reach(`/export?${query}`);
    if (!response.ok) await result(response);
    file = await response.blob();
  } catch (error) {
    tell(turn, error.message);
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `answer-${turn.dataset.turn}.${button.dataset.format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function thumb(button, verdict) {
  const turn = button.closest(".turn");
  if (!(await rate(turn, verdict, ""))) return;
  turn.querySelectorAll("[aria-pressed]").forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
  const note = turn.querySelector(".thumb-note");
  note.hidden = false;
  note.dataset.thumb = verdict;
  note.querySelector("input").focus();
}

async function rate(turn, verdict, note) {
  try {
    const said = await send("/feedback", { conversation: state.conversation, turn: turn.dataset.turn, thumb: verdict, note });
    tell(turn, said.say);
    return true;
  } catch (error) {
    tell(turn, error.message);
    return false;
  }
}

function tell(turn, text) {
  const line = turn.querySelector(".said");
  if (line) line.textContent = text;
}

// Before the first question

export async function showExamples() {
  const box = $("#examples");
  box.replaceChildren();
  try {
    const { examples } = await getJson("/examples", { collection: picked().collection });
    for (const example of examples) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "example", textContent: example });
      button.addEventListener("click", () => ask(example));
      box.append(button);
    }
  } catch {
    // Examples are an offer; without them the page is complete.
  }
}

async function restore() {
  const { turns } = await getJson("/conversation", { conversation: state.conversation });
  turns.forEach((turn) => put(turn, false));
  if (turns.length) openPanel(turns.at(-1).turn, false);
  if (turns.length) transcript.lastElementChild.scrollIntoView({ block: "start" });
  if (turns.at(-1)?.going) await follow({ conversation: state.conversation, follow: turns.at(-1).turn });
}

export function offerReload(place = $("#hint")) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: words.reload });
  button.addEventListener("click", () => location.reload());
  place.append(" ", button);
}

// Typing

function resize() {
  question.rows = 1;
  while (question.scrollHeight > question.clientHeight && question.rows < 8) question.rows += 1;
}

question.addEventListener("input", resize);
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (state.busy) return;
  ask(question.value, state.insteadOf || {});
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
    return;
  }
  if (state.busy) stop();
  else if (!$("#editing").hidden) actions["cancel-edit"]();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-do]");
  if (button && button.tagName !== "FORM" && actions[button.dataset.do]) actions[button.dataset.do](button);
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.dataset.do !== "note") return;
  event.preventDefault();
  const turn = form.closest(".turn");
  if (!(await rate(turn, form.dataset.thumb, form.elements.note.value))) return; // the note stays, to be sent again
  form.hidden = true;
  turn.querySelector(`[data-do=${form.dataset.thumb}]`).focus();
});

$("#model").addEventListener("change", (event) => {
  $("#banner span").textContent = event.target.selectedOptions[0].dataset.banner;
});
$("#collection").addEventListener("change", () => {
  if (!$("#welcome").hidden) showExamples();
});

watchSources();
watchDocuments();
showExamples();
restore().catch((error) => hint(error.message));
question.focus();
