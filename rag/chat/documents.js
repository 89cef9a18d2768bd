// The two panels of the header: documents (list, filter, add by button or drop, remove) and models.
import { call, fill, getJson, send, words } from "./wire.js";
import { hint, picked, say } from "./chat.js";

const $ = (selector) => document.querySelector(selector);
const dialog = $("#documents");
const SHOWN_AFTER = 150;
let waiting = null;
let adding = false;

async function showDocuments() {
  const { html, count } = await getJson("/documents", { collection: picked().collection, wanted: $("#filter").value });
  $("#document-list").innerHTML = html;
  $("#document-count").textContent = count;
}

async function openDocuments() {
  if (!dialog.open) dialog.showModal();
  await showDocuments().catch((error) => hint(error.message));
}

async function openModels() {
  const { html } = await getJson("/models", { model: picked().model });
  $("#model-facts").innerHTML = html;
  $("#models").showModal();
}

// Adding

function progress(text, share = null) {
  $("#progress-text").textContent = text;
  $("#progress").hidden = share === null;
  if (share !== null) $("#progress").value = share;
}

function refused(name, reason) {
  const item = document.createElement("li");
  item.className = "refused";
  item.append(Object.assign(document.createElement("b"), { textContent: name }), " ", reason);
  $("#verdicts").append(item);
}

function upload(file, place, total) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/documents/${encodeURIComponent(file.name)}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      const share = event.total ? event.loaded / event.total : 0;
      progress(fill(words.sending, { name: file.name, percent: Math.round(100 * share) }), (place + share) / total / 2);
    };
    request.onload = () => (request.status === 200 ? resolve(request.response.name) : reject(new Error(request.response?.error || words.lost)));
    request.onerror = () => reject(new Error(words.lost));
    request.send(file);
  });
}

async function add(files) {
  if (adding || !files.length) return;
  if ($("#drop").hidden) {
    hint(words.no_uploads);
    return;
  }
  adding = true;
  $("#verdicts").replaceChildren();
  await openDocuments();
  const names = [];
  for (const [place, file] of [...files].entries()) {
    try {
      names.push(await upload(file, place, files.length));
    } catch (error) {
      refused(file.name, error.message);
    }
  }
  try {
    if (names.length) await index([...new Set(names)]);
  } catch (error) {
    refused("", error.message);
  } finally {
    adding = false;
    progress("");
    $("#files").value = "";
  }
}

async function index(names) {
  for await (const event of call("index", [names])) {
    if (event.error) throw new Error(event.error);
    if (event.label) progress(fill(words[`step_${event.label}`] || "", event), 0.5 + event.done / event.total / 2);
    if (event.verdicts) $("#verdicts").insertAdjacentHTML("beforeend", event.verdicts);
  }
  if ($("#verdicts .indexed")) $("#collection").value = $("#drop").dataset.shelf;
  say($("#verdicts").textContent);
  await showDocuments();
}

async function remove(button) {
  const source = button.dataset.source;
  if (!confirm(fill(words.remove_sure, { name: source }))) return;
  progress(words.removing);
  try {
    await send(`/documents/${encodeURIComponent(source)}`, {}, "DELETE");
    await showDocuments();
    progress("");
  } catch (error) {
    progress(error.message);
  }
}

export function watchDocuments() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-do]");
    if (button?.dataset.do === "documents") openDocuments();
    if (button?.dataset.do === "models") openModels().catch((error) => hint(error.message));
    if (button?.dataset.do === "remove") remove(button);
  });
  $("#filter").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => showDocuments().catch((error) => hint(error.message)), SHOWN_AFTER);
  });
  $("#files").addEventListener("change", (event) => add(event.target.files));
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  });
}
