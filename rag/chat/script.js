// Runs once when the page is ready. Brings a new turn to the top of the view, moves a followed chip's focus to its source,
// and keeps the question box focused after an example was clicked. Loads nothing and stores nothing.
() => {
  const current = document.getElementById("current");
  let shown = "";
  new MutationObserver(() => {
    const turn = current.querySelector(".turn[id]");
    if (!turn || turn.id === shown) return;
    shown = turn.id;
    turn.scrollIntoView({ block: "start" });
    document.querySelector("#question textarea, #question input")?.focus({ preventScroll: true });
  }).observe(current, { subtree: true, childList: true, attributes: true, attributeFilter: ["id"] });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    const target = link && document.getElementById(link.getAttribute("href").slice(1));
    if (target) target.focus({ preventScroll: true });
  });
}
