// The two panels of the header: documents (list, filter, add by button or drop, remove) and models.
import { call, fill, getJson, send, words } from "./wire.js";
import { hint, picked, say, showExamples } from "./chat.js";

const $ = (selector) => document.querySelector(selector);
const dialog = $("#documents");
const SHOWN_AFTER = 150;
let waiting = null;
let adding = false;
let asked = 0;
const queued = [];

// An answer that comes after that to a later question is dropped; what went wrong is said here, since the dialog hides the rest of the page.
async function showDocuments() {
  const mine = (asked += 1);
  try {
    const { html, count } = await getJson("/documents", { collection: picked().collection, wanted: $("#filter").value });
    if (mine !== asked) return;
    $("#document-list").innerHTML = html;
    $("#document-count").textContent = count;
    if (count > 0 && !$("#start").hidden) {
      $("#start").hidden = true;
      if (!$("#welcome").hidden) showExamples();
    }
  } catch (error) {
    if (mine !== asked) return;
    const line = Object.assign(document.createElement("p"), { className: "more", textContent: error.message });
    line.setAttribute("role", "alert");
    $("#document-list").replaceChildren(line);
  }
}

async function openDocuments() {
  if (!dialog.open) dialog.showModal();
  await showDocuments();
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

// Files that come while others are being added wait their turn.
async function add(files) {
  if (!files.length) return;
  if ($("#drop").hidden) {
    hint(words.no_uploads);
    return;
  }
  queued.push(...files);
  if (adding) return;
  adding = true;
  $("#verdicts").replaceChildren();
  try {
    await openDocuments();
    while (queued.length) await addAll(queued.splice(0));
  } finally {
    adding = false;
    progress("");
  }
}

async function addAll(files) {
  const names = new Set();
  for (const [place, file] of files.entries()) {
    try {
      if (names.has(file.name)) throw new Error(words.same_name);
      names.add(await upload(file, place, files.length));
    } catch (error) {
      refused(file.name, error.message);
    }
  }
  try {
    if (names.size) await index([...names]);
  } catch (error) {
    refused("", error.message);
  }
}

// The files of a drop, those in folders included, but for hidden ones. The entries have to be taken before anything is waited for.
async function filesOf(transfer) {
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return files;
  const found = await Promise.all(entries.map(filesBelow));
  return found.flat().filter((file) => !file.name.startsWith("."));
}

async function filesBelow(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found.flat();
    for (const each of some) found.push(await filesBelow(each));
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
    progress(fill(words.removed, { name: source }));
    $("#document-list").focus({ preventScroll: true }); // the button is gone
  } catch (error) {
    progress(error.message);
  }
}

export function watchDocuments() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-do]");
    if (button?.dataset.do === "documents") openDocuments();
    if (button?.dataset.do === "add") $("#files").click();
    if (button?.dataset.do === "models") openModels().catch((error) => hint(error.message));
    if (button?.dataset.do === "remove") remove(button);
  });
  $("#filter").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(showDocuments, SHOWN_AFTER);
  });
  $("#files").addEventListener("change", (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    add(files);
  });
  addEventListener("beforeunload", (event) => {
    if (adding) event.preventDefault(); // what has not been sent would be lost
  });
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
    filesOf(event.dataTransfer)
      .then(add)
      .catch((error) => hint(error.message));
  });
}
