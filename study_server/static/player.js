// One sound behind one big button: loads it whole, plays it, and counts what was heard.

import { wait } from "./sending.js";

const LONGEST_STEP_S = 1.5; // a longer jump of the playhead is not listening
const BIN_S = 0.25; // what coverage is counted in
const LOAD_TIMEOUT_MS = 30000;
const MEDIA_TYPES = { opus: 'audio/ogg; codecs="opus"', mp3: "audio/mpeg" };

// Returns the address of a sound in the first of the formats that this browser can play.
export function chooseFormat(url, formats) {
  const probe = document.createElement("audio");
  const best = formats.split(" ").find((format) => format && probe.canPlayType(MEDIA_TYPES[format]));
  return best ? url.replace(/[^.]+$/, best) : url;
}

export class Player {
  facts = { heard_s: 0, n_plays: 0, stalls: 0, load_errors: 0, hidden_count: 0, coverage: 0, output_latency_s: "" };
  firstPlayAt = null; // ms on the page's clock
  bins = new Set();
  wasWhole = false; // whether it was heard to its end

  constructor(box, { onHeard = () => {}, signal } = {}) {
    this.box = box;
    this.texts = JSON.parse(box.dataset.texts);
    this.button = box.querySelector(".play");
    this.audio = box.querySelector("audio");
    this.ring = box.querySelector(".ring");
    this.label = this.button.querySelector(".unseen");
    this.hint = box.closest("form, main").querySelector(".hint");
    this.plays = Number(box.dataset.plays) || Infinity;
    this.onHeard = onHeard;
    this.ready = this.texts.ready;
    this.position = 0;
    this.button.hidden = false;
    this.audio.hidden = true;
    this.button.addEventListener("click", () => this.toggle());
    for (const name of ["play", "pause", "timeupdate", "ended", "waiting", "playing", "error"]) {
      this.audio.addEventListener(name, () => this[name]());
    }
    const countHidden = () => (this.facts.hidden_count += Number(document.hidden));
    document.addEventListener("visibilitychange", countHidden, { signal });
    signal?.addEventListener("abort", () => URL.revokeObjectURL(this.audio.src));
    this.load();
  }

  // The whole sound is here before it can start: a network that drops cannot make it stall.
  async load() {
    this.say(this.texts.loading);
    const { sound, next, formats } = this.box.dataset;
    for (let tries = 1; ; tries += 1) {
      try {
        this.audio.src = URL.createObjectURL(await fetchSound(chooseFormat(sound, formats)));
        break;
      } catch {
        this.facts.load_errors += 1;
        this.say(this.texts.retrying);
        await wait(tries);
      }
    }
    this.button.disabled = this.facts.n_plays >= this.plays;
    this.say(this.ready);
    if (next) fetchSound(chooseFormat(next, formats)).catch(() => {}); // waits in the browser's cache
  }

  // On a phone sound may start only inside a tap: nothing is awaited before `play`.
  async toggle() {
    if (!this.audio.paused) {
      if (this.plays === Infinity) this.audio.pause();
      return;
    }
    this.measureLatency();
    try {
      await this.audio.play();
    } catch {
      this.say(this.texts.blocked);
    }
  }

  measureLatency() {
    if (this.facts.output_latency_s !== "" || !window.AudioContext) return;
    const context = new AudioContext();
    this.facts.output_latency_s = (context.baseLatency || 0).toFixed(4);
    setTimeout(() => {
      if (context.outputLatency) this.facts.output_latency_s = context.outputLatency.toFixed(4);
      context.close();
    }, 1000);
  }

  play() {
    if (this.audio.currentTime < 0.1) this.facts.n_plays += 1;
    this.firstPlayAt ??= performance.now();
    this.position = this.audio.currentTime;
    this.show("pause");
  }

  pause() {
    this.timeupdate();
    this.show("play");
  }

  ended() {
    this.wasWhole = true;
    this.timeupdate();
    this.audio.currentTime = this.position = 0;
    this.draw();
    this.button.disabled = this.facts.n_plays >= this.plays;
    this.show("again");
    this.onHeard(this.facts.heard_s, true);
  }

  timeupdate() {
    const step = this.audio.currentTime - this.position;
    if (step > 0 && step < LONGEST_STEP_S) this.hear(step);
    this.position = this.audio.currentTime;
    this.draw();
    this.onHeard(this.facts.heard_s, false);
  }

  hear(step) {
    this.facts.heard_s += step;
    for (let at = this.position; at < this.position + step; at += BIN_S / 2) this.bins.add(Math.floor(at / BIN_S));
    const all = Math.floor(this.audio.duration / BIN_S);
    if (all > 0) this.facts.coverage = Math.min(this.bins.size / all, 1);
  }

  waiting() {
    if (this.firstPlayAt === null) return;
    this.facts.stalls += 1;
    this.say(this.texts.stalled);
  }

  playing() {
    if (this.hint.textContent === this.texts.stalled) this.say(this.ready);
  }

  error() {
    this.button.disabled = true;
    this.facts.load_errors += 1;
    this.say(this.texts.broken);
    wait(this.facts.load_errors).then(() => this.load());
  }

  draw() {
    const share = this.audio.duration ? this.audio.currentTime / this.audio.duration : 0;
    this.ring.style.strokeDashoffset = String(100 * (1 - share));
  }

  show(verb) {
    this.button.classList.toggle("is-playing", verb === "pause");
    this.label.textContent = this.texts[verb];
  }

  say(text) {
    if (this.hint.textContent !== text) this.hint.textContent = text;
  }
}

async function fetchSound(url) {
  const reply = await fetch(url, { signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) });
  if (!reply.ok) throw new Error(String(reply.status));
  return reply.blob();
}
