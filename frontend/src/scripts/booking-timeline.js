// The only file that knows the calendar library. It draws what the server describes:
//
//   <div data-booking-timeline data-feed="/booking/…" data-new-url="/booking/new" data-dialog="booking-dialog">
//     <script type="application/json">{"day", "opens", "closes", "spaces": […], "bookings": […]}</script>
//   </div>
//
// space: {id, name, note}; booking: {id, space, starts, ends, title, kind, url} with wall times
// of Morocco ("2026-11-23T09:00") and kind = confirmed | option | event | closed.
import { createCalendar, Interaction, ResourceTimeline } from "@event-calendar/core";
import { language } from "./page.js";

const SLOT_MINUTES = 30;
const SNAP_MINUTES = 15;
const SPACE_COLUMN = 152;
const SMALLEST_SLOT = 34;
const POLL_MS = 2000;

function minutes(clock) {
  const [hours, rest] = clock.split(":").map(Number);
  return hours * 60 + rest;
}

function slotWidth(box, data) {
  const slots = (minutes(data.closes) - minutes(data.opens)) / SLOT_MINUTES;
  return Math.max(SMALLEST_SLOT, Math.floor((box.clientWidth - SPACE_COLUMN - 16) / slots));
}

function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text ?? "";
  return element;
}

const resources = (data) =>
  data.spaces.map((space) => ({ id: space.id, title: space.name, extendedProps: { note: space.note } }));

const events = (data) =>
  data.bookings.map((booking) => ({
    id: booking.id,
    resourceIds: [booking.space],
    start: booking.starts,
    end: booking.ends,
    title: booking.title,
    classNames: [`booking-${booking.kind}`],
    editable: false,
    extendedProps: booking,
  }));

function openDialog(box, params) {
  const url = `${box.dataset.newUrl}?${new URLSearchParams(params)}`;
  const dialog = document.getElementById(box.dataset.dialog);
  if (!dialog) location.href = url;
  else window.htmx.ajax("GET", url, { target: dialog, swap: "innerHTML" });
}

const pad = (number) => String(number).padStart(2, "0");
const wall = (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}`;
const dayOf = (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;

function draw(box, data) {
  return createCalendar(box, [ResourceTimeline, Interaction], {
    view: "resourceTimelineDay",
    date: data.day,
    locale: language() === "ar" ? "ar-MA-u-nu-latn" : language() === "fr" ? "fr-MA" : "en-GB",
    headerToolbar: { start: "", center: "", end: "" },
    slotMinTime: data.opens,
    slotMaxTime: data.closes,
    slotDuration: { minutes: SLOT_MINUTES },
    slotLabelInterval: { minutes: 60 },
    slotLabelFormat: (date) => wall(date),
    snapDuration: { minutes: SNAP_MINUTES },
    slotWidth: slotWidth(box, data),
    dayHeaderFormat: { weekday: "long" },
    resources: resources(data),
    resourceLabelContent: ({ resource }) => ({
      // The library draws a placeholder row before the real ones: it has no extendedProps.
      domNodes: [span("space-name", resource.title), span("space-note", resource.extendedProps?.note)],
    }),
    events: events(data),
    eventContent: ({ event }) => ({
      domNodes: [span("booking-title", event.title), span("booking-time", event.extendedProps?.starts?.slice(11))],
    }),
    eventDidMount: ({ el, event }) => {
      const booking = event.extendedProps;
      el.setAttribute("aria-label", `${event.title}, ${booking.starts.slice(11)}–${booking.ends.slice(11)}`);
      el.title = `${event.title} · ${booking.starts.slice(11)}–${booking.ends.slice(11)}`;
      if (booking.url) {
        el.tabIndex = 0;
        el.setAttribute("role", "link");
        el.addEventListener("keydown", (pressed) => {
          if (pressed.key === "Enter") location.href = booking.url;
        });
      }
    },
    eventClick: ({ event }) => {
      if (event.extendedProps.url) location.href = event.extendedProps.url;
    },
    selectable: Boolean(box.dataset.newUrl),
    select: ({ start, end, resource }) => {
      openDialog(box, { space: resource.id, day: dayOf(start), starts: wall(start), ends: wall(end) });
    },
    nowIndicator: true,
    height: "auto",
  });
}

function start(box) {
  let data = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  let etag = "";
  let calendar = draw(box, data);

  async function poll() {
    if (document.hidden || !box.dataset.feed || !box.isConnected) return;
    try {
      const headers = { Accept: "application/json", ...(etag && { "If-None-Match": etag }) };
      const response = await fetch(box.dataset.feed, { headers });
      if (!response.ok) return;
      etag = response.headers.get("ETag") ?? "";
      data = await response.json();
      calendar.setOption("resources", resources(data));
      calendar.setOption("events", events(data));
    } catch {
      // The live sign in the top bar tells that the connection is lost.
    }
  }

  let width = box.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(box.clientWidth - width) < 20) return;
    width = box.clientWidth;
    calendar.setOption("slotWidth", slotWidth(box, data));
  }).observe(box);
  setInterval(poll, POLL_MS);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("[data-booking-timeline]")) start(box);
});
