// Keeps the session of somebody who works, and lets that of somebody who left run out.
import { csrf, leaveIfSignedOut, sessionExpiresAt } from "./page.js";

const RENEWAL = "/guichet/session/renewal";
const CHECK_MS = 60_000;

let expiresAt = sessionExpiresAt();
let worked = false;

for (const sign of ["keydown", "pointerdown"]) {
  document.addEventListener(sign, () => (worked = true), { passive: true });
}

async function renew() {
  const left = expiresAt - Date.now() / 1000;
  if (document.hidden || !worked || left > 15 * 60) return;
  worked = false;
  const response = await fetch(RENEWAL, { method: "POST", headers: { "X-CSRF-Token": csrf() } }).catch(() => null);
  if (!response || leaveIfSignedOut(response)) return;
  if (response.ok) expiresAt = (await response.json()).expires_at;
}

if (expiresAt) setInterval(renew, CHECK_MS);
