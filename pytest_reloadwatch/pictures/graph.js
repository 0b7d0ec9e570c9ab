const ROW = 22, COLUMN = 198, PILL = 172, HEIGHT = 17;
const FEW_EDGES = 500;    // so many can be drawn all the time
const READABLE = 0.62;    // scale from which on names are drawn
const LISTED = 60;        // tests of a file, modules in a list

const size = data.names.length;
const importers = data.edges.map(() => []);
data.edges.forEach((targets, node) => targets.forEach((target) => importers[target].push(node)));
const groups = data.groups.map((group) => (group === 1 ? null : unpack(group)));
const restingTests = countTests();
const hot = new Set(data.hot);
const again = new Set(data.last ? data.last.reexecuted : []);
const changed = new Set(data.last ? data.last.changed : []);
const canvas = byId("canvas"), context = canvas.getContext("2d");

let mode = again.size || changed.size ? "edit" : "cost";
let chosen = -1, hovered = -1;
let view = { x: 0, y: 0, scale: 1 };
let colours = {};
let frame = 0;

// What is known

function unpack(text) {
  const bytes = atob(text);
  const found = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes.charCodeAt(at);
    for (let bit = 0; byte >> bit; bit++) if ((byte >> bit) & 1) found.push(at * 8 + bit);
  }
  return new Set(found);
}

function countTests() {
  const found = new Array(size).fill(0);
  for (const tests of Object.values(data.tests)) {
    for (const [, , ...own] of tests) {
      const nodes = new Set();
      for (const group of own) (groups[group] || data.names.keys()).forEach((node) => nodes.add(node));
      nodes.forEach((node) => found[node]++);
    }
  }
  return found;
}

function testsOf(node) {
  const found = [];
  for (const [file, tests] of Object.entries(data.tests)) {
    const resting = tests.filter(([, , ...own]) => own.some((group) => groups[group] === null || groups[group].has(node)));
    if (resting.length) found.push([file, resting]);
  }
  return found;
}

function reach(start, edges) {
  const found = new Set(), waiting = [start];
  while (waiting.length) {
    for (const next of edges[waiting.pop()]) {
      if (next !== start && !found.has(next)) { found.add(next); waiting.push(next); }
    }
  }
  return found;
}

// The picture

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "surface", "ink", "quiet", "line", "accent", "changed", "again", "hot", "rest", "rest-ink",
    "imports", "importers", "low", "high", "few", "many"]) colours[name] = style.getPropertyValue(`--${name}`).trim();
}

function mix(from, to, share) {
  const parts = [from, to].map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
  return parts[0].map((value, at) => Math.round(value + (parts[1][at] - value) * share));
}

const dearest = Math.max(0.001, ...data.own), mostTests = Math.max(1, ...restingTests);

function fill(node) {
  if (mode === "cost") return mix(colours.low, colours.high, Math.pow(data.own[node] / dearest, 0.4));
  if (mode === "tests") return mix(colours.few, colours.many, restingTests[node] / mostTests);
  if (mode === "hot") return mix(hot.has(node) ? colours.hot : colours.rest, colours.rest, 0);
  return mix(changed.has(node) ? colours.changed : again.has(node) ? colours.again : colours.rest, colours.rest, 0);
}

function textOn(fill) {
  const light = (0.299 * fill[0] + 0.587 * fill[1] + 0.114 * fill[2]) / 255;
  return light > 0.55 ? "#16191c" : "#ffffff";
}

function at(node) {
  const [column, row] = data.places[node];
  return [column * COLUMN, row * ROW];
}

function draw() {
  frame = 0;
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
    canvas.width = width * ratio; canvas.height = height * ratio;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.translate(view.x, view.y);
  context.scale(view.scale, view.scale);
  const centre = chosen >= 0 ? chosen : hovered;
  const below = centre >= 0 ? reach(centre, data.edges) : null, above = centre >= 0 ? reach(centre, importers) : null;
  drawEdges(centre);
  for (let node = 0; node < size; node++) {
    const near = centre < 0 || node === centre || below.has(node) || above.has(node);
    drawNode(node, near ? 1 : 0.16, centre);
  }
  if (view.scale < READABLE) drawDirectories();
}

