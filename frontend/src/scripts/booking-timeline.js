// The only file that knows the calendar library. It draws what the server describes:
//
//   <div data-booking-timeline data-feed="/booking/…" data-new-url="/booking/new" data-dialog="booking-dialog">
//     <script type="application/json">{"day", "opens", "closes", "utc_offset", "spaces", "bookings", "closures", "buffers"}</script>
//   </div>
//
// space: {id, name, note}; booking: {id, space, starts, ends, title, kind, url} with wall times
// of Morocco ("2026-11-23T09:00") and kind = confirmed | option | event | closed | stranded; buffer: a
// booking without kind or url, a closure likewise; utc_offset: Morocco's minutes ahead of UTC that day.
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

// The library draws a placeholder row before the real ones: it has no extendedProps.
function label(resource) {
  const element = span("space", "");
  element.append(span("space-name", resource.title), span("space-note", resource.extendedProps?.note));
  return element;
}

function card(event) {
  const { starts = "", ends = "", url } = event.extendedProps ?? {};
  const element = document.createElement(url ? "a" : "span");
  const time = span("booking-time", starts.slice(11));
  time.append(span("visually-hidden", `–${ends.slice(11)}`));
  element.className = "booking";
  element.title = `${event.title} · ${starts.slice(11)}–${ends.slice(11)}`;
  const title = span("booking-title", event.title);
  // A Latin name on an Arabic page is cut at its own end, not at its beginning.
  title.dir = "auto";
  element.append(title, time);
  if (url) element.href = url;
  return element;
}

// It also claims to be a table without being one: rows are not where a screen reader looks for
// them. Bookings are links, and the page has the same day as a list.
const TABLE_ROLES = ["table", "row", "rowgroup", "rowheader", "columnheader", "cell"];
const TABLE_ATTRIBUTES = ["aria-colindex", "aria-rowindex", "aria-colcount", "aria-rowcount", "aria-colspan"];

function dropTableRoles(box) {
  for (const role of TABLE_ROLES) {
    for (const element of box.querySelectorAll(`[role=${role}]`)) element.removeAttribute("role");
  }
  for (const name of TABLE_ATTRIBUTES) {
    for (const element of box.querySelectorAll(`[${name}]`)) element.removeAttribute(name);
  }
}

const resources = (data) =>
  data.spaces.map((space) => ({ id: space.id, title: space.name, extendedProps: { note: space.note } }));

const event = (booking, rest) => ({
  id: booking.id,
  resourceIds: [booking.space],
  start: booking.starts,
  end: booking.ends,
  title: booking.title,
  editable: false,
  extendedProps: booking,
  ...rest,
});

// Setting up and tidying lie behind the bookings: the slot is taken, but it is nobody's meeting.
const events = (data) => [
  ...data.bookings.map((booking) => event(booking, { classNames: [`booking-${booking.kind}`] })),
  ...data.closures.map((closure) => event(closure, { classNames: ["booking-shut"], display: "background" })),
  ...data.buffers.map((buffer) => event(buffer, { classNames: ["booking-buffer"], display: "background" })),
];

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
    resourceLabelContent: ({ resource }) => ({ domNodes: [label(resource)] }),
    events: events(data),
    eventContent: ({ event }) => {
      if (event.display !== "background") return { domNodes: [card(event)] };
      return event.classNames.includes("booking-shut") ? { domNodes: [span("shut-title", event.title)] } : "";
    },
    selectable: Boolean(box.dataset.newUrl),
    select: ({ start, end, resource }) => {
      openDialog(box, { space: resource.id, day: dayOf(start), starts: wall(start), ends: wall(end) });
    },
    // The library reads the browser's clock; its red line would be wrong under another offset.
    nowIndicator: -new Date().getTimezoneOffset() === data.utc_offset,
    height: "auto",
  });
}

function start(box) {
  let data = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  let etag = "";
  const calendar = draw(box, data);
  dropTableRoles(box);
  new MutationObserver(() => dropTableRoles(box)).observe(box, { childList: true, subtree: true });

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
