"use strict";
// The list of shots is virtual: only the rows in view exist. Pictures stand in the page as JSON, one element
// a shot, and are parsed when they are first shown.

const ROW = 124, SPARE = 6, MOST = 0.1, LEAST = 10;
const shots = JSON.parse(document.getElementById("shots").textContent);
shots.forEach((shot, rank) => { shot.rank = rank; });
const byId = (id) => document.getElementById(id);
const list = byId("list"), space = byId("space"), detail = byId("detail"), full = byId("full");
const rows = new Map();
let shown = shots, chosen = null, filter = "all", edge = 50, frameShown = 0, withMask = false;

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value; else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function held(kind, shot) {
  const element = byId(`${kind}-${shot.number}`);
  return element && JSON.parse(element.textContent);
}

const uri = (data) => `data:image/webp;base64,${data}`;
const percent = (share) => (share > 0 && share < 1e-4 ? "< 0.01 %" : `${Number((100 * share).toPrecision(2))} %`);

function chips(shot) {
  const made = [];
  if (shot.is_failed) made.push(make("span", { className: "chip failed" }, "failed"));
  else if (shot.problems.length) made.push(make("span", { className: "chip notice" }, "unfinished"));
  for (const alarm of shot.alarms) {
    made.push(make("span", { className: alarm.isNotice ? "chip notice" : "chip" }, alarm.kind));
  }
  return made;
}

// --- which shots, in which order -------------------------------------------------------------------------

// What counts is the repairs: new light and a new place change all of every frame.
const byChange = (a, b) => b.repaired - a.repaired || b.changed - a.changed || a.rank - b.rank;
const changedMost = new Set(shots.filter((shot) => shot.changed > 0).sort(byChange).slice(0, Math.max(LEAST, Math.ceil(MOST * shots.length))));
const FILTERS = {
  all: () => true,
  failed: (shot) => shot.is_failed,
  flagged: (shot) => shot.isFlagged,
  changed: (shot) => changedMost.has(shot),
  unfinished: (shot) => shot.problems.length > 0,
};
const ORDERS = {
  worst: (a, b) => a.rank - b.rank,
  changed: byChange,
  flicker: (a, b) => b.flicker - a.flicker || a.rank - b.rank,
  dirt: (a, b) => b.dirt - a.dirt || a.rank - b.rank,
  number: (a, b) => a.number - b.number,
  length: (a, b) => (b.stop - b.start) - (a.stop - a.start) || a.rank - b.rank,
};

function isFound(shot, words) {
  if (words === "") return true;
  if (/^\d+$/.test(words)) return Number(words) === shot.number;
  return `shot ${shot.number} ${shot.timecode} ${shot.note}`.toLowerCase().includes(words);
}

function update() {
  const words = byId("find").value.trim().toLowerCase(), kind = byId("kind").value;
  const hasKind = (shot) => kind === "" || shot.alarms.some((alarm) => alarm.kind === kind);
  shown = shots.filter((shot) => FILTERS[filter](shot) && hasKind(shot) && isFound(shot, words));
  shown.sort(ORDERS[byId("order").value]);
  byId("count").textContent = `${shown.length} of ${shots.length} shots`;
  space.style.height = `${shown.length * ROW}px`;
  list.scrollTop = 0;
  clearRows();
  choose(shown.includes(chosen) ? chosen : shown[0] ?? null);
}

// --- the list --------------------------------------------------------------------------------------------

function clearRows() {
  rows.forEach((row) => row.remove());
  rows.clear();
  draw();
}

function draw() {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
  rows.forEach((row, place) => { if (place < first || place >= last) { row.remove(); rows.delete(place); } });
  for (let place = first; place < last; place += 1) {
    if (!rows.has(place)) {
      rows.set(place, makeRow(shown[place], place));
      space.append(rows.get(place));
    }
  }
}

function makeRow(shot, place) {
  const small = held("small", shot) ?? {};
  const pair = ["before", "after"].map((name) => small[name]
    ? make("img", { src: uri(small[name]), alt: "", decoding: "async", draggable: false }) : make("span"));
  const words = make("div", { className: "words" },
    make("div", {}, make("b", {}, `Shot ${shot.number}`)),
    make("div", {}, `${shot.timecode}, ${shot.stop - shot.start} frames`),
    make("div", {}, shot.note || `repairs ${percent(shot.repaired)}, flicker ${percent(shot.flicker)}`),
    make("div", { className: "chips" }, ...chips(shot)));
  const row = make("div", { className: "row", role: "option", id: `shot-${shot.number}` }, make("div", { className: "pair" }, ...pair), words);
  row.style.top = `${place * ROW}px`;
  row.setAttribute("aria-setsize", shown.length);
  row.setAttribute("aria-posinset", place + 1);
  row.setAttribute("aria-selected", shot === chosen);
  row.addEventListener("click", () => choose(shot));
  return row;
}

function choose(shot) {
  const isOther = shot !== chosen;
  chosen = shot;
  rows.forEach((row, place) => row.setAttribute("aria-selected", shown[place] === shot));
  if (shot) list.setAttribute("aria-activedescendant", `shot-${shot.number}`);
  else list.removeAttribute("aria-activedescendant");
  if (isOther || !detail.firstChild) { frameShown = 0; edge = 50; showDetail(); }
}

function moveTo(place) {
  if (!shown.length) return;
  const target = Math.min(shown.length - 1, Math.max(0, place));
  const top = target * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  draw();
  choose(shown[target]);
}

