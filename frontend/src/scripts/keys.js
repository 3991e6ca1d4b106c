// One-key shortcuts: an element says which key clicks or focuses it with data-key="n".
// They never fire while typing, nor under an open dialog that does not contain them.
const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]), textarea, select, [contenteditable]";
const PRESSABLE = "button, summary, a, input";

function press(element) {
  if (element.matches("input, select, textarea")) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function wanted(event) {
  const open = document.querySelector("dialog[open]");
  const places = [...document.querySelectorAll("[data-key]")].filter((element) => {
    if (open && !open.contains(element)) return false;
    return element.dataset.key === event.key && !element.disabled && element.getClientRects().length;
  });
  return places[0];
}

function moveInList(step) {
  const links = [...document.querySelectorAll("[data-rows] [data-open-row]")].filter((a) => a.getClientRects().length);
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const current = at >= 0 ? at : links.findIndex((a) => a.closest("[data-current]"));
  links[Math.min(Math.max(current + step, 0), links.length - 1)].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const submit = event.target.closest?.("form")?.querySelector("[data-key='Ctrl+Enter']") ??
      document.querySelector("[data-key='Ctrl+Enter']");
    if (submit) {
      event.preventDefault();
      submit.click();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches?.(TYPING)) {
    if (event.key === "Escape" && event.target.type === "search") event.target.blur();
    return;
  }
  if (event.key === "j" || event.key === "k") {
    moveInList(event.key === "j" ? 1 : -1);
    return;
  }
  // Space presses what has the focus before it means anything else.
  if (event.key === " " && event.target.matches?.(PRESSABLE)) return;
  const element = wanted(event);
  if (element) {
    event.preventDefault();
    press(element);
  }
});
