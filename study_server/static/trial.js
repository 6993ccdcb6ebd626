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
    const options = { onHeard: () => this.unlock(), signal };
    this.players = [...form.querySelectorAll(".player")].map((box) => new Player(box, options));
    form.addEventListener("play", ({ target }) => this.hush(target), true); // one of a pair at a time
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(this.collect());
    });
    listenToKeys(signal);
    this.restoreFacts();
    this.sendPending();
  }

  // Answers open once every clip of the page was heard for long enough, or to its end.
  unlock() {
    this.keepFacts();
    if (!this.answers.disabled || this.isSending) return;
    const heard = this.players.filter(({ facts, wasWhole }) => wasWhole || facts.heard_s >= this.listenS);
    for (const { box } of heard) box.classList.add("is-heard");
    this.answers.disabled = heard.length < this.players.length;
    if (heard.length) this.say(this.answers.disabled ? "other" : "unlocked");
  }

  say(name) {
    for (const player of this.players) player.ready = player.texts[name];
    this.players[0].say(this.players[0].ready);
  }

  hush(playing) {
    for (const { audio } of this.players) if (audio !== playing) audio.pause();
  }

  // What was heard survives a reload of the page.
  keepFacts() {
    try {
      const kept = this.players.map(({ facts, bins, wasWhole }) => ({ facts, bins: [...bins], wasWhole }));
      sessionStorage.setItem(this.url, JSON.stringify(kept));
    } catch {
      // storage is off: a reload counts from zero
    }
  }

  restoreFacts() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.url)) ?? [];
      kept.forEach(({ facts, bins, wasWhole }, place) => {
        const player = this.players[place];
        Object.assign(player.facts, facts);
        Object.assign(player, { bins: new Set(bins), wasWhole });
      });
    } catch {
      // storage is off
    }
    this.unlock();
  }

  // The facts of a pair's second clip have names that begin with "second_".
  collect() {
    const fields = new URLSearchParams(new FormData(this.form));
    this.players.forEach(({ facts }, place) => {
      const rounded = { heard_s: facts.heard_s.toFixed(3), coverage: facts.coverage.toFixed(3) };
      for (const [name, value] of Object.entries({ ...facts, ...rounded })) fields.set("second_".repeat(place) + name, value);
    });
    const starts = this.players.map((player) => player.firstPlayAt).filter(Boolean);
    fields.set("answer_time_s", starts.length ? ((performance.now() - Math.min(...starts)) / 1000).toFixed(3) : "");
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
    this.hush();
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
