// The wall screen: asks every two seconds what is being called (304 when nothing changed), tells
// a new call by light, and by a chime when somebody has switched the sound on.
const PERIOD_MS = 2000;
const LOST_AFTER = 3;
const FRESH_MS = 12000;

let etag = "";
let failures = 0;
let audio = null;

const wall = () => document.querySelector("[data-wall]");
const calls = () => [...document.querySelectorAll("[data-call]")].map((call) => call.dataset.call);

function tell(ok) {
  failures = ok ? 0 : failures + 1;
  document.querySelector("[data-live-state]").dataset.state = failures >= LOST_AFTER ? "lost" : "on";
}

function chime() {
  if (!audio) return;
  for (const [at, pitch] of [[0, 880], [0.28, 659]]) {
    const tone = audio.createOscillator();
    const loudness = audio.createGain();
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0.0001, audio.currentTime + at);
    loudness.gain.exponentialRampToValueAtTime(0.4, audio.currentTime + at + 0.03);
    loudness.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + at + 0.6);
    tone.connect(loudness).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.7);
  }
}

function apply(fresh) {
  const before = new Set(calls());
  for (const id of ["wall-clock", "wall-calls", "wall-lines"]) {
    const next = fresh.getElementById(id);
    if (next) document.getElementById(id).innerHTML = next.innerHTML;
  }
  const called = [...document.querySelectorAll("[data-call]")].filter((call) => !before.has(call.dataset.call));
  for (const call of called) {
    call.dataset.fresh = "";
    setTimeout(() => delete call.dataset.fresh, FRESH_MS);
  }
  if (called.length) chime();
}

async function refresh() {
  if (document.hidden) return;
  try {
    const headers = { Accept: "text/html", ...(etag && { "If-None-Match": etag }) };
    const response = await fetch(wall().dataset.wall, { headers, signal: AbortSignal.timeout(8000) });
    // Signed out, or this screen was switched off.
    if (response.redirected || response.status === 401) return location.reload();
    tell(response.ok || response.status === 304);
    if (!response.ok) return;
    etag = response.headers.get("ETag") ?? "";
    apply(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    tell(false);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("[data-sound]");
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    audio?.close();
    audio = on ? new AudioContext() : null;
    if (on) chime();
  });
  setInterval(refresh, PERIOD_MS);
});
