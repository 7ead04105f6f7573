// What the settlement meters show now, beside the balance of hours that have ended.

const EVERY_MS = 10_000;
const language = document.documentElement.lang;
const kilowatts = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23", timeZone: "Europe/Warsaw" });

function number(meter, wanted) {
  const found = meter.values?.find((one) => wanted(one));
  const value = found ? Number(found.value) : NaN;
  return Number.isFinite(value) ? value : null;
}

function figures(meters) {
  const settlement = meters.filter((meter) => meter.role === "settlement");
  const watts = settlement.map((meter) => number(meter, (one) => one.name === "power_w")).filter((w) => w !== null);
  // Power is counted from the member's side: drawn is positive, injected negative.
  const sum = (sign) => watts.reduce((all, w) => all + Math.max(sign * w, 0), 0) / 1000;
  const charges = meters
    .map((meter) => number(meter, (one) => one.name.includes("soc") && one.unit === "%"))
    .filter((percent) => percent !== null);
  return {
    drawn: watts.length ? kilowatts.format(sum(1)) : null,
    injected: watts.length ? kilowatts.format(sum(-1)) : null,
    charge: charges.length ? charges.map((percent) => whole.format(percent)).join(" · ") : null,
    meters: meters.length ? whole.format(meters.length) : null,
  };
}

function show(section, meters) {
  section.hidden = meters.length === 0;
  for (const [name, text] of Object.entries(figures(meters))) {
    const tile = section.querySelector(`[data-live-tile="${name}"]`);
    tile.hidden = text === null;
    tile.querySelector("[data-value]").textContent = text ?? "";
  }
  const last = meters.map((meter) => meter.at).filter(Boolean).sort().at(-1);
  const at = section.querySelector("[data-live-at]");
  at.hidden = !last;
  if (last) at.querySelector("b").textContent = clock.format(new Date(last));
}

async function look() {
  const section = document.getElementById("live");
  if (section && !document.hidden) {
    try {
      const answer = await fetch(section.dataset.from, { cache: "no-store", signal: AbortSignal.timeout(EVERY_MS) });
      show(section, answer.ok ? ((await answer.json()).meters ?? []) : []);
    } catch {
      // What isn't heard any more isn't "now": old figures would be taken for present ones.
      show(section, []);
    }
  }
  setTimeout(look, EVERY_MS);
}

/** Keep the section "now" filled, if the page has one. */
export function keepLive() {
  if (document.getElementById("live")) look();
}
