// Every htmx request carries the proof that it comes from one of our pages.
import { csrf } from "./page.js";

document.addEventListener("htmx:config:request", (event) => {
  const token = csrf();
  if (token) event.detail.ctx.request.headers["X-CSRF-Token"] = token;
});
