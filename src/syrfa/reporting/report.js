"use strict";
// Draws the page's curves. Each plot is a box that the page names, filled with an SVG as wide as the box.
(() => {
  const DATA = JSON.parse(document.getElementById("plots").textContent);

  const make = (name, attributes, parent, content) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (content !== undefined) node.textContent = content;
    parent.append(node);
    return node;
  };
  const html = (name, parent, content, className) => {
    const node = document.createElement(name);
    if (content !== undefined) node.textContent = content;
    if (className) node.className = className;
    parent.append(node);
    return node;
  };
  const short = (value) => (typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value ?? "-"));
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  /** Round numbers from low to high, about `count` of them. */
  const ticks = (low, high, count) => {
    const rough = (high - low) / Math.max(count, 1) || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough * 0.999);
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) found.push(k * step);
    return found;
  };

  /** Draws again whenever the box gets another width, also when a folded part is opened. */
  const follow = (box, draw) => {
    let width = 0;
    const look = () => {
      const now = Math.floor(box.clientWidth);
      if (now > 0 && now !== width) { width = now; draw(width); }
    };
    new ResizeObserver(look).observe(box);
    look();
  };

  const canvas = (box, width, height, label) => {
    box.replaceChildren();
    return make("svg", { viewBox: `0 0 ${width} ${height}`, "aria-label": label, tabindex: 0 }, box);
  };

  const place = (svg, event, width) => {
    const frame = svg.getBoundingClientRect();
    const zoom = width / frame.width;
    return [(event.clientX - frame.left) * zoom, (event.clientY - frame.top) * zoom];
  };

  /** Frame scores of one video over its ground truth; the pointer or the arrow keys walk along the frames. */
  const scores = (box, plot) => {
    const frames = plot.scores.length;
    const caption = box.parentElement.querySelector("figcaption") ?? box;
    const readout = html("output", caption, "", "readout");
    const inside = html("div", box);
    const abnormal = (frame) => plot.bands.some(([first, last]) => frame >= first && frame <= last);
    let at = -1;
    follow(inside, (width) => {
      const height = 118, left = 30, right = 34, top = 6, bottom = 20;
      const svg = canvas(inside, width, height, `Score of video ${plot.name}, frame by frame`);
      const x = (frame) => left + (width - left - right) * (frames > 1 ? frame / (frames - 1) : 0.5);
      const scale = ([low, high]) => (value) => top + (height - top - bottom) * (1 - (value - low) / (high - low || 1));
      const y = scale(plot.range), w = scale(plot.widthRange);
      const half = frames > 1 ? (x(1) - x(0)) / 2 : 4;
      for (const [first, last] of plot.bands) {
        const start = Math.max(x(first) - half, left), end = Math.min(x(last) + half, width - right);
        make("rect", { class: "band", x: start, y: top, width: Math.max(end - start, 1), height: height - top - bottom }, svg);
      }
      for (const value of ticks(...plot.range, 2)) {
        make("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }, svg);
        make("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, svg, short(value));
      }
      for (const value of ticks(0, frames - 1, width / 110)) {
        make("text", { x: x(value), y: height - 5, "text-anchor": "middle" }, svg, short(value));
      }
      for (const value of plot.widthRange) {
        make("text", { x: width - right + 5, y: w(value) + 4 }, svg, short(Number(value.toFixed(2))));
      }
      make("path", { class: "base", d: path(plot.width.map((value, i) => [x(i), w(value)])) }, svg);
      make("path", { class: "line", d: path(plot.scores.map((value, i) => [x(i), y(value)])) }, svg);
      const mark = make("g", { visibility: "hidden" }, svg);
      const line = make("line", { class: "cursor", y1: top, y2: height - bottom }, mark);
      const second = make("circle", { class: "dot of-base", r: 3.5 }, mark);
      const dot = make("circle", { class: "dot", r: 4 }, mark);
      const show = (frame) => {
        at = clamp(frame, 0, frames - 1);
        line.setAttribute("x1", x(at));
        line.setAttribute("x2", x(at));
        dot.setAttribute("cx", x(at));
        dot.setAttribute("cy", y(plot.scores[at]));
        second.setAttribute("cx", x(at));
        second.setAttribute("cy", w(plot.width[at]));
        mark.setAttribute("visibility", "visible");
        const told = `frame ${at}, score ${plot.scores[at].toFixed(3)}, box_width ${plot.width[at].toFixed(3)}, `
          + (abnormal(at) ? "abnormal" : "normal");
        readout.textContent = told;
        svg.setAttribute("aria-valuenow", at);
        svg.setAttribute("aria-valuetext", told);
      };
      const limits = { role: "slider", "aria-valuemin": 0, "aria-valuemax": frames - 1, "aria-valuenow": Math.max(at, 0) };
      for (const [key, value] of Object.entries(limits)) svg.setAttribute(key, value);
      const pointed = (event) => show(Math.round((place(svg, event, width)[0] - left) / (width - left - right) * (frames - 1)));
      svg.addEventListener("pointermove", pointed);
      svg.addEventListener("pointerdown", pointed);
      svg.addEventListener("focus", () => { if (at < 0) show(0); });
      svg.addEventListener("keydown", (event) => {
        const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
        const to = event.key === "Home" ? 0 : event.key === "End" ? frames - 1 : at + (steps[event.key] ?? NaN);
        if (Number.isNaN(to)) return;
        event.preventDefault();
        show(to);
      });
      if (at >= 0) show(at);
    });
  };

  /** Lines over a common pair of axes; the nearest point is told. */
  const lines = (box, plot, size) => {
    const inside = html("div", box);
    const readout = html("output", box, "", "readout");
    const points = plot.series.flatMap((series) => series.points.map((point) => [series, point]));
    const range = (k) => {
      const values = points.map(([, point]) => point[k]);
      const low = Math.min(...values), high = Math.max(...values);
      return low === high ? [low - 0.5, high + 0.5] : [low, high];
    };
    const xr = plot.xRange ?? range(0), yr = plot.yRange ?? range(1);
    let at = -1;
    follow(inside, (width) => {
      const height = size(width), left = 46, right = 10, top = 8, bottom = plot.x ? 34 : 20;
      const svg = canvas(inside, width, height, plot.label ?? plot.name);
      const x = (value) => left + (width - left - right) * (value - xr[0]) / (xr[1] - xr[0]);
      const y = (value) => top + (height - top - bottom) * (1 - (value - yr[0]) / (yr[1] - yr[0]));
      for (const value of ticks(...yr, height / 60)) {
        make("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }, svg);
        make("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, svg, short(value));
      }
      for (const value of ticks(...xr, width / 90)) {
        make("text", { x: x(value), y: height - bottom + 15, "text-anchor": "middle" }, svg, short(value));
      }
      if (plot.x) make("text", { x: (left + width - right) / 2, y: height - 3, "text-anchor": "middle" }, svg, plot.x);
      if (plot.chance) {
        const [[ax, ay], [bx, by]] = plot.chance;
        make("line", { class: "chance", x1: x(ax), y1: y(ay), x2: x(bx), y2: y(by) }, svg);
      }
      const many = plot.series.filter((series) => !series.baseline).length > 1;
      for (const series of plot.series) {
        const kind = series.baseline ? "base" : many ? "line many" : "line";
        make("path", { class: kind, d: path(series.points.map(([a, b]) => [x(a), y(b)])) }, svg);
      }
      const dot = make("circle", { class: "dot", r: 4, visibility: "hidden" }, svg);
      const show = (number) => {
        if (!points.length) return;
        at = clamp(number, 0, points.length - 1);
        const [series, [a, b]] = points[at];
        dot.setAttribute("cx", x(a));
        dot.setAttribute("cy", y(b));
        dot.setAttribute("visibility", "visible");
        dot.setAttribute("class", series.baseline ? "dot of-base" : "dot");
        readout.textContent = `${series.name}: ${plot.x ?? "x"} ${short(a)}, ${plot.y ?? "value"} ${short(b)}`;
      };
      svg.setAttribute("role", "group");
      const pointed = (event) => {
        const [px, py] = place(svg, event, width);
        let best = 0, least = Infinity;
        points.forEach(([, [a, b]], number) => {
          const far = (x(a) - px) ** 2 + (y(b) - py) ** 2;
          if (far < least) { least = far; best = number; }
        });
        show(best);
      };
      svg.addEventListener("pointermove", pointed);
      svg.addEventListener("pointerdown", pointed);
      svg.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        show(at + step);
      });
      if (at >= 0) show(at);
    });
  };

  /** ROC and PR of one reading at a time. */
  const rates = (box, plot) => {
    const tools = html("div", box, undefined, "tools");
    const label = html("label", tools, "Reading ");
    const select = html("select", label);
    for (const reading of plot.readings) html("option", select, reading.name);
    const pair = html("div", box, undefined, "pair");
    const draw = () => {
      const reading = plot.readings[select.selectedIndex];
      pair.replaceChildren();
      const kinds = [
        ["roc", "ROC", "false-positive rate", "true-positive rate", [[0, 0], [1, 1]]],
        ["pr", "Precision-recall", "recall", "precision", [[0, reading.chance], [1, reading.chance]]],
      ];
      for (const [key, title, x, y, chance] of kinds) {
        const side = html("div", pair);
        html("h4", side, title);
        const series = reading.series.map((each) => ({ ...each, points: each[key] }));
        const content = { series, x, y, chance, xRange: [0, 1], yRange: [0, 1], label: `${title} of ${reading.name}` };
        lines(side, content, (width) => Math.min(width, 380) * 0.86);
      }
    };
    select.addEventListener("change", draw);
    draw();
  };

  /** Parallel coordinates: one line a point of a sweep, tied to the rows of its table. */
  const parallel = (box, plot) => {
    const table = document.querySelector(`table#${plot.table}`);
    const rows = new Map([...table.tBodies[0].rows].map((row) => [Number(row.cells[0].textContent) - 1, row]));
    const values = plot.rows.map((row) => row.values.at(-1));
    const low = Math.min(...values), high = Math.max(...values);
    const tools = html("div", box, undefined, "tools");
    const last = plot.axes.at(-1);
    const written = (axis, value) => (axis.kind === "share" ? (100 * value).toFixed(1) : short(value));
    const label = html("label", tools, `${last.name} of at least `);
    const slider = html("input", label);
    Object.assign(slider, { type: "range", min: 0, max: 100, step: 1, value: 0 });
    const least = html("output", label, written(last, low));
    const readout = html("output", box, "Point at a line or a row of the table.", "readout");
    const inside = html("div", box);
    const axes = plot.axes.map((axis, k) => {
      const found = plot.rows.map((row) => row.values[k]);
      const numeric = found.every((value) => typeof value === "number");
      const distinct = [...new Set(found)].sort((a, b) => (numeric ? a - b : String(a).localeCompare(String(b))));
      // a grid's few values stand at equal distances: 0.01, 0.1 and 1 would else fall together
      const even = axis.kind === "setting" && (!numeric || distinct.length <= 8);
      const position = (value) => {
        if (even) return distinct.length > 1 ? distinct.indexOf(value) / (distinct.length - 1) : 0.5;
        const [from, to] = [distinct[0], distinct.at(-1)];
        return to > from ? (value - from) / (to - from) : 0.5;
      };
      const marks = even ? distinct : distinct.length > 1 ? ticks(distinct[0], distinct.at(-1), 4) : distinct;
      return { ...axis, position, marks };
    });
    let ways = [], chosen = null;
    const choose = (id) => {
      chosen = id;
      for (const [row, way] of ways) {
        way.classList.toggle("on", row.id === id);
        way.classList.toggle("off", id !== null && row.id !== id);
        if (row.id === id) way.parentElement.append(way);
      }
      for (const [key, row] of rows) row.classList.toggle("on", key === id);
      const row = plot.rows.find((each) => each.id === id);
      if (!row) return;
      const told = plot.axes.map((axis, k) => `${axis.name} ${written(axis, row.values[k])}`).join(", ");
      readout.textContent = `Point ${id + 1}: ${told}`;
    };
    const cut = () => {
      const bound = low + (high - low) * slider.value / 100 - 1e-12;
      least.textContent = written(last, bound);
      for (const [row, way] of ways) {
        const below = row.values.at(-1) < bound;
        way.classList.toggle("cut", below);
        rows.get(row.id)?.classList.toggle("cut", below);
      }
    };
    slider.addEventListener("input", cut);
    for (const [id, row] of rows) {
      row.tabIndex = 0;
      row.addEventListener("pointerenter", () => choose(id));
      row.addEventListener("focus", () => choose(id));
    }
    follow(inside, (width) => {
      // where headings do not fit beside each other they stand in two rows
      const narrow = width / axes.length < 110;
      const height = narrow ? 316 : 300, left = 46, right = 52, top = narrow ? 46 : 30, bottom = 14;
      const svg = canvas(inside, width, height, "Parallel coordinates of the sweep; its points stand in the table");
      svg.setAttribute("role", "group");
      const x = (k) => left + (width - left - right) * (axes.length > 1 ? k / (axes.length - 1) : 0.5);
      const y = (share) => top + (height - top - bottom) * (1 - share);
      const group = make("g", {}, svg);
      ways = plot.rows.map((row) => {
        const corners = row.values.map((value, k) => [x(k), y(axes[k].position(value))]);
        const share = high > low ? (row.values.at(-1) - low) / (high - low) : 1;
        return [row, make("path", { class: "way", "stroke-opacity": 0.25 + 0.75 * share, d: path(corners) }, group), corners];
      });
      axes.forEach((axis, k) => {
        make("line", { class: "axis", x1: x(k), x2: x(k), y1: top, y2: height - bottom }, svg);
        const anchor = k === 0 ? "start" : k === axes.length - 1 ? "end" : "middle";
        const room = Math.max(4, Math.floor((width / axes.length) * (narrow ? 2 : 1) / 7.2));
        const name = axis.name.length > room ? `…${axis.name.slice(1 - room)}` : axis.name;
        const shift = k === 0 ? -left + 2 : k === axes.length - 1 ? right - 2 : 0;
        const heading = make("text", { class: "name", x: x(k) + shift, y: narrow && k % 2 ? 29 : 13, "text-anchor": anchor }, svg, name);
        make("title", {}, heading, axis.name);
        const before = k === 0;
        for (const value of axis.marks) {
          const told = written(axis, value);
          const at = { x: x(k) + (before ? -6 : 6), y: y(axis.position(value)) + 4, "text-anchor": before ? "end" : "start" };
          make("text", at, svg, told);
        }
      });
      const pointed = (event) => {
        const [px, py] = place(svg, event, width);
        let best = null, nearest = Infinity;
        for (const [row, way, corners] of ways) {
          if (way.classList.contains("cut")) continue;
          const k = clamp(corners.findLastIndex(([cx]) => cx <= px), 0, Math.max(corners.length - 2, 0));
          const [[ax, ay], [bx, by]] = [corners[k], corners[Math.min(k + 1, corners.length - 1)]];
          const share = bx > ax ? clamp((px - ax) / (bx - ax), 0, 1) : 0;
          const far = Math.abs(ay + share * (by - ay) - py);
          if (far < nearest) { nearest = far; best = row.id; }
        }
        if (best !== null) choose(best);
      };
      svg.addEventListener("pointermove", pointed);
      svg.addEventListener("pointerdown", pointed);
      svg.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const order = [...rows.keys()].filter((id) => plot.rows.some((row) => row.id === id));
        choose(order[clamp(order.indexOf(chosen) + step, 0, order.length - 1)]);
      });
      cut();
      if (chosen !== null) choose(chosen);
    });
  };

  /** Quantiles side by side on one scale: 5 to 95 %, the middle half, the median. */
  const spread = (box, plot) => {
    const high = Math.max(...plot.rows.map((row) => row.quantiles.at(-1))) || 1;
    follow(box, (width) => {
      const step = 34, bottom = 22, height = plot.rows.length * step + bottom;
      const svg = canvas(box, width, height, "Quantiles of the distances; the numbers stand in the table");
      svg.setAttribute("role", "img");
      svg.removeAttribute("tabindex");
      const x = (value) => 4 + (width - 24) * value / high;
      for (const value of ticks(0, high, width / 110)) {
        make("line", { class: "grid", x1: x(value), x2: x(value), y1: 0, y2: height - bottom }, svg);
        make("text", { x: x(value), y: height - 6, "text-anchor": "middle" }, svg, short(value));
      }
      plot.rows.forEach((row, k) => {
        const y = k * step + 23;
        const [a, b, c, d, e] = row.quantiles.map(x);
        make("text", { x: 4, y: y - 10 }, svg, row.name);
        make("line", { class: "line", x1: a, x2: e, y1: y, y2: y }, svg);
        make("rect", { class: "box", x: b, y: y - 5, width: Math.max(d - b, 1), height: 10 }, svg);
        make("line", { class: "median", x1: c, x2: c, y1: y - 5, y2: y + 5 }, svg);
      });
    });
  };

  const theme = () => {
    const button = document.getElementById("theme");
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const root = document.documentElement;
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const name = () => {
      button.textContent = isDark() ? "Light" : "Dark";
      button.setAttribute("aria-label", `${isDark() ? "Light" : "Dark"} colours`);
    };
    button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
    system.addEventListener("change", name);
    button.hidden = false;
    name();
  };

  theme();
  const kinds = { scores, rates, parallel, spread, lines: (box, plot) => lines(box, plot, () => 190) };
  for (const box of document.querySelectorAll("[data-plot]")) kinds[DATA[box.dataset.plot].kind](box, DATA[box.dataset.plot]);
})();