function drawEdges(centre) {
  context.lineWidth = 1 / Math.sqrt(view.scale);
  if (centre < 0) {
    const total = data.edges.reduce((sum, targets) => sum + targets.length, 0);
    if (total > FEW_EDGES) return;
    context.strokeStyle = colours.quiet; context.globalAlpha = total > 150 ? 0.18 : 0.32;
    data.edges.forEach((targets, node) => targets.forEach((target) => drawEdge(node, target)));
  } else {
    context.lineWidth *= 1.6;
    context.globalAlpha = data.edges[centre].length + importers[centre].length > 60 ? 0.3 : 0.75;
    context.strokeStyle = colours.imports;
    data.edges[centre].forEach((target) => drawEdge(centre, target));
    context.strokeStyle = colours.importers;
    importers[centre].forEach((node) => drawEdge(node, centre));
  }
  context.globalAlpha = 1;
}

function drawEdge(from, to) {
  // From side to side; within a column, where circles of imports stand, around its right side.
  const [fromX, y] = at(from), [toX, endY] = at(to), way = Math.sign(toX - fromX);
  const x = fromX + (way || 1) * PILL / 2, endX = toX - (way || -1) * PILL / 2;
  const bend = way ? Math.max(18, Math.abs(endX - x) / 2) * way : Math.min(COLUMN / 2, 8 + Math.abs(endY - y) / 6);
  context.beginPath(); context.moveTo(x, y);
  context.bezierCurveTo(x + bend, y, endX - (way ? bend : -bend), endY, endX, endY);
  context.stroke();
}

function drawNode(node, alpha, centre) {
  const [x, y] = at(node), colour = fill(node);
  context.globalAlpha = alpha;
  context.fillStyle = `rgb(${colour})`;
  context.beginPath(); context.roundRect(x - PILL / 2, y - HEIGHT / 2, PILL, HEIGHT, 5); context.fill();
  if (hot.has(node) && mode !== "hot") {
    context.fillStyle = colours.hot;
    context.beginPath(); context.arc(x + PILL / 2 - 8, y, 3.5, 0, 7); context.fill();
  }
  if (node === centre) {
    context.strokeStyle = colours.ink; context.lineWidth = 2 / Math.min(1, view.scale); context.stroke();
  }
  if (view.scale >= READABLE) {
    context.fillStyle = textOn(colour);
    context.font = "11px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
    context.textBaseline = "middle";
    context.fillText(shortened(data.names[node], 24), x - PILL / 2 + 6, y + 0.5);
  }
  context.globalAlpha = 1;
}

function shortened(name, most) {
  return name.length > most ? "…" + name.slice(name.length - most + 1) : name;
}

const runs = directoryRuns();

function directoryRuns() {
  // Neighbours in a column that are of one directory.
  const order = [...data.names.keys()].sort((a, b) => data.places[a][0] - data.places[b][0] || data.places[a][1] - data.places[b][1]);
  const found = [];
  for (const node of order) {
    const directory = data.paths[node].replace(/[^/]*$/, ""), [column, row] = data.places[node], last = found[found.length - 1];
    if (last && last.column === column && last.directory === directory) last.end = row;
    else found.push({ column, directory, start: row, end: row });
  }
  return found;
}

function drawDirectories() {
  const room = COLUMN * view.scale - 4;
  context.save();
  context.setTransform(window.devicePixelRatio || 1, 0, 0, window.devicePixelRatio || 1, 0, 0);
  context.font = "10.5px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
  context.textBaseline = "middle";
  for (const run of runs) {
    const tall = (run.end - run.start + 1) * ROW * view.scale;
    if (tall < 15 || room < 34) continue;
    const x = (run.column * COLUMN - PILL / 2) * view.scale + view.x;
    const y = ((run.start + run.end) / 2) * ROW * view.scale + view.y;
    const text = shortened(run.directory || "./", Math.floor(room / 6)), width = context.measureText(text).width;
    context.globalAlpha = 0.86; context.fillStyle = colours.surface;
    context.fillRect(x, y - 7, width + 6, 14);
    context.globalAlpha = 1; context.fillStyle = colours.ink;
    context.fillText(text, x + 3, y + 0.5);
  }
  context.restore();
}

