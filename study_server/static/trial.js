// The page of a clip: listen, answer, store, go on.

import { listenToKeys } from "./keys.js";
import { Player } from "./player.js";
import { findPending, sendUntilStored } from "./sending.js";

const form = document.querySelector("form[data-listen-s]");
const answers = form.querySelector(".answers");
const status = form.querySelector(".saving");
const texts = JSON.parse(form.dataset.texts);
const listenS = Number(form.dataset.listenS);
const url = form.getAttribute("action");
let isSending = false;

const player = new Player(form.querySelector(".player"), { onHeard: unlock });
answers.disabled = listenS > 0;

function unlock(heardS, isOver) {
  keepFacts();
  if (!answers.disabled || isSending || (heardS < listenS && !isOver)) return;
  answers.disabled = false;
  player.ready = player.texts.unlocked;
  player.say(player.ready);
}

// What was heard survives a reload of the page.
function keepFacts() {
  try {
    sessionStorage.setItem(url, JSON.stringify({ facts: player.facts, bins: [...player.bins] }));
  } catch {
    // storage is off: a reload counts from zero
  }
}

function restoreFacts() {
  try {
    const { facts, bins } = JSON.parse(sessionStorage.getItem(url)) ?? { facts: {}, bins: [] };
    Object.assign(player.facts, facts);
    player.bins = new Set(bins);
  } catch {
    // storage is off
  }
  unlock(player.facts.heard_s, false);
}

function collect() {
  const fields = new URLSearchParams(new FormData(form));
  const facts = { ...player.facts, heard_s: player.facts.heard_s.toFixed(3), coverage: player.facts.coverage.toFixed(3) };
  for (const [name, value] of Object.entries(facts)) fields.set(name, value);
  const answerTimeS = player.firstPlayAt === null ? "" : (performance.now() - player.firstPlayAt) / 1000;
  fields.set("answer_time_s", answerTimeS === "" ? "" : answerTimeS.toFixed(3));
  return fields;
}

async function send(fields) {
  if (isSending) return;
  isSending = true;
  answers.disabled = true;
  player.audio.pause();
  form.setAttribute("aria-busy", "true");
  const next = await sendUntilStored(url, fields, (what) => (status.textContent = texts[what]));
  form.removeAttribute("aria-busy");
  if (next) location.assign(next);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(collect());
});

// A page out of the back-forward cache does not know what was answered since: ask the server.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

listenToKeys(player.button);
restoreFacts();
const pending = findPending(url);
if (pending) {
  pending.set("csrf_token", form.elements.csrf_token.value);
  send(pending);
}
