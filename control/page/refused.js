// What was refused, in the last hour and in 30 days: figures, tables and plots.
import { get } from '/page/box_api.js';
import { by, number, row } from '/page/elements.js';
import { draw, hasPlots, showFigures } from '/page/plots.js';

const sum = (rows, key) => rows.reduce((all, each) => all + each[key], 0);

// Periods that have no row are zero.
function series(periods, rows) {
  const refused = new Map(), passed = new Map();
  for (const each of rows) {
    refused.set(each.period, (refused.get(each.period) ?? 0) + each.refused);
    passed.set(each.period, (passed.get(each.period) ?? 0) + each.would_refuse);
  }
  return [periods.map(name => refused.get(name) ?? 0), periods.map(name => passed.get(name) ?? 0)];
}

function lastMinutes() {
  const last = Math.floor(Date.now() / 60000);
  return Array.from({ length: 60 }, (_, i) => last - 59 + i);
}

// Both are included; days are those of the box, and arithmetic with them is UTC's.
function daysBetween(from, to) {
  const days = [];
  for (let day = Date.parse(from); day <= Date.parse(to) && days.length < 400; day += 86400000)
    days.push(new Date(day).toISOString().slice(0, 10));
  return days;
}

function showTable(hour, month) {
  const keys = new Map();
  for (const [column, rows] of [[0, hour], [2, month]])
    for (const each of rows) {
      const name = [each.zone, each.category, each.protocol].join('\u0000');
      const counts = keys.get(name) ?? [0, 0, 0, 0];
      counts[column] += each.refused;
      counts[column + 1] += each.would_refuse;
      keys.set(name, counts);
    }
  const sorted = [...keys].sort((a, b) => b[1][2] + b[1][3] + b[1][0] - a[1][2] - a[1][3] - a[1][0]);
  const rows = sorted.map(([name, counts]) => row([...name.split('\u0000'), ...counts]));
  by('refused').replaceChildren(...(rows.length > 0 ? rows : [row(['Nothing yet', '', '', 0, 0, 0, 0])]));
}

export async function showRefused() {
  const [hour, month] = await Promise.all([get('/v1/history?by=minute'), get('/v1/history?by=day')]);
  for (const [name, history] of [['hour', hour], ['month', month]]) {
    by(`${name}-refused`).textContent = number(sum(history.rows, 'refused'));
    by(`${name}-passed`).textContent = number(sum(history.rows, 'would_refuse'));
  }
  showTable(hour.rows, month.rows);
  const minutes = lastMinutes(), days = daysBetween(month.from, month.to);
  const byMinute = series(minutes.map(minute => new Date(minute * 60000).toISOString().replace('.000', '')), hour.rows);
  const byDay = series(days, month.rows);
  by('days').replaceChildren(...days.map((day, i) => row([day, byDay[0][i], byDay[1][i]])).reverse());
  by('plots-missing').hidden = hasPlots;
  showFigures();
  draw('minutes', minutes.map(minute => minute * 60), ...byMinute);
  draw('days', days.map(day => new Date(day + 'T12:00').getTime() / 1000), ...byDay);
}
