'use strict';
// Reads /status.json every few seconds and shows it. Data from a source is inserted as text, never
// as markup. Only tables that have changed are requested, and only the rows in view are in the
// document.
(() => {
const EVERY = 2000;
const EVERY_HIDDEN = 15000;
const ROW = 28;
const NOTICES = 100;

const $ = (id) => document.getElementById(id);
const make = (name, text, kind) => {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
// Does not touch an element that already has the text, so that nothing flickers or loses the focus.
const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };

// --- numbers for people ---
const whole = new Intl.NumberFormat('en');
const count = (n) => whole.format(Math.round(n));
const short = (n) => (n >= 1e9 ? (n / 1e9).toFixed(1) + ' G' : n >= 1e6 ? (n / 1e6).toFixed(1) + ' M'
  : n >= 1e4 ? (n / 1e3).toFixed(0) + ' k' : count(n));
const size = (n) => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) { n /= 1000; ++unit; }
  return (unit === 0 ? n : n.toFixed(1)) + ' ' + units[unit];
};
const span = (s) => {
  s = Math.max(0, Math.round(s));
  if (s < 90) return s + ' s';
  if (s < 5400) return Math.round(s / 60) + ' min';
  if (s < 172800) return (s / 3600).toFixed(1) + ' h';
  return (s / 86400).toFixed(1) + ' days';
};
const clock = (unix) => new Date(unix * 1000).toLocaleString();

// --- running syncs ---
const cards = new Map();

const part = (card, name) => card.querySelector('[data-is="' + name + '"]');

const plot = (line, points, of) => {
  const rates = [];
  for (let i = 1; i < points.length; ++i) {
    const time = points[i][0] - points[i - 1][0];
    if (time > 0) rates.push(Math.max(0, (points[i][of] - points[i - 1][of]) / time));
  }
  if (rates.length === 1) rates.push(rates[0]);
  const most = Math.max(1, ...rates);
  const step = rates.length > 1 ? 200 / (rates.length - 1) : 0;
  line.setAttribute('points', rates.map((rate, i) =>
    (i * step).toFixed(1) + ',' + (46 - 44 * rate / most).toFixed(1)).join(' '));
};

const facts = (sync, now) => {
  const list = [
    ['last checkpoint', sync.last_checkpoint === null ? 'none yet' : span(now - sync.last_checkpoint) + ' ago'],
    ['rows', count(sync.rows)],
    ['sent', size(sync.bytes_sent)],
    ['tables', sync.tables.live + ' live, ' + sync.tables.copying + ' copying, ' + sync.tables.pending +
      ' pending' + (sync.tables.aside ? ', ' + sync.tables.aside + ' aside' : '')],
    ['slices', count(sync.slices.done) + ' done, ' + count(sync.slices.to_do) + ' to do'],
    ['staged on disk', size(sync.staging_bytes)],
    ['workers\' memory', size(sync.worker_memory_bytes)],
    ['Warnings', count(sync.warnings)],
  ];
  if (sync.replayed) list.push(['sent again from staging', count(sync.replayed)]);
  if (sync.log) {
    list.push(['log lag', sync.log.lag_seconds > 0 || sync.log.lag_bytes > 0
      ? span(sync.log.lag_seconds) + ', ' + size(sync.log.lag_bytes) : 'none']);
    list.push(['log held back', size(sync.log.retained_bytes) + (sync.log.retained_limit_bytes
      ? ' of ' + size(sync.log.retained_limit_bytes) : '')]);
  }
  return list;
};

const showFacts = (box, list) => {
  while (box.children.length > list.length) box.lastChild.remove();
  list.forEach(([name, value], i) => {
    if (!box.children[i]) {
      const pair = make('div');
      pair.append(make('dt'), make('dd'));
      box.append(pair);
    }
    say(box.children[i].children[0], name);
    say(box.children[i].children[1], value);
  });
};

const showWorkers = (body, workers) => {
  while (body.children.length > workers.length) body.lastChild.remove();
  workers.forEach((worker, i) => {
    if (!body.children[i]) {
      const row = make('tr');
      for (let cell = 0; cell < 5; ++cell) row.append(make('td'));
      body.append(row);
    }
    [String(worker.number), worker.doing, size(worker.memory_bytes), size(worker.ring_bytes),
      String(worker.pid)].forEach((text, cell) => say(body.children[i].children[cell], text));
  });
};

