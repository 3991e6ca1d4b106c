// Native dialogs, opened and closed by buttons that name them.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open-dialog]");
  if (opener) document.getElementById(opener.dataset.openDialog)?.showModal();
  const closer = event.target.closest("[data-close-dialog]");
  if (closer) closer.closest("dialog")?.close();
  const menu = document.querySelector("details.account[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector("details.account[open]");
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A dialog whose content has just been loaded opens; an emptied one closes.
document.addEventListener("htmx:after:swap", (event) => {
  const dialog = event.detail.ctx.target?.closest?.("dialog[data-loaded-dialog]");
  if (!dialog) return;
  if (dialog.textContent.trim() === "") dialog.close();
  else if (!dialog.open) dialog.showModal();
});
