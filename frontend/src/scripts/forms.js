// The error summary takes the focus; a form is sent once.
function focusSummary(root) {
  const summary = root.querySelector?.("[data-error-summary]");
  if (summary) summary.focus();
}

document.addEventListener("DOMContentLoaded", () => focusSummary(document));
document.addEventListener("htmx:after:swap", (event) => focusSummary(event.detail.ctx.target ?? document));

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || form.matches("[hx-post]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});

// Coming back with the back button brings the page as it was left, "sent" included.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A select or search marked so sends its form at once.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form?.requestSubmit();
});

// A file button of ours says which file was chosen.
document.addEventListener("change", (event) => {
  const shown = document.getElementById(event.target.dataset?.namesFile ?? "");
  const [file] = event.target.files ?? [];
  if (shown && file) shown.textContent = file.name;
});
