// Plots by uPlot, in the page's colours. A build without it has none, and says so; the tables have the numbers.
import uPlot from '/page/uplot.js';
import { by, number } from '/page/elements.js';

export const hasPlots = uPlot !== null;
const plots = new Map();
const dark = matchMedia('(prefers-color-scheme: dark)');

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// The hour of minutes, the date of days.
function label(seconds, step) {
  const local = new Date(seconds * 1000).toLocaleString('sv');
  return step < 3600 ? local.slice(11, 16) : local.slice(5, 10);
}

function begin(name, data) {
  const place = by(`${name}-plot`), ink = colour('--ink');
  const step = data[0][1] - data[0][0];
  const axis = { stroke: ink, grid: { stroke: colour('--line'), width: 0.3 }, ticks: { stroke: colour('--line'), width: 0.5 } };
  const bars = uPlot.paths.bars({ size: [0.8, 24] });
  const series = (title, stroke) =>
    ({ label: title, stroke: colour(stroke), width: 0, fill: colour(stroke), paths: bars, points: { show: false } });
  return new uPlot({
    width: Math.max(place.clientWidth, 200), height: 200, cursor: { show: false }, legend: { live: false },
    scales: { x: { range: (_, low, high) => [low - step / 2, high + step / 2] },
              y: { range: (_, low, high) => [0, Math.max(high, 5) * 1.05] } },
    axes: [{ ...axis, values: (_, marks) => marks.map(mark => label(mark, step)) },
           { ...axis, size: 70, values: (_, marks) => marks.map(mark => Number.isInteger(mark) ? number(mark) : '') }],
    series: [{}, series('All', '--passed'), series('Refused', '--refused')],
  }, data, place);
}

// Before the first plot is drawn: each is as wide as its place when all are there.
export function showFigures() {
  for (const name of ['minutes', 'days']) by(`${name}-figure`).hidden = !hasPlots;
}

// Times in seconds; the whole bar is what was met, its lower part what was refused of it.
export function draw(name, times, refused, passed) {
  if (!hasPlots) return;
  const all = refused.map((count, i) => count + passed[i]);
  const total = counts => number(counts.reduce((sum, count) => sum + count, 0));
  by(`${name}-plot`).setAttribute('aria-label', `${total(refused)} refused of ${total(all)} attempts; the tables below have the numbers`);
  if (plots.has(name)) plots.get(name).setData([times, all, refused]);
  else plots.set(name, begin(name, [times, all, refused]));
}

function beginAgain() {
  for (const [name, plot] of plots) {
    const data = plot.data;
    plot.destroy();
    plots.set(name, begin(name, data));
  }
}

dark.addEventListener('change', beginAgain);
let width = innerWidth;
addEventListener('resize', () => {
  if (innerWidth !== width) beginAgain();
  width = innerWidth;
});
