// Draws the page's charts from the page's tables: what they show is what the tables say.

/* global uPlot */

const STEPS_PCT = [0, 20, 40, 60, 70, 80, 90, 100];
const EVERY = [1, 2, 3, 4, 6, 8, 12, 24, 48];
const LABEL_PX = { short: 24, long: 44 };
const NARROW_PX = 560;
const PARTS = ["pv", "rest", "storage", "from"];
const axisNumber = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });

function periods(rows) {
  return [...document.querySelectorAll(rows)].map((row) => {
    const number = (name) => (row.dataset[name] === "" ? null : Number(row.dataset[name]));
    const one = { row, label: row.dataset.label, status: row.dataset.status, share: number("share") };
    for (const name of [...PARTS, "to", "drawn"]) one[name] = number(name);
    // A day of which some hours are complete has figures; an incomplete hour has none.
    one.reading = one.drawn === null ? one.status : "complete";
    return one;
  });
}

// How high the parts up to one of them reach, kWh: bars are drawn over one another, the highest first.
function reach(one, part) {
  if (one.drawn === null) return null;
  const parts = PARTS.slice(0, PARTS.indexOf(part) + 1);
  return parts.reduce((sum, name) => sum + (one[name] ?? 0), 0) / 1000;
}

const KINDS = {
  energy: {
    height: { wide: 340, narrow: 270 },
    series: ["from_grid", "storage", "rest", "pv", "to_grid"],
    values: (all) => [
      ...[...PARTS].reverse().map((part) => all.map((one) => reach(one, part))),
      all.map((one) => (one.to === null ? null : -one.to / 1000)),
    ],
    range: (u, min, max) => [1.05 * Math.min(min ?? 0, 0), 1.05 * Math.max(max ?? 0, 0) || 1],
    // Below the line there is energy that left, not less than nothing.
    y: { values: (u, splits) => splits.map((value) => axisNumber.format(Math.abs(value))) },
  },
  share: {
    height: { wide: 210, narrow: 190 },
    series: ["covered"],
    values: (all) => [all.map((one) => one.share)],
    range: () => [0, 100],
    y: { splits: () => STEPS_PCT, values: (u, splits) => splits.map(String) },
  },
};

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function hatch(u, from, to) {
  const { ctx, bbox } = u;
  const gap = 7 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(from, bbox.top, to - from, bbox.height);
  ctx.clip();
  ctx.strokeStyle = colour("hatch");
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  for (let x = from - bbox.height; x < to; x += gap) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

class Chart {
  constructor(figure) {
    this.figure = figure;
    this.kind = KINDS[figure.dataset.chart];
    this.plot = figure.querySelector(".plot");
    this.all = [];
    this.place = null;
    this.u = null;
    figure.hidden = false;
    this.plot.addEventListener("keydown", (event) => this.step(event));
    this.plot.addEventListener("blur", () => this.read(null));
    new ResizeObserver(() => this.u?.setSize(this.size())).observe(this.plot);
  }

  size() {
    const width = this.plot.clientWidth;
    return { width, height: this.kind.height[width < NARROW_PX ? "narrow" : "wide"] };
  }

  draw(all) {
    const same = this.u && all.length === this.all.length;
    this.all = all;
    const data = [all.map((_, place) => place), ...this.kind.values(all)];
    if (same) {
      this.u.setData(data);
      this.read(this.place);
      return;
    }
    this.u?.destroy();
    this.u = new uPlot(this.options(), data, this.plot);
  }

  again() {
    this.u?.destroy();
    this.u = null;
    this.draw(this.all);
  }

  options() {
    const axis = { stroke: colour("text"), font: "12px system-ui, \"DejaVu Sans\", sans-serif", ticks: { show: false } };
    const grid = { stroke: colour("line"), width: 1 };
    const bars = uPlot.paths.bars({ size: [0.78, 44] });
    return {
      ...this.size(),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      scales: {
        x: { time: false, range: () => [-0.5, this.all.length - 0.5] },
        y: { range: this.kind.range },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          splits: (u) => this.ticks(u),
          values: (u, splits) => splits.map((place) => this.all[place]?.label ?? ""),
          size: 28,
        },
        { ...axis, grid, size: 52, ...this.kind.y },
      ],
      series: [
        {},
        ...this.kind.series.map((name) => ({ fill: colour(name), width: 0, paths: bars, points: { show: false } })),
      ],
      hooks: {
        drawClear: [(u) => this.mark(u)],
        draw: [(u) => this.zero(u)],
        setCursor: [(u) => this.read(u.cursor.idx)],
      },
    };
  }

  ticks(u) {
    const wanted = this.all.some((one) => one.label.length > 2) ? LABEL_PX.long : LABEL_PX.short;
    const each = u.bbox.width / devicePixelRatio / this.all.length;
    const every = EVERY.find((count) => count * each >= wanted) ?? EVERY.at(-1);
    return this.all.map((_, place) => place).filter((place) => place % every === 0);
  }

  mark(u) {
    this.all.forEach((one, place) => {
      if (one.reading !== "incomplete") return;
      hatch(u, u.valToPos(place - 0.5, "x", true), u.valToPos(place + 0.5, "x", true));
    });
  }

  zero(u) {
    const { ctx, bbox } = u;
    const y = Math.round(u.valToPos(0, "y", true));
    ctx.save();
    ctx.strokeStyle = colour("text");
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const last = this.all.length - 1;
    const from = this.place ?? (by > 0 ? -1 : last + 1);
    const place = Math.min(Math.max(from + by, 0), last);
    this.u.setCursor({ left: this.u.valToPos(place, "x"), top: 1 });
  }

  read(place) {
    this.place = place ?? null;
    const one = this.all[place];
    for (const sentence of this.figure.querySelectorAll("[data-state]")) {
      sentence.hidden = sentence.dataset.state !== (one?.reading ?? "none");
    }
    for (const cell of one ? this.figure.querySelectorAll("[data-cell]") : []) {
      cell.textContent = one.row.querySelector(`[data-col="${cell.dataset.cell}"]`)?.textContent.trim() || "–";
    }
  }
}

/** All charts of the page, whichever page it is. */
export class Charts {
  constructor() {
    this.charts = [];
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const chart of this.charts) chart.again();
    });
  }

  /** Draw what the table says now; anew where the page has new figures. */
  draw() {
    const figures = [...document.querySelectorAll("figure[data-chart]")];
    if (this.charts.some((chart) => !chart.figure.isConnected) || this.charts.length !== figures.length) {
      this.charts = figures.map((figure) => new Chart(figure));
    }
    for (const chart of this.charts) chart.draw(periods(chart.figure.dataset.rows));
  }
}
