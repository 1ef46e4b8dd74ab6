// --- slices through time, and curves, over one axis of frames ----------------------------------------------

const SVG = "http://www.w3.org/2000/svg", WIDE = 1000, HIGH = 96;
const CHARTS = [
  ["light", "%", [["light_before", "before"], ["light_after", "after"]], false],
  ["flicker", "%", [["flicker_before", "before"], ["flicker_after", "after"]], false],
  ["dirt", "spots a frame", [["dirt", "dirt"]], true],
  ["work", "%", [["changed", "changed"], ["repaired", "repaired"], ["marked", "marked"]], true],
];

function makeCurves(shot, curves, slices) {
  const figure = make("figure", {}, make("figcaption", {}, "The middle row of the picture through time, left to right (flicker shows as upright stripes), and curves"));
  for (const name of ["before", "after"]) {
    if (slices[name]) {
      figure.append(make("div", { className: "panel" }, make("div", { className: "name" }, make("b", { className: name }, name), "middle row"),
        make("img", { src: uri(slices[name]), alt: `the middle row through time, ${name}`, decoding: "async", draggable: false })));
    }
  }
  for (const [name, unit, lines, fromZero] of CHARTS) {
    const there = lines.filter(([key]) => curves[key]);
    if (there.length) figure.append(makeChart(name, unit, there.map(([key, look]) => [curves[key], look]), fromZero, shot));
  }
  figure.append(make("div", { className: "panel frames" }, make("div", { className: "name" }, "frame"),
    make("div", { className: "ends" }, ...[shot.start, Math.floor((shot.start + shot.stop - 1) / 2), shot.stop - 1].map((frame) => make("span", {}, String(frame))))));
  followPointer(figure, shot, curves);
  return figure;
}

function makeChart(name, unit, lines, fromZero, shot) {
  const values = lines.flatMap(([curve]) => curve);
  let low = fromZero ? 0 : Math.min(...values), high = Math.max(...values);
  if (high - low < 1e-9) { low -= fromZero ? 0 : 0.5; high += 0.5; }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${name}, ${unit}: ${figures(low)} to ${figures(high)}`);
  const y = (value) => HIGH - 4 - (value - low) / (high - low) * (HIGH - 8);
  const draw = (points, look) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", `M${points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L")}`);
    path.setAttribute("class", look);
    svg.append(path);
  };
  for (const value of [low, (low + high) / 2, high]) draw([[0, y(value)], [WIDE, y(value)]], "grid");
  for (const [start, stop] of shot.alarms.filter((alarm) => !alarm.isNotice).flatMap((alarm) => alarm.frames)) {
    const rect = document.createElementNS(SVG, "rect"), wide = WIDE / (shot.stop - shot.start);
    for (const [key, value] of Object.entries({ x: (start - shot.start) * wide, y: 0, width: Math.max(3, (stop - start) * wide), height: HIGH })) rect.setAttribute(key, value);
    svg.append(rect);
  }
  for (const [curve, look] of lines) {
    const at = (index) => (index + 0.5) / curve.length * WIDE;
    draw(curve.length > 1 ? curve.map((value, index) => [at(index), y(value)]) : [[0, y(curve[0])], [WIDE, y(curve[0])]], look);
  }
  const scale = make("div", { className: "scale" }, make("span", {}, figures(high)), make("span", {}, figures(low)));
  const legend = lines.length > 1 ? lines.map(([, look]) => make("div", { className: look }, look)) : [];
  return make("div", { className: "panel curve" }, scale, make("div", { className: "name" }, make("b", {}, `${name}, ${unit}`), ...legend), svg);
}

const figures = (value) => String(Number(value.toPrecision(3)));

// A line through all panels under the pointer, with the frame and its numbers in the caption.
function followPointer(figure, shot, curves) {
  const cursor = make("div", { className: "cursor", hidden: true }), caption = figure.querySelector("figcaption");
  const words = caption.textContent;
  figure.append(cursor);
  figure.addEventListener("pointermove", (event) => {
    const panel = figure.querySelector(".panel img, .panel svg");
    if (!panel) return;
    const box = panel.getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
    if (share < 0 || share >= 1) return;
    cursor.hidden = false;
    cursor.style.left = `${event.clientX - figure.getBoundingClientRect().left}px`;
    const numbers = Object.entries(curves).map(([name, curve]) => `${name.replace("_", " ")} ${curve[Math.floor(share * curve.length)]}`);
    caption.textContent = `frame ${shot.start + Math.floor(share * (shot.stop - shot.start))}: ${numbers.join(", ")}`;
  });
  figure.addEventListener("pointerleave", () => { cursor.hidden = true; caption.textContent = words; });
}

// --- the sheet at full size --------------------------------------------------------------------------------

const sheetImage = full.querySelector("img"), missing = full.querySelector("[role=alert]");

function openFull(shot, small) {
  missing.hidden = true;
  sheetImage.alt = `contact sheet of shot ${shot.number}`;
  sheetImage.onerror = () => { sheetImage.onerror = null; missing.hidden = false; sheetImage.src = small.before ? uri(small.before) : ""; };
  sheetImage.src = shot.picture;
  byId("raw").href = shot.picture;
  full.showModal();
}

byId("fit").addEventListener("click", (event) => {
  event.currentTarget.setAttribute("aria-pressed", full.classList.toggle("fits"));
});
sheetImage.addEventListener("click", () => byId("fit").click());

// --- the beginning -----------------------------------------------------------------------------------------

document.querySelectorAll("[data-filter]").forEach((button) => button.addEventListener("click", () => {
  filter = button.dataset.filter;
  document.querySelectorAll("[data-filter]").forEach((other) => other.setAttribute("aria-pressed", other === button));
  update();
}));
for (const id of ["kind", "order"]) byId(id).addEventListener("change", update);
byId("find").addEventListener("input", update);
if (shots.length) {
  byId("plain").remove();
  for (const node of [byId("tools"), list, detail]) node.hidden = false;
  full.classList.add("fits");
  update();
  // Pictures further down the page than this script have come by now.
  document.addEventListener("DOMContentLoaded", () => { clearRows(); showDetail(); });
}