const showSync = (sync, now) => {
  let card = cards.get(sync.sync);
  if (!card) {
    card = $('sync-card').content.firstElementChild.cloneNode(true);
    cards.set(sync.sync, card);
    $('running').append(card);
  }
  const put = (name, text) => say(part(card, name), text);
  put('database', sync.database || sync.connection);
  put('source', sync.source);
  put('connection', 'connection ' + sync.connection.slice(0, 8));
  put('step', sync.step || 'starts');
  put('seconds', span(sync.seconds));
  part(card, 'progress').value = sync.progress;
  put('percent', (100 * sync.progress).toFixed(1) + ' %');
  put('left', sync.seconds_left === null ? '' : 'about ' + span(sync.seconds_left) + ' left');
  put('rows-now', short(sync.rows_per_second));
  put('bytes-now', (sync.bytes_per_second / 1e6).toFixed(1));
  plot(part(card, 'rows-plot'), sync.pace, 1);
  plot(part(card, 'bytes-plot'), sync.pace, 2);
  put('bottleneck', sync.bottleneck);
  showFacts(part(card, 'facts'), facts(sync, now));
  put('workers-count', String(sync.workers.length));
  showWorkers(part(card, 'workers'), sync.workers);
};

const showRunning = (status) => {
  for (const [number, card] of cards) {
    if (status.running.some((sync) => sync.sync === number)) continue;
    card.remove();
    cards.delete(number);
  }
  for (const sync of status.running) showSync(sync, status.now);
  $('running-none').hidden = status.running.length > 0;
};

// --- tables ---
const COLUMNS = [
  {name: 'table', of: (t) => t[1], text: (t) => t[1]},
  {name: 'phase', of: (t) => t[2], text: (t) => t[2]},
  {name: 'rows', of: (t) => t[3], text: (t) => count(t[3]), number: true},
  {name: 'size', of: (t) => t[4], text: (t) => size(t[4]), number: true},
  {name: 'slices', of: (t) => t[6], text: (t) => (t[6] ? t[5] + ' of ' + t[6] : ''), number: true},
  {name: 'time', of: (t) => t[7], text: (t) => share(t[7]), number: true},
  {name: 'why it is aside', of: (t) => t[8], text: (t) => t[8]},
];
let tables = {sync: 0, version: 0, list: [], seconds: 0, ended: false};
let order = [];
let sorted = {column: 0, down: false};

const share = (seconds) => (tables.seconds > 0 && seconds > 0
  ? (100 * seconds / tables.seconds).toFixed(1) + ' %' : '');

const compare = (a, b) => {
  const x = COLUMNS[sorted.column].of(a);
  const y = COLUMNS[sorted.column].of(b);
  const way = x < y ? -1 : x > y ? 1 : a[0] - b[0];
  return sorted.down ? -way : way;
};

const arrange = () => {
  const part = $('filter').value.toLowerCase();
  const phase = $('phase').value;
  order = tables.list.filter((t) => t && (!phase || t[2] === phase) &&
    (!part || t[1].toLowerCase().includes(part)));
  order.sort(compare);
  say($('tables-count'), order.length === tables.list.length ? count(order.length)
    : count(order.length) + ' of ' + count(tables.list.length));
  $('tables-space').style.height = order.length * ROW + 'px';
  drawRows();
};

const makeRow = () => {
  const row = make('div', undefined, 'row cells');
  row.setAttribute('role', 'row');
  for (const column of COLUMNS) {
    const cell = make('span', '', column.number ? 'number' : '');
    cell.setAttribute('role', 'cell');
    row.append(cell);
  }
  return row;
};

const drawRows = () => {
  const view = $('tables-view');
  const space = $('tables-space');
  // Rows of a longer list may remain below this one.
  const top = Math.max(0, Math.min(view.scrollTop, order.length * ROW - view.clientHeight));
  const first = Math.max(0, Math.floor(top / ROW) - 5);
  const last = Math.min(order.length, Math.ceil((top + view.clientHeight) / ROW) + 5);
  while (space.children.length > last - first) space.lastChild.remove();
  while (space.children.length < last - first) space.append(makeRow());
  for (let i = first; i < last; ++i) {
    const row = space.children[i - first];
    row.style.top = i * ROW + 'px';
    COLUMNS.forEach((column, cell) => say(row.children[cell], column.text(order[i])));
    row.children[0].title = order[i][1];
    row.children[6].title = order[i][8];
    row.children[1].className = order[i][2].split(' ')[0];
  }
};

const makeHead = () => {
  COLUMNS.forEach((column, i) => {
    const cell = make('span', undefined, column.number ? 'number' : '');
    cell.setAttribute('role', 'columnheader');
    const button = make('button', column.name);
    button.type = 'button';
    button.addEventListener('click', () => {
      sorted = {column: i, down: sorted.column === i ? !sorted.down : Boolean(column.number)};
      showHead();
      arrange();
    });
    cell.append(button);
    $('tables-head').append(cell);
  });
  showHead();
};

const showHead = () => {
  [...$('tables-head').children].forEach((cell, i) => {
    const here = i === sorted.column;
    cell.setAttribute('aria-sort', here ? (sorted.down ? 'descending' : 'ascending') : 'none');
    say(cell.firstChild, COLUMNS[i].name + (here ? (sorted.down ? ' ↓' : ' ↑') : ''));
  });
};