function redraw() {
  if (!frame) frame = requestAnimationFrame(draw);
}

function fit() {
  if (!size) return;
  const xs = data.places.map(([column]) => column * COLUMN), ys = data.places.map(([, row]) => row * ROW);
  const left = Math.min(...xs) - PILL / 2 - 16, right = Math.max(...xs) + PILL / 2 + 16;
  const top = Math.min(...ys) - ROW, bottom = Math.max(...ys) + ROW;
  const width = canvas.clientWidth, height = canvas.clientHeight - 44;
  const scale = Math.min(1.25, width / (right - left), height / (bottom - top));
  view = { scale, x: (width - (left + right) * scale) / 2, y: (height - (top + bottom) * scale) / 2 };
  redraw();
}

function lookAt(node) {
  const [x, y] = at(node), scale = Math.max(view.scale, 0.95);
  view = { scale, x: canvas.clientWidth / 2 - x * scale, y: canvas.clientHeight / 2 - y * scale };
}

function nodeAt(event) {
  const box = canvas.getBoundingClientRect();
  const x = (event.clientX - box.left - view.x) / view.scale, y = (event.clientY - box.top - view.y) / view.scale;
  for (let node = 0; node < size; node++) {
    const [ownX, ownY] = at(node);
    if (Math.abs(x - ownX) <= PILL / 2 && Math.abs(y - ownY) <= ROW / 2) return node;
  }
  return -1;
}

function choose(node, { move = false } = {}) {
  chosen = node;
  if (node >= 0 && move) lookAt(node);
  history.replaceState(null, "", node >= 0 ? `#${encodeURIComponent(data.paths[node])}` : location.pathname + location.search);
  showPanel();
  redraw();
}

// Beside the picture

function link(node, text) {
  return make("button", { class: "link", onclick: () => choose(node, { move: true }) }, text || data.names[node]);
}

function list(nodes) {
  const sorted = [...nodes].sort((a, b) => data.names[a].localeCompare(data.names[b]));
  const shown = sorted.slice(0, LISTED).map((node) => make("li", {}, link(node)));
  if (sorted.length > LISTED) shown.push(make("li", { class: "quiet" }, `and ${sorted.length - LISTED} more`));
  return make("ul", {}, ...shown);
}

function tag(text, colour) {
  return make("span", { class: "tag", style: `color: var(--${colour})` }, text);
}

function showPanel() {
  byId("panel").replaceChildren(...(chosen >= 0 ? describeModule(chosen) : describeProject()));
  byId("panel").scrollTop = 0;
}

function describeModule(node) {
  const above = reach(node, importers), below = reach(node, data.edges), payer = data.payers[node];
  const bought = data.payers.map((who, other) => (who === node ? other : -1)).filter((other) => other >= 0);
  const installed = data.installed.filter(([, , who]) => who === node);
  const parts = [
    make("p", { class: "name" }, data.names[node]),
    make("p", { class: "quiet mono" }, data.paths[node]),
    make("p", {},
      changed.has(node) ? tag("changed by the last edit", "changed") : again.has(node) ? tag("re-executed by the last edit", "again") : null,
      hot.has(node) ? tag("hot: edited lately", "hot") : null),
    make("dl", {},
      make("dt", {}, "import"), make("dd", {}, cost(node)),
      make("dt", {}, "paid by"), make("dd", {}, payer >= 0 ? link(payer) : data.by_test.includes(node) ? "a test, while it ran" : data.seconds[node] ? "pytest or a plugin" : "not measured yet"),
      make("dt", {}, "editing it"), make("dd", {}, `re-executes ${count(above.size + 1, "module")}`),
      make("dt", {}, "tests"), make("dd", {}, `${restingTests[node]} of ${totalTests()} depend on it`)),
  ];
  if (bought.length || installed.length) {
    const rows = [...bought.map((other) => [data.seconds[other], link(other)]), ...installed.map(([name, took]) => [took, `${name} (installed)`])];
    parts.push(make("h2", {}, "What it was first to import"), table(rows));
  }
  parts.push(make("h2", {}, `Imports ${data.edges[node].length}, ${below.size} with what those import`), list(data.edges[node]));
  parts.push(make("h2", {}, `Imported by ${importers[node].length}, ${above.size} with what imports those`), list(importers[node]));
  const tests = testsOf(node);
  if (tests.length) parts.push(make("h2", {}, "Tests that depend on it"), ...tests.map(describeTests));
  return parts;
}

