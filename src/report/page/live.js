// The page of a run that goes on. What happens comes as server-sent events.

// Time between two drawings of the curves, ms: iterations may come faster.
const REDRAW = 400;
// Seconds of lateness that are drawn.
const MINUTE = 60;

const DOING = {
  idle: 'between trials', homing: 'goes to the start', ready: 'waits for the trigger', stroke: 'makes the stroke',
  return: 'goes home', teaching: 'is led by hand',
};
const SAFE = { run: 'normal', hold: 'stopped: it holds the arm', damp: 'stopped: it damps the arm', zero: 'stopped: zero effort' };

function livePage(live) {
  const connection = element('p', { class: 'note connection', role: 'status' }, 'Connecting …');
  const [facts, tell] = liveFacts();
  const header = element('header', {}, element('h1', {}, live.title), element('p', { class: 'note' }, origin(live.info)), connection, facts);
  const [picture, shown] = livePicture(live);
  const curves = learning([]);
  const [lateness, late] = liveLateness();
  const tables = element('div', { class: 'tables' });
  const cards = element('div', { class: 'cards' }, picture, ...curves.cards, lateness, tables, ...again(live));
  let [iterations, due] = [[], null];

  const redraw = () => {
    due = null;
    curves.draw(iterations);
    tables.replaceChildren(leftOut(iterations), events(iterations));
    tell({ iterations });
  };
  const source = new EventSource('/events');
  const on = (name, take) => source.addEventListener(name, (message) => take(JSON.parse(message.data)));
  on('iterations', ({ from, iterations: more }) => {
    iterations = [...iterations.slice(0, from), ...more];
    due ??= setTimeout(redraw, REDRAW);
  });
  on('trial', (trial) => {
    tell({ trial });
    shown.trial(trial);
  });
  on('now', (now) => {
    // Another run has taken the place of this page's.
    if (now.run !== live.info.started) location.reload();
    tell({ now });
    shown.now(now);
    late(now.lateness);
    connection.textContent = now.over ? 'The run is over. Its report is in the run folder.' : 'Live.';
    if (now.over) source.close();
  });
  source.addEventListener('error', () => {
    connection.textContent = 'The connection is lost, or too many look on. It is tried again.';
  });
  redraw();
  return [header, cards];
}

// Numbers that change, and how to change them.
function liveFacts() {
  const cells = {};
  const cell = (name, text) => {
    cells[name] = element('b', {}, '–');
    return element('li', { 'data-fact': name }, cells[name], element('span', {}, text));
  };
  const list = element('ul', { class: 'facts' },
    cell('phase', 'the arm'), cell('safety', 'the loop'), cell('trial', 'trial that is shown'), cell('iterations', 'iterations'),
    cell('success', 'success with exploration, last iteration'), cell('return', 'mean return'), cell('misses', 'periods missed'));
  const set = (name, text, kind = '') => {
    if (cells[name].textContent !== text) cells[name].textContent = text;
    cells[name].className = kind;
  };
  const tell = ({ now, trial, iterations }) => {
    if (now) {
      const { state } = now;
      set('phase', state ? DOING[state.phase] + (state.paused ? ', paused' : '') : 'no loop runs');
      set('safety', state ? SAFE[state.safety] + (state.fault ? `: ${state.fault}` : '') : '–', !state || state.safety === 'run' ? '' : 'bad');
      set('misses', state ? `${state.misses} of ${state.cycles + state.misses}` : '–');
    }
    if (trial) set('trial', String(trial.number));
    const last = iterations?.at(-1);
    if (last) {
      set('iterations', String(iterations.length));
      set('success', percent(last.success));
      set('return', short(last.return.mean));
    }
  };
  return [list, tell];
}

// The arm as it is, or the newest trial of a run that is faster than the eye; its verdict and its efforts.
function livePicture(live) {
  const canvas = element('canvas', { tabindex: 0, role: 'img', 'aria-label': 'the arm in three dimensions' });
  const caption = element('div', { class: 'caption' }, 'No trial yet');
  const verdict = element('div', { class: 'verdict' });
  const efforts = effortChart(live.joints);
  efforts.box.hidden = true;
  // Before the first trial the world is empty of marks and motion.
  let trial = { time: [], position: [], bodies: {}, marks: [], scene: live.scene };
  let [stages, stale, looked, posture, frame] = [null, true, false, null, null];
  // A browser that draws slowly leaves postures out.
  const draw = () => {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      // The picture needs its size, so it waits until the page is laid out.
      stages ??= threeDimensional([canvas], live.arm);
      if (stale) stages.forEach((stage) => stage.show(trial));
      stale = false;
      const show = () => posture && stages.forEach((stage) => stage.pose(posture.position, (body) => posture.bodies[body]));
      show();
      if (!looked && posture) {
        looked = true;
        stages.look?.();
        show();
      }
    });
  };
  draw();
  const shown = {
    trial: (next) => {
      [trial, stale] = [next, true];
      draw();
      caption.textContent = nameOf(trial);
      judge(verdict, trial);
      efforts.box.hidden = false;
      efforts.show(trial);
    },
    now: (now) => {
      posture = now.posture;
      draw();
    },
  };
  const card = wide(section('Now',
    'The arm as it is. A run in lockstep is faster than the eye: of its trials the newest is played, as fast as an arm makes it. Drag to turn it, scroll to come nearer; or focus it and use the arrow keys, + and -.',
    element('div', { class: 'views' }, element('div', { class: 'view' }, caption, canvas, verdict), efforts.box)));
  return [card, shown];
}

// Release lateness over the last minute.
function liveLateness() {
  const names = { p50: 'half of the cycles', p99: '99 of 100', max: 'all' };
  let [seen, drawn, plot] = [[], '', null];
  const note = 'Release lateness of the control cycles over five seconds at a time: so many of them are no later. Only the wall clock has deadlines.';
  const host = element('div', {}, element('p', {}, 'No cycle on the wall clock yet.'));
  const late = (lateness) => {
    // The numbers come with every event, and change once a second.
    const key = JSON.stringify(lateness);
    if (!lateness || key === drawn) return;
    drawn = key;
    seen = [...seen, { at: performance.now() / 1000, ...lateness.quantiles }].filter(({ at }) => at >= performance.now() / 1000 - MINUTE);
    const x = seen.map(({ at }) => at - seen.at(-1).at);
    const lines = Object.entries(names).map(([part, name]) => ({ name, values: seen.map((s) => s[part] / 1000) }));
    if (!plot) {
      plot = chart('seconds ago', 'us', x, lines);
      plot.classList.add('lateness');
      host.replaceChildren(plot);
    } else {
      plot.draw(x, lines);
    }
  };
  return [section('Lateness of the loop', note, host), late];
}