const choose = (status) => {
  const chooser = $('chooser');
  const running = status.running.map((sync) => String(sync.sync));
  const options = [...chooser.options].map((option) => option.value);
  if (running.join() !== options.join()) {
    chooser.replaceChildren(...status.running.map((sync) => {
      const option = make('option', (sync.database || sync.connection) + ' (' + sync.sync + ')');
      option.value = String(sync.sync);
      return option;
    }));
    if (running.includes(String(tables.sync))) chooser.value = String(tables.sync);
  }
  $('chooser-label').hidden = running.length < 2;
  tables.ended = running.length === 0;
  // The last data of a sync that has ended does not show how it ended.
  if (tables.ended) $('tables-section').hidden = true;
  const chosen = Number(chooser.value || 0);
  if (chosen && chosen !== tables.sync) tables = {sync: chosen, version: 0, list: [], seconds: 0, ended: false};
};

const takeTables = async () => {
  if (!tables.sync || tables.ended) return;
  for (let more = true; more;) {
    const into = tables;
    const changes = await read('/status.json?tables=' + into.sync + '&since=' + into.version);
    if (!changes.found || into !== tables) return;
    for (const table of changes.tables) {
      into.seconds += table[7] - (into.list[table[0]] ? into.list[table[0]][7] : 0);
      into.list[table[0]] = table;
    }
    into.version = changes.version;
    more = changes.more;
    if (changes.tables.length > 0) arrange();
  }
  $('tables-section').hidden = tables.list.length === 0;
};

// --- the past ---
let noticed = '';
const showNotices = (notices) => {
  const now = JSON.stringify(notices);
  if (now === noticed) return;
  noticed = now;
  $('notices-none').hidden = notices.length > 0;
  $('notices').replaceChildren(...notices.slice(0, NOTICES).map((notice) => {
    const item = make('li', undefined, notice.kind === 'task' ? 'is-task' : '');
    item.append(make('strong', notice.kind === 'task' ? 'Task' : 'Warning', notice.kind), ' ',
      make('span', clock(notice.when) + (notice.table ? ' · ' + notice.table : '') + ' · connection ' +
        notice.connection.slice(0, 8), 'quiet'), make('div', notice.text));
    return item;
  }));
};

let endings = '';
const showEnded = (connections) => {
  const now = JSON.stringify(connections);
  if (now === endings) return;
  endings = now;
  $('ended-none').hidden = connections.length > 0;
  $('ended').replaceChildren(...connections.map((known) => {
    const box = make('details');
    const title = make('summary', (known.database || known.connection) + ' ');
    const last = known.ended[0];
    title.append(make('span', last.outcome, last.outcome), make('span', ' ' + clock(last.ended), 'quiet'));
    const table = make('table');
    const head = make('tr');
    for (const name of ['ended', 'outcome', 'took', 'rows', 'sent', 'error']) head.append(make('th', name));
    table.append(head);
    for (const one of known.ended) {
      const row = make('tr');
      row.append(make('td', clock(one.ended)), make('td', one.outcome, one.outcome),
        make('td', span(one.ended - one.started)), make('td', count(one.rows)),
        make('td', size(one.bytes_sent)), make('td', one.error));
      table.append(row);
    }
    const scroll = make('div', undefined, 'scroll');
    scroll.append(table);
    box.append(title, scroll);
    return box;
  }));
};

// --- refreshing ---
const read = async (path) => {
  const answer = await fetch(path, {cache: 'no-store'});
  if (answer.status === 401) throw new Error('The token is needed again: open /?token=TOKEN.');
  if (!answer.ok) throw new Error('The connector answers with ' + answer.status + '.');
  return answer.json();
};

let heard = Date.now();
const round = async () => {
  try {
    const status = await read('/status.json');
    say($('version'), status.version);
    say($('state'), status.draining ? 'shuts down at the next checkpoints'
      : 'up for ' + span(status.now - status.process_started));
    showRunning(status);
    choose(status);
    showNotices(status.notices);
    showEnded(status.connections);
    await takeTables();
    heard = Date.now();
    $('trouble').hidden = true;
  } catch (error) {
    say($('trouble'), 'No news for ' + span((Date.now() - heard) / 1000) + ': ' + error.message);
    $('trouble').hidden = false;
  }
  setTimeout(round, document.hidden ? EVERY_HIDDEN : EVERY);
};

makeHead();
$('filter').addEventListener('input', arrange);
$('phase').addEventListener('change', arrange);
$('chooser').addEventListener('change', () => {
  tables = {sync: Number($('chooser').value), version: 0, list: [], seconds: 0, ended: false};
});
let drawing = false;
$('tables-view').addEventListener('scroll', () => {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; drawRows(); });
}, {passive: true});
addEventListener('resize', drawRows);
round();
})();