function describeTests([file, tests]) {
  const items = tests.slice(0, LISTED).map(([name, outcome]) =>
    make("li", { class: outcome === "failed" || outcome === "error" ? "mono outcome-bad" : "mono" }, name));
  if (tests.length > LISTED) items.push(make("li", { class: "quiet" }, `and ${tests.length - LISTED} more`));
  return make("details", {}, make("summary", {}, `${file}: ${count(tests.length, "test")}`), make("ul", {}, ...items));
}

function cost(node) {
  if (!data.seconds[node]) return "not measured yet";
  return `${seconds(data.seconds[node])}, ${seconds(data.own[node])} of it its own`;
}

function table(rows) {
  rows.sort((a, b) => b[0] - a[0]);
  return make("table", {}, make("tbody", {}, ...rows.slice(0, LISTED).map(([took, what]) =>
    make("tr", {}, make("td", {}, seconds(took)), make("td", {}, what)))));
}

function totalTests() {
  return Object.values(data.tests).reduce((sum, tests) => sum + tests.length, 0);
}

function describeProject() {
  const parts = [make("h2", {}, "The last edit")];
  if (data.last) {
    const { cause, at, seconds: took, tests, known } = data.last;
    parts.push(make("p", {}, make("span", { class: "mono" }, cause.join(", "))),
      make("p", { class: "quiet" }, `${at}: ${count(again.size, "module")} re-executed, ${tests} of ${known} tests, ${seconds(took)}`),
      list(changed));
  } else {
    parts.push(make("p", { class: "quiet" }, "None yet. Save a file while a session runs, then draw this again: it will show what was executed anew."));
  }
  if (hot.size) parts.push(make("h2", {}, "Hot: edited lately"), list(hot));
  const dear = [...data.names.keys()].filter((node) => data.own[node] > 0.0005).sort((a, b) => data.own[b] - data.own[a]).slice(0, 12);
  parts.push(make("h2", {}, "Most costly to import, without what they import"), table(dear.map((node) => [data.own[node], link(node)])));
  const packages = data.installed.slice(0, 12).map(([name, took, who, importer]) =>
    [took, make("span", {}, make("span", { class: "mono" }, name), " by ", who >= 0 ? link(who) : importer)]);
  if (packages.length) parts.push(make("h2", {}, "Installed packages, and who imports them first"), table(packages));
  parts.push(make("p", { class: "quiet" }, `Drawn ${data.made}${data.live ? " from a running session" : " from what is kept of the last session"}. `
    + "Modules stand to the left of what they import; circles of imports share columns, by directory. "
    + "Scroll to zoom, drag to move, click a module."));
  return parts;
}

// Modes, legend, search

const MODES = {
  edit: ["Last edit", () => data.last
    ? [swatch("changed", "changed"), swatch("again", "re-executed"), swatch("rest", "stayed warm")] : ["no edit yet"]],
  cost: ["Import cost", () => [scale(seconds(dearest), "without what it imports", "low", "high")]],
  tests: ["Tests", () => [scale(String(mostTests), "tests that depend on it", "few", "many")]],
  hot: ["Hot", () => hot.size ? [swatch("hot", "edited lately"), swatch("rest", "not")] : ["nothing edited lately"]],
};

function swatch(colour, text) {
  return make("span", {}, make("i", { class: "swatch", style: `background: var(--${colour})` }), text);
}

function scale(most, meaning, from, to) {
  return make("span", {}, "0", make("i", { class: "scale", style: `background: linear-gradient(90deg, var(--${from}), var(--${to}))` }), `${most} ${meaning}`);
}

function setMode(name) {
  mode = name;
  for (const button of byId("modes").children) button.setAttribute("aria-pressed", String(button.dataset.mode === name));
  byId("legend").replaceChildren(...MODES[name][1]());
  redraw();
}

