// Small parts of which all sections are made.
'use strict';

// The page's data.
const page = JSON.parse(document.getElementById('data').textContent);

// Colours that differ for people with colour blindness too (Okabe and Ito), for light and dark.
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const COLORS = dark
  ? ['#56b4e9', '#e69f00', '#2fc79b', '#e58fc0', '#b8a6ff', '#f0e442', '#ff8f5c', '#b9c2cc', '#7fd4d9']
  : ['#0b62a8', '#c26a00', '#00795a', '#a83f7b', '#5b4bb5', '#8a7400', '#b4470a', '#5b6675', '#147d86'];

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// An element with attributes, and children that are elements or texts.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A section with a heading, and a note that says what it shows.
function section(title, note, ...children) {
  const id = title.toLowerCase().replace(/[^a-z]+/g, '-');
  const heading = element('h2', { id }, title);
  return element('section', { 'aria-labelledby': id }, heading, element('p', { class: 'note' }, note), ...children);
}

function wide(made) {
  made.classList.add('wide');
  return made;
}

function table(heads, rows) {
  const head = element('tr', {}, ...heads.map((text) => element('th', { scope: 'col' }, text)));
  const body = rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell))));
  const made = element('table', {}, element('thead', {}, head), element('tbody', {}, ...body));
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': heads.join(', ') }, made);
}

function fact(value, name) {
  return element('li', {}, element('b', {}, value), element('span', {}, name));
}

// A number for people: three digits, or nothing where there is none.
function short(value) {
  return value === null || value === undefined || !Number.isFinite(value) ? '–' : String(Number(value.toPrecision(3)));
}

function percent(share) {
  return share === null || share === undefined ? '–' : `${Math.round(100 * share)} %`;
}

// Words of a command line as a shell reads them.
function command(words) {
  const plain = /^[\w@%+=:,./-]+$/;
  return words.map((word) => (plain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

function folded(title, ...children) {
  return wide(element('section', {}, element('details', {}, element('summary', {}, title), ...children)));
}
