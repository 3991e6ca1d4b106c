// Replaces a part in which people type. What they typed, the dialog they have open and their place in
// it stay; what they typed for something that is no longer possible is shown to them, not thrown away.
const CONTROLS = "input:not([type=hidden]):not([type=submit]), textarea, select";

const ticked = (control) => control.type === "checkbox" || control.type === "radio";

function keyOf(element) {
  const form = element.form?.getAttribute("action") ?? "";
  return [form, element.name, ticked(element) ? element.value : "", element.dataset.openDialog ?? ""].join("\n");
}

function typedIn(control) {
  if (ticked(control)) return control.checked !== control.defaultChecked;
  if (control.matches("select")) {
    const usual = [...control.options].findIndex((option) => option.defaultSelected);
    return control.selectedIndex !== Math.max(usual, 0);
  }
  // After a refusal the server wrote back what had been typed: it is no less somebody's own.
  return control.value !== (control.closest("[data-typed]") ? "" : control.defaultValue);
}

// Whether somebody is writing in it at this moment.
export function isTypedIn(part) {
  const here = document.activeElement;
  return part.contains(here) && here.matches(CONTROLS) && typedIn(here);
}

function shownValue(control) {
  if (control.matches("select")) return control.selectedOptions[0]?.text ?? "";
  return ticked(control) ? "✓" : control.value;
}

function taken(part) {
  const typed = [...part.querySelectorAll(CONTROLS)].filter(typedIn).map((control) => ({
    key: keyOf(control),
    label: control.getAttribute("aria-label") ?? control.labels?.[0]?.textContent.trim() ?? control.name,
    shown: shownValue(control),
    value: control.value,
    checked: control.checked,
  }));
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  return {
    typed,
    dialog: part.querySelector("dialog[open]")?.id ?? part.querySelector("[data-refused-dialog]")?.dataset.refusedDialog,
    focus: focused && keyOf(focused),
    from: focused?.selectionStart,
    to: focused?.selectionEnd,
  };
}

function put(control, one) {
  if (ticked(control)) control.checked = one.checked;
  else control.value = one.value;
}

function notice(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "notice";
  paragraph.setAttribute("role", "status");
  paragraph.textContent = text;
  return paragraph;
}

function tellLost(part, lost) {
  const box = notice(part.dataset.liveChanged);
  box.tabIndex = -1;
  const list = document.createElement("ul");
  for (const one of lost) {
    const line = document.createElement("li");
    line.textContent = `${one.label} : ${one.shown}`;
    list.append(line);
  }
  const kept = document.createElement("div");
  kept.textContent = part.dataset.liveLost;
  kept.append(list);
  part.prepend(box, kept);
  kept.className = "notice";
  box.focus({ preventScroll: true });
}

function focusAgain(part, before) {
  const place = [...part.querySelectorAll(`${CONTROLS}, button`)].find((one) => keyOf(one) === before.focus);
  if (!place || !place.getClientRects().length) return;
  place.focus({ preventScroll: true });
  if (before.from !== null && before.from !== undefined) place.setSelectionRange?.(before.from, before.to);
}

export function replaceKeeping(part, next) {
  if (part.querySelector("form[data-sent]")) return; // on its way: the answer brings the new state
  const before = taken(part);
  for (const name of ["liveVersion", "liveChanged", "liveLost"]) part.dataset[name] = next.dataset[name] ?? "";
  part.toggleAttribute("data-typed", false);
  part.innerHTML = next.innerHTML;
  window.htmx?.process(part);
  const controls = new Map([...part.querySelectorAll(CONTROLS)].map((control) => [keyOf(control), control]));
  const lost = before.typed.filter((one) => !controls.has(one.key));
  for (const one of before.typed) if (controls.has(one.key)) put(controls.get(one.key), one);
  const dialog = before.dialog && part.querySelector(`#${CSS.escape(before.dialog)}`);
  if (dialog) {
    dialog.querySelector("h2")?.after(notice(part.dataset.liveChanged));
    dialog.showModal();
  }
  if (before.focus) focusAgain(part, before);
  if (lost.length) tellLost(part, lost);
}
