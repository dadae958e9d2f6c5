// Adds to the pages what they can do without: the reader's own time, and news without loading again.
"use strict";

const inZone = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23", timeZoneName: "short",
});

// The time in the reader's zone, for the mouse; the page tells UTC.
function tellTimes(within) {
  for (const element of within.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    if (!Number.isNaN(at.valueOf())) element.title = inZone.format(at);
  }
}
tellTimes(document);

const state = document.querySelector("#tail-state");
const lines = document.querySelector("#tail tbody");
if (state !== null && lines !== null && "EventSource" in window) {
  const source = new EventSource(state.dataset.source);
  source.addEventListener("lines", event => {
    // The server has escaped all that others have said.
    lines.innerHTML = event.data;
    tellTimes(lines);
    state.textContent = "Watching: what happens appears by itself.";
    state.classList.add("is-live");
  });
  source.addEventListener("error", () => {
    source.close();
    state.classList.remove("is-live");
    state.textContent = "The console sends no more news. ";
    const again = document.createElement("a");
    again.href = window.location.href;
    again.textContent = "Load again";
    state.append(again);
  });
}
