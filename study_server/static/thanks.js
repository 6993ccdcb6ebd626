// The end: replays of the clips, and the picture of the score.

import { drawCard } from "./card.js";
import { chooseFormat } from "./player.js";

const audio = new Audio();
const buttons = [...document.querySelectorAll(".replay")];
let current = null;

function show(button, isPlaying) {
  button.classList.toggle("is-playing", isPlaying);
  button.querySelector(".unseen").textContent = isPlaying ? button.dataset.pause : button.dataset.play;
}

function toggle(button) {
  if (button === current && !audio.paused) return audio.pause();
  if (button !== current) {
    current = button;
    audio.src = chooseFormat(button.dataset.sound, button.dataset.formats);
  }
  return audio.play().catch(() => show(button, false));
}

for (const button of buttons) {
  button.hidden = false;
  button.addEventListener("click", () => toggle(button));
}
for (const name of ["play", "pause", "ended", "emptied"]) {
  audio.addEventListener(name, () => buttons.forEach((button) => show(button, button === current && !audio.paused)));
}

const card = document.querySelector(".share");
if (card) drawCard(card);