list.addEventListener("scroll", draw, { passive: true });
new ResizeObserver(draw).observe(list);
list.addEventListener("keydown", (event) => {
  const place = shown.indexOf(chosen), page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
  const moves = { ArrowDown: place + 1, ArrowUp: place - 1, PageDown: place + page, PageUp: place - page, Home: 0, End: shown.length - 1 };
  if (event.key in moves) moveTo(moves[event.key]);
  else if (event.key === "Enter") (detail.querySelector(".divider") ?? detail.querySelector(".open"))?.focus();
  else return;
  event.preventDefault();
});

// --- one shot --------------------------------------------------------------------------------------------

function showDetail() {
  detail.scrollTop = 0;
  if (!chosen) {
    detail.replaceChildren(make("p", {}, "No shot is like that."));
    return;
  }
  const shot = chosen, small = held("small", shot) ?? {}, large = held("large", shot) ?? [];
  const items = [
    ...shot.problems.map((problem) => make("li", {}, problem)),
    ...shot.alarms.map((alarm) => make("li", { className: alarm.isNotice ? "notice" : "alarm" }, `${alarm.kind}: ${alarm.text}`)),
  ];
  const inner = make("div", { className: "inner" },
    make("h2", {}, `Shot ${shot.number}`, shot.note ? `: ${shot.note}` : ""),
    make("p", {}, `frames ${shot.start} to ${shot.stop - 1} (${shot.stop - shot.start}), from ${shot.timecode}`),
    make("ul", { className: "problems" }, ...items),
    make("p", { className: "numbers" }, shot.numbers),
    make("p", {}, shot.stages));
  const frames = large.length ? large : [small];
  const stage = make("div");
  const open = make("a", { className: "open end", href: shot.picture }, "open the sheet at full size");
  open.addEventListener("click", (event) => { event.preventDefault(); openFull(shot, small); });
  const bar = make("div", { className: "bar" });
  const show = (index) => {
    frameShown = index;
    bar.querySelectorAll("[data-frame]").forEach((button) => button.setAttribute("aria-pressed", Number(button.dataset.frame) === index));
    stage.replaceChildren(makeWipe(frames[index], small));
  };
  frames.forEach((frame, index) => {
    const button = make("button", { type: "button" }, `frame ${frame.frame}, ${frame.label}`);
    button.dataset.frame = index;
    button.addEventListener("click", () => show(index));
    bar.append(button);
  });
  if (frames.some((frame) => frame.mask)) bar.append(maskButton(() => show(frameShown)));
  bar.append(open);
  inner.append(bar, stage);
  if (!large.length) inner.append(make("p", {}, "A small picture: there was no room for a large one. The sheet at full size has it."));
  inner.append(makeCurves(shot, small.curves ?? {}, { before: large[0]?.slice_before ?? small.slice_before, after: large[0]?.slice_after ?? small.slice_after }));
  detail.replaceChildren(inner);
  show(0);
}

function maskButton(redraw) {
  const button = make("button", { type: "button", id: "mask" }, "mask");
  button.setAttribute("aria-pressed", withMask);
  button.addEventListener("click", () => { withMask = !withMask; button.setAttribute("aria-pressed", withMask); redraw(); });
  return button;
}

function makeWipe(frame, small) {
  const wipe = make("div", { className: "wipe" });
  if (small.size) wipe.style.setProperty("--shape", small.size[0] / small.size[1]);
  if (!frame.before) return wipe;
  wipe.append(make("img", { src: uri(frame.before), alt: `frame ${frame.frame} before`, draggable: false }));
  if (frame.after) wipe.append(make("img", { className: "over", src: uri(frame.after), alt: `frame ${frame.frame} after`, draggable: false }));
  if (frame.mask && withMask) wipe.append(make("img", { className: "mask", src: uri(frame.mask), alt: "rings about what is marked: dirt red, scratches cyan", draggable: false }));
  if (!frame.after) return wipe;
  const divider = make("div", { className: "divider", tabIndex: 0, role: "slider" });
  const set = (value) => {
    edge = Math.min(100, Math.max(0, value));
    wipe.style.setProperty("--edge", `${edge}%`);
    divider.setAttribute("aria-valuenow", Math.round(edge));
    divider.setAttribute("aria-valuetext", `${Math.round(edge)} % before, the rest after`);
  };
  for (const [name, value] of [["label", "Divider between before and after"], ["valuemin", 0], ["valuemax", 100], ["orientation", "horizontal"]]) divider.setAttribute(`aria-${name}`, value);
  divider.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 2;
    const places = { ArrowLeft: edge - step, ArrowDown: edge - step, ArrowRight: edge + step, ArrowUp: edge + step, PageDown: edge - 20, PageUp: edge + 20, Home: 0, End: 100 };
    if (!(event.key in places)) return;
    set(places[event.key]);
    event.preventDefault();
  });
  const follow = (event) => { const box = wipe.getBoundingClientRect(); set(100 * (event.clientX - box.left) / box.width); };
  wipe.addEventListener("pointerdown", (event) => { wipe.setPointerCapture(event.pointerId); follow(event); divider.focus({ preventScroll: true }); event.preventDefault(); });
  wipe.addEventListener("pointermove", (event) => { if (wipe.hasPointerCapture(event.pointerId)) follow(event); });
  wipe.append(make("span", { className: "tag before" }, "before"), make("span", { className: "tag after" }, "after"), divider);
  set(edge);
  return wipe;
}
