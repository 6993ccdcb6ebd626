// Single keys for what stands on the page (`data-key`); off by a box, because a speaker or a screen reader may send them too.

const STORED = "single keys";

export function listenToKeys(signal) {
  const panel = document.querySelector(".shortcuts");
  const box = panel?.querySelector("input");
  if (panel) {
    panel.hidden = false;
    box.checked = read() !== "off";
    box.addEventListener("change", () => write(box.checked ? "on" : "off"));
  }
  const press = (event) => {
    const isTyping = event.target.closest?.("textarea, select, input:not([type=radio], [type=checkbox])");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (box && !box.checked) return;
    const target = find(event.key.toLowerCase());
    if (!target || target.matches(":disabled")) return;
    event.preventDefault();
    target.click();
    target.focus();
  };
  addEventListener("keydown", press, { signal });
}

function find(key) {
  const found = /^[a-z0-9]$/.test(key) && document.querySelector(`[data-key="${key}"]`);
  return found && (found.matches("button") ? found : found.querySelector("input"));
}

function read() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // storage is off: the keys are on
  }
}

function write(value) {
  try {
    localStorage.setItem(STORED, value);
  } catch {
    // storage is off: the choice lives as long as the page
  }
}
