// Keeps the page fresh: fetches it again and exchanges the parts that changed. The server's templates stay the only
// place that words and formats figures.

import { Charts } from "./charts.js";
import { keepLive } from "./live.js";
import { prepareMap } from "./map.js";

const EVERY_MS = 10_000;
const SOON_MS = 2_000;
const PATIENCE_MS = 30_000;

const charts = new Charts();
const stale = document.getElementById("stale");

function exchange(fresh) {
  const main = document.querySelector("main");
  const shape = (page) => page.dataset.page + (page.querySelector("[data-shape]")?.dataset.shape ?? "");
  if (shape(fresh) !== shape(main)) {
    // Another day has begun, trouble came or went, a first source: nothing of the old page is worth keeping.
    main.replaceWith(fresh);
    return;
  }
  for (const part of main.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`#${part.id}`);
    // Someone reads or types in here: it is exchanged next time.
    if (next && next.outerHTML !== part.outerHTML && !part.contains(document.activeElement)) part.replaceWith(next);
  }
}

function draw() {
  charts.draw();
  prepareMap();
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = fresh.querySelector("main");
    if (!main) throw new Error("not this page");
    document.title = fresh.title;
    exchange(document.adoptNode(main));
    draw();
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

// Sooner where the page says that newer figures are being computed.
const pause = () => (document.querySelector("[data-newer]") ? SOON_MS : EVERY_MS);

// What is kept for ever needs no second look, unless something of it is still being made.
const still = () => document.querySelector("main[data-still]") && !document.querySelector("[data-newer]");

async function keepFresh() {
  if (!document.hidden && !still()) await refresh();
  setTimeout(keepFresh, pause());
}

draw();
keepLive();
setTimeout(keepFresh, pause());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !still()) refresh();
});
