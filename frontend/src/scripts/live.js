// Keeps what is on the screen true: every two seconds each [data-live] region asks whether it
// changed (304 when not). Hidden tabs do not ask, so any number of them may stay open.
//
// Inside a region, [data-live-part] elements are replaced when they differ, those with a
// [data-live-version] when that does, and then without losing what is being typed. Rows of
// [data-live-rows] are updated where they stand; new ones are announced by the button
// [data-live-more] and enter only when it is pressed, so nothing moves under the cursor. Rows
// of a body that is also [data-live-follow] come and go by themselves while nobody is at them;
// one that went meanwhile is shown as gone.
import { isTypedIn, replaceKeeping } from "./keeping.js";
import { healthUrl, language, leaveIfSignedOut } from "./page.js";

const PERIOD_MS = 2000;
const PING_MS = 10000;
const LOST_AFTER = 2;

let failures = 0;

function tell(ok) {
  failures = ok ? 0 : failures + 1;
  const sign = document.querySelector("[data-live-state]");
  if (sign) sign.dataset.state = failures >= LOST_AFTER ? "lost" : "on";
}

async function refresh(region) {
  if (region.dataset.busy) return;
  region.dataset.busy = "yes";
  try {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href, Accept: "text/html" };
    if (region.dataset.etag) headers["If-None-Match"] = region.dataset.etag;
    const response = await fetch(region.dataset.live, { headers, signal: AbortSignal.timeout(8000) });
    if (leaveIfSignedOut(response)) return;
    tell(response.ok || response.status === 304);
    if (!response.ok) return;
    region.dataset.etag = response.headers.get("ETag") ?? "";
    apply(region, new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    tell(false);
  } finally {
    delete region.dataset.busy;
  }
}

function apply(region, fresh) {
  for (const part of region.querySelectorAll("[data-live-part]")) {
    const next = fresh.getElementById(part.id);
    if (!next) continue;
    if (part.dataset.liveVersion) {
      if (next.dataset.liveVersion !== part.dataset.liveVersion) replaceKeeping(part, next);
    } else if (next.innerHTML !== part.innerHTML) {
      if (isTypedIn(part)) delete region.dataset.etag; // until the next round
      else part.innerHTML = next.innerHTML;
    }
  }
  for (const body of region.querySelectorAll("[data-live-rows]")) {
    const next = fresh.getElementById(body.id);
    if (next) updateRows(region, body, next);
  }
}

function updateRows(region, body, next) {
  const inUse = body.matches(":hover") || body.contains(document.activeElement);
  if (body.hasAttribute("data-live-follow") && !inUse) {
    if (next.innerHTML !== body.innerHTML) body.replaceChildren(...next.children);
    region.querySelector("[data-live-more]").hidden = true;
    return;
  }
  const incoming = new Map([...next.children].filter((row) => row.id).map((row) => [row.id, row]));
  let unseen = 0;
  for (const row of incoming.values()) {
    const shown = document.getElementById(row.id);
    if (!shown) unseen += 1;
    else if (shown.innerHTML !== row.innerHTML) replaceInside(shown, row);
  }
  if (body.hasAttribute("data-live-follow")) {
    for (const row of body.querySelectorAll("tr[id]")) row.toggleAttribute("data-gone", !incoming.has(row.id));
  }
  const button = region.querySelector("[data-live-more]");
  if (!button) return;
  if (unseen && !body.querySelector("tr[id]")) {
    body.replaceChildren(...next.children);
    return;
  }
  button.hidden = unseen === 0;
  if (unseen) {
    button.textContent = phrase(button, unseen);
    button.onclick = () => {
      const known = new Set([...body.children].map((row) => row.id));
      const rows = [...next.children];
      for (const row of rows) if (!known.has(row.id)) row.dataset.fresh = "";
      body.replaceChildren(...rows);
      button.hidden = true;
      body.querySelector("[data-fresh] [data-open-row]")?.focus();
      markCurrent();
      window.htmx?.process(body);
    };
  }
}

function replaceInside(shown, row) {
  const links = () => [...shown.querySelectorAll("[data-open-row]")];
  const focused = links().indexOf(document.activeElement);
  shown.innerHTML = row.innerHTML;
  window.htmx?.process(shown);
  if (focused >= 0) links()[focused]?.focus({ preventScroll: true });
}

function phrase(button, count) {
  const form = new Intl.PluralRules(language()).select(count);
  const text = button.getAttribute(`data-text-${form}`) ?? button.dataset.textOther;
  return text.replace("{n}", count);
}

// The row whose detail is open is marked after every change of address or of rows.
function markCurrent() {
  for (const link of document.querySelectorAll("[data-open-row]")) {
    const row = link.closest("tr, li");
    const here = new URL(link.href, location.href).pathname === location.pathname;
    row?.toggleAttribute("data-current", here);
    if (here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function ping() {
  if (document.hidden || !healthUrl()) return;
  try {
    tell((await fetch(healthUrl(), { signal: AbortSignal.timeout(5000) })).ok);
  } catch {
    tell(false);
  }
}

function round() {
  if (document.hidden) return;
  for (const region of document.querySelectorAll("[data-live]")) refresh(region);
}

document.addEventListener("visibilitychange", round);
document.addEventListener("htmx:after:swap", markCurrent);
document.addEventListener("htmx:after:history:push", markCurrent);
window.addEventListener("offline", () => tell(false));
document.addEventListener("DOMContentLoaded", () => {
  markCurrent();
  if (document.querySelector("[data-live]")) setInterval(round, PERIOD_MS);
  else setInterval(ping, PING_MS);
});
