// The headphone screening: three intervals that play once, then which one it was.

import { listenToKeys } from "./keys.js";
import { Player } from "./player.js";

const form = document.querySelector("form[action]");
const answers = form.querySelector(".answers");
const box = form.querySelector(".player");
const starts = box.dataset.startsS.split(" ").map(Number);
const places = [...form.querySelectorAll(".intervals label")];
const mark = `played ${form.getAttribute("action")}`;
const player = new Player(box, { onHeard: show });
const isOnce = player.plays === 1;

function show(_heardS, isOver) {
  const at = player.audio.paused ? -1 : player.audio.currentTime;
  const now = isOver || at < 0 ? -1 : starts.findLastIndex((start) => at >= start);
  places.forEach((place, index) => place.classList.toggle("is-sounding", index === now));
  if (!isOver) return;
  remember();
  unlock();
}

function unlock() {
  answers.disabled = false;
  player.ready = player.texts.unlocked;
  player.say(player.ready);
}

// A reload does not give the sound a second time.
function remember() {
  try {
    sessionStorage.setItem(mark, "1");
  } catch {
    // storage is off: a reload plays it again
  }
}

function wasPlayed() {
  try {
    return sessionStorage.getItem(mark) === "1";
  } catch {
    return false; // storage is off
  }
}

answers.disabled = true;
if (wasPlayed()) {
  if (isOnce) player.facts.n_plays = 1;
  unlock();
}
form.addEventListener("submit", () => form.querySelector(".primary").setAttribute("aria-disabled", "true"));
listenToKeys();
