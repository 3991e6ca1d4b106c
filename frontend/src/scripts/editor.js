// The text editor of a procedure: line numbers beside the text, and a fault leads to its line.
const box = document.querySelector("[data-code-editor]");
const text = box?.querySelector("textarea");
const numbers = box?.querySelector("[data-code-lines]");

function count() {
  const lines = text.value.split("\n").length;
  numbers.textContent = Array.from({ length: lines }, (_, at) => at + 1).join("\n");
}

function goTo(line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  const height = text.scrollHeight / lines.length;
  text.scrollTop = Math.max(0, (line - 6) * height);
}

if (text) {
  count();
  text.addEventListener("input", count);
  text.addEventListener("scroll", () => {
    numbers.scrollTop = text.scrollTop;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-go-to-line]");
    if (button) goTo(Number(button.dataset.goToLine));
  });
}