let matches = [], at_match = 0;

function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  matches = words.length ? [...data.names.keys()].filter((node) => {
    const name = `${data.names[node]} ${data.paths[node]}`.toLowerCase();
    return words.every((word) => name.includes(word));
  }).sort((a, b) => rank(a, words[0]) - rank(b, words[0]) || data.names[a].length - data.names[b].length).slice(0, 14) : [];
  at_match = 0;
  showMatches(words.length > 0);
}

function rank(node, word) {
  const tail = data.names[node].toLowerCase().split(/[./]/).pop();
  return tail === word ? 0 : tail.startsWith(word) ? 1 : 2;
}

function showMatches(asked) {
  const items = matches.map((node, index) => make("li", {
    role: "option", "aria-selected": String(index === at_match), class: "mono",
    onpointerdown: (event) => { event.preventDefault(); take(index); },
  }, data.names[node]));
  byId("matches").replaceChildren(...(items.length ? items : [make("li", { class: "quiet" }, "no module is called that")]));
  byId("matches").hidden = !asked;
  byId("search").setAttribute("aria-expanded", String(asked));
}

function take(index) {
  const node = matches[index];
  if (node === undefined) return;
  byId("search").value = data.names[node];
  showMatches(false);
  byId("search").blur();
  choose(node, { move: true });
}

byId("search").addEventListener("input", (event) => search(event.target.value));
byId("search").addEventListener("blur", () => showMatches(false));
byId("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") take(at_match);
  else if (event.key === "Escape") { event.target.value = ""; search(""); event.target.blur(); choose(-1); }
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    at_match = Math.max(0, Math.min(matches.length - 1, at_match + (event.key === "ArrowDown" ? 1 : -1)));
    showMatches(true);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement) return;
  if (event.key === "/") { event.preventDefault(); byId("search").focus(); byId("search").select(); }
  else if (event.key === "Escape") choose(-1);
  else if (event.key === "0") fit();
});

// Moving about

let drag = null;
canvas.addEventListener("pointerdown", (event) => {
  drag = { x: event.clientX, y: event.clientY, from: { ...view }, moved: false };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  if (drag) {
    const x = event.clientX - drag.x, y = event.clientY - drag.y;
    drag.moved = drag.moved || Math.hypot(x, y) > 3;
    if (drag.moved) { canvas.classList.add("dragging"); view = { ...drag.from, x: drag.from.x + x, y: drag.from.y + y }; redraw(); }
    return;
  }
  const node = nodeAt(event);
  if (node !== hovered) {
    hovered = node;
    canvas.title = node >= 0 ? data.names[node] : "";
    canvas.style.cursor = node >= 0 ? "pointer" : "";
    if (chosen < 0) redraw();
  }
});
canvas.addEventListener("pointerup", (event) => {
  canvas.classList.remove("dragging");
  if (drag && !drag.moved) choose(nodeAt(event));
  drag = null;
});
canvas.addEventListener("pointerleave", () => { if (hovered >= 0) { hovered = -1; redraw(); } });
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const scale = Math.max(0.05, Math.min(4, view.scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016))));
  view = { scale, x: x - ((x - view.x) * scale) / view.scale, y: y - ((y - view.y) * scale) / view.scale };
  redraw();
}, { passive: false });
byId("fit").addEventListener("click", fit);
new ResizeObserver(redraw).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });

// Begin

function begin() {
  byId("title").textContent = data.project;
  byId("counts").textContent = `${count(size, "module")}, ${count(totalTests(), "test")}`;
  if (!size) {
    byId("map").replaceChildren(make("div", { class: "empty" }, make("h1", {}, "No imports are on record yet"),
      make("p", {}, "Run the tests once with pytest --reload-once --reload-all, or start pytest --reload-watch, and draw this again.")));
    return;
  }
  for (const [name, [label]] of Object.entries(MODES)) {
    byId("modes").append(make("button", { "data-mode": name, onclick: () => setMode(name) }, label));
  }
  readColours();
  setMode(mode);
  fit();
  const wanted = data.paths.indexOf(decodeURIComponent(location.hash.slice(1)));
  choose(wanted, { move: true });
}

begin();
