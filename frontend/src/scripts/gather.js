// One file of what every service knows of somebody: no service asks another, so the page asks each and sends
// the answers along with the form. What does not answer is named, and the file says it is missing.
const ANSWER_WITHIN_MS = 20_000;

async function ask(part) {
  try {
    const answer = await fetch(part.dataset.gatherUrl, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return answer.ok ? await answer.blob() : null;
  } catch {
    return null;
  }
}

async function gather(form) {
  const body = new FormData(form);
  const parts = [...form.querySelectorAll("[data-gather-part]")];
  const answers = await Promise.all(parts.map(ask));
  parts.forEach((part, place) => {
    const answer = answers[place];
    if (answer) body.append(part.dataset.gatherPart, answer, `${part.dataset.gatherPart}.json`);
    part.querySelector(".gathered-ok").hidden = !answer;
    part.querySelector(".gathered-failed").hidden = Boolean(answer);
  });
  const made = await fetch(form.action, { method: "POST", body });
  if (!made.ok) return false;
  const name = /filename="([^"]+)"/.exec(made.headers.get("Content-Disposition") ?? "")?.[1] ?? "copy.zip";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await made.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  form.querySelector("[data-gather-status]").textContent = parts.map((part) => part.innerText).join(", ");
  return true;
}

// Before forms.js sees it, which sends a form only once.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches?.("[data-gather]") || form.dataset.gathering === "given-up") return;
    event.preventDefault();
    if (form.dataset.gathering) return;
    form.dataset.gathering = "now";
    form.setAttribute("aria-busy", "true");
    gather(form)
      .catch(() => false)
      .then((done) => {
        form.removeAttribute("aria-busy");
        form.dataset.gathering = done ? "" : "given-up";
        // The server's own words about what is wrong.
        if (!done) form.requestSubmit();
      });
  },
  true,
);
