// One sound behind one big button: loads it whole, plays it, and counts what was heard.

import { wait } from "./sending.js";

const LONGEST_STEP_S = 1.5; // a longer jump of the playhead is not listening
const LOAD_TIMEOUT_MS = 30000;

export class Player {
  facts = { heard_s: 0, n_plays: 0, stalls: 0, hidden_count: 0 };
  firstPlayAt = null; // ms on the page's clock

  constructor(box, { onHeard = () => {}, sayReady = "" } = {}) {
    this.box = box;
    this.button = box.querySelector(".play");
    this.audio = box.querySelector("audio");
    this.ring = box.querySelector(".ring");
    this.label = this.button.querySelector(".unseen");
    this.hint = box.querySelector(".hint");
    this.noun = this.label.textContent.replace("Play the ", "");
    this.onHeard = onHeard;
    this.sayReady = sayReady;
    this.position = 0;
    this.button.hidden = false;
    this.audio.hidden = true;
    this.button.addEventListener("click", () => this.toggle());
    for (const name of ["play", "pause", "timeupdate", "ended", "waiting", "error"]) {
      this.audio.addEventListener(name, () => this[name]());
    }
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.facts.hidden_count += 1;
    });
    this.load();
  }

  // The whole clip is here before it can start: a network that drops cannot make it stall.
  async load() {
    this.say(`Loading the ${this.noun} …`);
    for (let tries = 1; ; tries += 1) {
      try {
        this.audio.src = URL.createObjectURL(await fetchSound(this.box.dataset.clip));
        break;
      } catch {
        this.say(`The ${this.noun} did not load. Trying again …`);
        await wait(tries);
      }
    }
    this.button.disabled = false;
    this.say(this.sayReady);
    fetchSound(this.box.dataset.next).catch(() => {}); // the next clip waits in the browser's cache
  }

  async toggle() {
    if (!this.audio.paused) return this.audio.pause();
    try {
      await this.audio.play();
    } catch {
      this.say("Your browser did not start the sound. Press the button again.");
    }
  }

  play() {
    if (this.audio.currentTime < 0.1) this.facts.n_plays += 1;
    this.firstPlayAt ??= performance.now();
    this.position = this.audio.currentTime;
    this.show("Pause");
  }

  pause() {
    this.timeupdate();
    this.show("Play");
  }

  ended() {
    this.timeupdate();
    this.audio.currentTime = this.position = 0;
    this.draw();
    this.show("Play again", "Play");
    this.onHeard(this.facts.heard_s, true);
  }

  timeupdate() {
    const step = this.audio.currentTime - this.position;
    if (step > 0 && step < LONGEST_STEP_S) this.facts.heard_s += step;
    this.position = this.audio.currentTime;
    this.draw();
    this.onHeard(this.facts.heard_s, false);
  }

  waiting() {
    if (this.firstPlayAt !== null) this.facts.stalls += 1;
  }

  error() {
    this.button.disabled = true;
    this.load();
  }

  draw() {
    const share = this.audio.duration ? this.audio.currentTime / this.audio.duration : 0;
    this.ring.style.strokeDashoffset = String(100 * (1 - share));
  }

  show(verb) {
    this.button.classList.toggle("is-playing", verb === "Pause");
    this.label.textContent = verb === "Play again" ? `Play the ${this.noun} again` : `${verb} the ${this.noun}`;
  }

  say(text) {
    if (this.hint.textContent !== text) this.hint.textContent = text;
  }
}

async function fetchSound(url) {
  if (!url) return null;
  const reply = await fetch(url, { signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) });
  if (!reply.ok) throw new Error(String(reply.status));
  return reply.blob();
}
