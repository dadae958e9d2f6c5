// Tells each time in the visitor's zone, with UTC beside it. Without this script a page tells UTC.
"use strict";

const day = { day: "numeric", month: "short", year: "numeric" };
const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const inZone = new Intl.DateTimeFormat("en-GB", { ...day, ...clock, timeZoneName: "short" });

for (const element of document.querySelectorAll("time[datetime]")) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.valueOf()) || at.getTimezoneOffset() === 0) continue;
  const isSameDay = at.getDate() === at.getUTCDate();
  const utc = new Intl.DateTimeFormat("en-GB", { ...(isSameDay ? {} : day), ...clock, timeZone: "UTC" });
  // A line does not break within the brackets.
  const beside = `(${utc.format(at)} UTC)`.replaceAll(" ", "\u00a0");
  element.textContent = `${inZone.format(at)} ${beside}`;
}
