// Documents: a file is sent as soon as it is chosen or dropped, its progress is shown, and what went
// wrong is told with a way to try again. Without scripts the same forms work with their own button.
//
// A region [data-documents] holds forms [data-upload] and [data-documents-form]; the server answers
// with the region's new parts ([data-live-part], as live.js knows them).
import { csrf, leaveIfSignedOut } from "./page.js";

const waiting = [];
let sending = false;

function apply(region, html, focusId) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const part of region.querySelectorAll("[data-live-part]")) {
    const next = fresh.getElementById(part.id);
    if (next) part.innerHTML = next.innerHTML;
  }
  delete region.dataset.etag;
  if (focusId) document.getElementById(focusId)?.focus({ preventScroll: true });
}

function placeOf(region) {
  return region.querySelector("[data-uploads]");
}

function lineFor(region, name) {
  const place = placeOf(region);
  const line = place.querySelector("template").content.cloneNode(true).firstElementChild;
  line.querySelector(".upload-name").textContent = name;
  place.append(line);
  return line;
}

function say(line, text, state) {
  line.dataset.state = state;
  line.querySelector(".upload-said").textContent = text;
  line.querySelector("progress").hidden = state !== "sending";
  line.querySelector("[data-upload-dismiss]").hidden = state !== "failed";
}

// What a problem document says, the field's own sentence first.
function sentence(text, fallback) {
  try {
    const problem = JSON.parse(text);
    return problem.errors?.[0]?.detail ?? problem.detail ?? fallback;
  } catch {
    return fallback;
  }
}

function addressOf(form, file) {
  const address = new URL(form.action, location.href);
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "csrf_token") address.searchParams.set(name, value);
  }
  return address;
}

function add(form, files) {
  const region = form.closest("[data-documents]");
  const lineId = form.closest("[data-drop]")?.id ?? "";
  const place = placeOf(region);
  for (const file of files) {
    const line = lineFor(region, file.name);
    if (file.size > Number(form.dataset.mostBytes)) {
      say(line, place.dataset.textLarge, "failed");
      continue;
    }
    waiting.push({ region, lineId, file, line, address: addressOf(form, file), texts: place.dataset });
  }
  next();
}

function next() {
  if (sending || !waiting.length) return;
  sending = true;
  send(waiting.shift());
}

function send(job) {
  const { region, lineId, file, line, address, texts } = job;
  const bar = line.querySelector("progress");
  const retry = line.querySelector("[data-upload-retry]");
  const request = new XMLHttpRequest();
  const failed = (text, again) => {
    say(line, text, "failed");
    retry.hidden = !again;
    retry.onclick = () => {
      retry.hidden = true;
      waiting.push(job);
      next();
    };
  };
  say(line, texts.textSending, "sending");
  bar.value = 0;
  region.dataset.busy = "yes";
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    if (event.loaded === event.total) say(line, texts.textChecking, "sending");
  });
  request.addEventListener("loadend", () => {
    delete region.dataset.busy;
    sending = false;
    if (request.status === 200) {
      const here = document.activeElement?.closest?.("[data-drop]")?.id === lineId || document.activeElement === document.body;
      apply(region, request.responseText, here ? lineId : "");
      say(line, texts.textDone, "done");
      setTimeout(() => line.remove(), 4000);
    } else if (request.status === 401) {
      leaveIfSignedOut({ status: 401, headers: { get: (name) => request.getResponseHeader(name) } });
    } else if (request.status === 0) {
      failed(texts.textLost, true);
    } else {
      failed(sentence(request.responseText, texts.textLost), request.status >= 500 || request.status === 429);
    }
    next();
  });
  request.open("POST", address);
  request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
  // Not in the address: names of files name people, and addresses are kept in logs.
  request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("Accept", "application/json");
  request.send(file);
}

// While a file is being chosen the page must not replace the field that will receive it.
document.addEventListener("click", (event) => {
  const input = event.target.closest?.("[data-upload] input[type=file]");
  const region = input?.closest("[data-documents]");
  if (!region) return;
  region.dataset.busy = "yes";
  input.addEventListener("cancel", () => delete region.dataset.busy, { once: true });
});

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches("[data-upload] input[type=file]") || !input.files.length) return;
  const files = [...input.files];
  input.value = "";
  delete input.closest("[data-documents]").dataset.busy;
  add(input.form, files);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-upload]")) {
    event.preventDefault();
    return;
  }
  if (!form.matches("[data-documents-form]")) return;
  event.preventDefault();
  const region = form.closest("[data-documents]");
  const lineId = form.closest("[id^=paper-]")?.id ?? "";
  const texts = placeOf(region).dataset;
  let refusal = "";
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json", "X-CSRF-Token": csrf() },
    });
    if (leaveIfSignedOut(answer)) return;
    const text = await answer.text();
    if (answer.ok) apply(region, text, lineId);
    else refusal = sentence(text, texts.textLost);
  } catch {
    refusal = texts.textLost;
  }
  delete form.dataset.sent;
  if (refusal) say(lineFor(region, ""), refusal, "failed");
});

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-upload-dismiss]")?.closest(".upload-line").remove();
});

const dropOf = (event) => event.target.closest?.("[data-drop]");

for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const place = dropOf(event);
    const form = place?.querySelector("[data-upload]");
    if (!form || ![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    if (name !== "dragleave") event.preventDefault();
    place.toggleAttribute("data-dropping", name === "dragover");
    if (name === "drop") add(form, [...event.dataTransfer.files]);
  });
}
