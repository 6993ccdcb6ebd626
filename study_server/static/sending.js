// Sends an answer until the server has acknowledged it; keeps it in the browser until then.

const PENDING = "pending answer";
const TIMEOUT_MS = 10000;
const PAUSES_MS = [300, 700, 1500, 3000, 5000];

// Resolves after the pause that follows that many tries, or as soon as the network is back.
export function wait(tries) {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1]);
    addEventListener("online", resolve, { once: true });
  });
}

export function findPending(url) {
  const pending = read();
  return pending?.url === url ? new URLSearchParams(pending.body) : null;
}

// Resolves to where to go on (`next`, and `page` where the server sent it along), or to null where the server
// refuses this answer for good; tells
// `saving`, `waiting`, `saved` or `outdated` on the way.
export async function sendUntilStored(url, fields, tell) {
  write({ url, body: fields.toString() });
  tell("saving");
  for (let tries = 1; ; tries += 1) {
    const reply = await post(url, fields);
    if (reply?.ok) {
      write(null);
      tell("saved");
      return reply.told;
    }
    if (reply && reply.status < 500) {
      write(null);
      tell("outdated");
      return null;
    }
    tell("waiting");
    await wait(tries);
  }
}

async function post(url, fields) {
  const request = { method: "POST", body: fields, headers: { Accept: "application/json" } };
  try {
    const reply = await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { ok: reply.ok, status: reply.status, told: reply.ok ? await reply.json() : null };
  } catch {
    return null; // no network, none in time, or a reply that was cut off
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(PENDING));
  } catch {
    return null; // storage is off: the answer lives as long as the page
  }
}

function write(pending) {
  try {
    if (pending) localStorage.setItem(PENDING, JSON.stringify(pending));
    else localStorage.removeItem(PENDING);
  } catch {
    // storage is off: the answer lives as long as the page
  }
}
