// Keeps the live page up to date: asks for its figures every few seconds, while somebody looks at it.

const live = document.querySelector("#live");
const unreached = document.querySelector("#unreached");
const everyMs = Number(live.dataset.everyS) * 1000;

async function fetchFigures() {
  const reply = await fetch(live.dataset.source, { signal: AbortSignal.timeout(30000) });
  if (reply.redirected) location.reload(); // logged out
  if (!reply.ok) throw new Error(`${reply.status}`);
  return new DOMParser().parseFromString(await reply.text(), "text/html").body;
}

// What is folded out, and what has the focus, stays so.
function show(figures) {
  const open = [...live.querySelectorAll("details[open]")].map(({ id }) => id);
  const focused = live.contains(document.activeElement) ? document.activeElement.closest("details")?.id : null;
  open.forEach((id) => figures.querySelector(`#${id}`)?.setAttribute("open", ""));
  live.replaceChildren(...figures.childNodes);
  if (focused) live.querySelector(`#${focused} summary`)?.focus();
}

async function refresh() {
  if (!document.hidden) {
    try {
      show(await fetchFigures());
      unreached.hidden = true;
    } catch {
      unreached.hidden = false;
    }
  }
  setTimeout(refresh, everyMs);
}

setTimeout(refresh, everyMs);
