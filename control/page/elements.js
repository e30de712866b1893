// Elements of the page. Whatever comes from outside goes in as text, and never as markup.

export const by = id => document.getElementById(id);

export function make(name, text = '', className = '') {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

// Puts `text` there, unless it is there already: nothing that is read aloud is read twice.
export function say(element, text, className = element.className) {
  if (element.textContent !== text) element.textContent = text;
  if (element.className !== className) element.className = className;
}

// One row: texts, and numbers, which stand to the right.
export function row(cells) {
  const made = make('tr');
  for (const cell of cells)
    made.append(typeof cell === 'number' ? make('td', number(cell), 'number') : make('td', cell));
  return made;
}

export const number = value => value.toLocaleString('en').replaceAll(',', '\u202f');

export function time(seconds) {
  return seconds ? new Date(seconds * 1000).toLocaleString('sv').slice(0, 16) : '–';
}

export function age(seconds) {
  if (seconds < 120) return 'now';
  if (seconds < 7200) return `${Math.floor(seconds / 60)} minutes`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} hours`;
  return `${Math.floor(seconds / 86400)} days`;
}

// "1.25 M"
export function rate(value) {
  for (const [size, sign] of [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']])
    if (value >= size) return (value / size).toFixed(2) + sign;
  return value.toFixed(0);
}
