// Keeps the page fresh: fetches it again and exchanges the parts that changed. The server's templates stay the only
// place that words and formats figures.

import { Charts } from "./charts.js";

const EVERY_MS = 10_000;
const PATIENCE_MS = 30_000;

const charts = new Charts();
const stale = document.getElementById("stale");

function exchange(fresh) {
  const main = document.querySelector("main");
  if (fresh.dataset.page !== main.dataset.page) {
    // Another day has begun, or trouble came or went: nothing of the old page is worth keeping.
    main.replaceWith(fresh);
    return;
  }
  for (const part of main.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`#${part.id}`);
    if (next && next.outerHTML !== part.outerHTML) part.replaceWith(next);
  }
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = fresh.querySelector("main");
    if (!main) throw new Error("not this page");
    document.title = fresh.title;
    exchange(document.adoptNode(main));
    charts.draw();
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, EVERY_MS);
}

charts.draw();
setTimeout(keepFresh, EVERY_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
