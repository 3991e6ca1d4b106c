// A part of the page that another service draws. When it cannot, the place says so and offers
// to try again; the rest of the page does not notice.
const fragmentOf = (ctx) => ctx?.sourceElement?.closest?.("[data-fragment]");

function fail(section) {
  const body = section.querySelector("[data-fragment-body]");
  body.replaceChildren(section.querySelector("template").content.cloneNode(true));
  section.removeAttribute("aria-busy");
}

document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  const section = fragmentOf(ctx);
  if (!section) return;
  if (ctx.response.status === 401) return;
  if (ctx.response.status >= 400) {
    event.preventDefault();
    fail(section);
  }
});

document.addEventListener("htmx:error", (event) => {
  const section = fragmentOf(event.detail.ctx);
  if (section) fail(section);
});

document.addEventListener("htmx:after:swap", (event) => {
  fragmentOf(event.detail.ctx)?.removeAttribute("aria-busy");
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-retry]");
  const section = button?.closest("[data-fragment]");
  if (!section) return;
  section.setAttribute("aria-busy", "true");
  section.dispatchEvent(new CustomEvent("retry"));
});
