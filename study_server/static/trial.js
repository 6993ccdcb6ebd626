// The page of a clip: listen, answer, store, go on. The next clip's page comes with the acknowledgment, so
// that going on waits for nothing else.

import { listenToKeys } from "./keys.js";
import { Player } from "./player.js";
import { findPending, sendUntilStored } from "./sending.js";

class Trial {
  isSending = false;
  end = new AbortController(); // of everything that listens for this clip's page

  constructor(form) {
    const { signal } = this.end;
    this.form = form;
    this.answers = form.querySelector(".answers");
    this.texts = JSON.parse(form.dataset.texts);
    this.listenS = Number(form.dataset.listenS);
    this.url = form.getAttribute("action");
    this.answers.disabled = this.listenS > 0;
    this.player = new Player(form.querySelector(".player"), { onHeard: (...heard) => this.unlock(...heard), signal });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(this.collect());
    });
    listenToKeys(this.player.button, signal);
    this.restoreFacts();
    this.sendPending();
  }

  unlock(heardS, isOver) {
    this.keepFacts();
    if (!this.answers.disabled || this.isSending || (heardS < this.listenS && !isOver)) return;
    this.answers.disabled = false;
    this.player.ready = this.player.texts.unlocked;
    this.player.say(this.player.ready);
  }

  // What was heard survives a reload of the page.
  keepFacts() {
    try {
      sessionStorage.setItem(this.url, JSON.stringify({ facts: this.player.facts, bins: [...this.player.bins] }));
    } catch {
      // storage is off: a reload counts from zero
    }
  }

  restoreFacts() {
    try {
      const { facts, bins } = JSON.parse(sessionStorage.getItem(this.url)) ?? { facts: {}, bins: [] };
      Object.assign(this.player.facts, facts);
      this.player.bins = new Set(bins);
    } catch {
      // storage is off
    }
    this.unlock(this.player.facts.heard_s, false);
  }

  collect() {
    const { facts, firstPlayAt } = this.player;
    const fields = new URLSearchParams(new FormData(this.form));
    const rounded = { heard_s: facts.heard_s.toFixed(3), coverage: facts.coverage.toFixed(3) };
    for (const [name, value] of Object.entries({ ...facts, ...rounded })) fields.set(name, value);
    fields.set("answer_time_s", firstPlayAt === null ? "" : ((performance.now() - firstPlayAt) / 1000).toFixed(3));
    return fields;
  }

  sendPending() {
    const pending = findPending(this.url);
    if (!pending) return;
    pending.set("csrf_token", this.form.elements.csrf_token.value);
    this.send(pending);
  }

  async send(fields) {
    if (this.isSending) return;
    this.isSending = true;
    this.answers.disabled = true;
    this.player.audio.pause();
    this.form.setAttribute("aria-busy", "true");
    const status = this.form.querySelector(".saving");
    const stored = await sendUntilStored(this.url, fields, (what) => (status.textContent = this.texts[what]));
    this.form.removeAttribute("aria-busy");
    if (stored) this.leave(stored);
  }

  leave({ next, page }) {
    this.end.abort();
    if (page) turnPage(next, page);
    else location.assign(next);
  }
}

function turnPage(url, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  document.title = fresh.title;
  document.querySelector("main").replaceWith(document.adoptNode(fresh.querySelector("main")));
  history.pushState(null, "", url);
  scrollTo(0, 0);
  start();
  const heading = document.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus(); // as a new page does, it is read out and tabbing goes on from here
}

function start() {
  new Trial(document.querySelector("form[data-listen-s]"));
}

// Going back, or a page out of the back-forward cache, does not know what was answered since: ask the server.
addEventListener("popstate", () => location.reload());
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
start();
