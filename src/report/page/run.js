// The page of a run.

function runPage(run) {
  const { iterations, joints, info } = run;
  const last = iterations[iterations.length - 1];
  const facts = element('ul', { class: 'facts' },
    fact(`${percent(iterations[0]?.success)} → ${percent(last?.success)}`, 'success with exploration, first and last iteration'),
    fact(`${short(iterations[0]?.return.mean)} → ${short(last?.return.mean)}`, 'mean return'),
    fact(String(iterations.length), 'iterations'),
    fact(String(last?.episodes ?? 0), 'episodes'),
    fact(`${run.stored[0]} trials, ${short(run.stored[1] / 1e6)} MB`, 'stored'));
  const header = element('header', {}, element('h1', {}, run.title), element('p', { class: 'note' }, origin(info)), facts);
  const cards = element('div', { class: 'cards' });
  if (run.trials.length) cards.append(player(run));
  if (iterations.length) cards.append(...learning(iterations).cards);
  if (run.marks.length && run.trials.length) {
    cards.append(section('Where it came, from above', 'Each dot is a stroke, joined to where it was to come. Later iterations are stronger; filled dots are successes. Units are metres; places are predicted where the recording ends earlier.', landings(run.marks, run.trials[run.trials.length - 1].scene)));
    cards.append(distances(run.marks));
  }
  if (run.gains) cards.append(...gains(run));
  run.deadlines.forEach((histogram) => cards.append(deadlines(histogram)));
  cards.append(leftOut(iterations), events(iterations));
  cards.append(...again(run));
  return [header, cards];
}

// Robot, seed, version and time of a run, in a line.
function origin({ robot, seed, version, started }) {
  return `${robot}, seed ${seed}, version ${version}, started ${new Date(1000 * started).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

// What repeats a run.
function again({ info, config }) {
  return [
    wide(section('The same run again', 'The same seed gives the same run, to the bit, on any number of threads.', element('code', {}, command(info.command_line)))),
    folded('Configuration', element('pre', { tabindex: 0 }, config)),
  ];
}

// What the learner reports of its iterations, over the episodes.
const CURVES = [
  {
    title: 'Return', unit: 'return', note: 'Sum of rewards of the rollouts, with exploration: mean with one standard deviation, and best.',
    lines: (m) => [
      { name: 'mean', values: m.map((l) => l.return.mean), band: [m.map((l) => sum(l.return.mean, -l.return_std)), m.map((l) => sum(l.return.mean, l.return_std))] },
      { name: 'best', values: m.map((l) => l.return.max), dash: [6, 4] },
    ],
  },
  {
    title: 'Success and clipping', unit: '%', note: 'Share of rollouts that succeeded, with exploration, and share of cycles in which a limit changed an effort.',
    lines: (m) => [
      { name: 'success', values: m.map((l) => 100 * l.success) },
      { name: 'clipped cycles', values: m.map((l) => 100 * l.clipped_share), dash: [6, 4] },
    ],
  },
  {
    title: 'Predicted and measured improvement', unit: 'return', note: 'What the fitted Q-functions promised for an update, and what the next rollouts returned.',
    lines: (m) => [
      { name: 'predicted', values: m.map((l) => l.predicted_improvement) },
      { name: 'measured', values: m.map((l) => l.measured_improvement), dash: [6, 4] },
    ],
  },
  {
    title: 'KL divergence of the updates', unit: 'nats', note: 'Mean, least and most over the policy steps, and the bound that was asked for.',
    lines: (m) => [
      { name: 'KL', ...overSteps(m, 'kl') },
      { name: 'bound', values: m.map((l) => l.summary.kl_asked.mean), dash: [6, 4] },
    ],
  },
  {
    title: 'Entropy', unit: 'nats', note: 'Entropy of the policy: mean, least and most over the steps.',
    lines: (m) => [{ name: 'entropy', ...overSteps(m, 'entropy') }],
  },
  {
    title: 'Effective samples', unit: 'samples', note: 'Effective sample size of the importance weights: mean, least and most over the steps.',
    lines: (m) => [{ name: 'effective samples', ...overSteps(m, 'effective_samples') }],
  },
];

function sum(a, b) {
  return a === null || b === null ? null : a + b;
}

function overSteps(m, name) {
  const of = (part) => m.map((l) => l.summary[name][part]);
  return { values: of('mean'), band: [of('min'), of('max')] };
}

// The sections of the curves; `draw(iterations)` shows others.
function learning(iterations) {
  const charts = CURVES.map(({ unit, lines }) => {
    const made = chart('episodes', unit, iterations.map((m) => m.episodes), lines(iterations));
    made.classList.add('learning');
    return made;
  });
  return {
    cards: CURVES.map(({ title, note }, i) => section(title, note, charts[i])),
    draw: (m) => charts.forEach((made, i) => made.draw(m.map((l) => l.episodes), CURVES[i].lines(m))),
  };
}

function distances(marks) {
  const sums = new Map();
  for (const { iteration, target, reached } of marks) {
    const distance = Math.hypot(...target.map((t, i) => reached[i] - t));
    const [sum, count] = sums.get(iteration) || [0, 0];
    sums.set(iteration, [sum + distance, count + 1]);
  }
  const x = [...sums.keys()].sort((a, b) => a - b);
  const values = x.map((iteration) => 100 * sums.get(iteration)[0] / sums.get(iteration)[1]);
  return section('Distance from the target', 'Mean length of the error vectors of the strokes that came to a place.', chart('iteration', 'cm', x, [{ name: 'distance', values }]));
}

function gains(run) {
  const steps = run.gains.position.map((_, t) => t * run.step);
  const of = (title, note, unit, rows) => section(title, note, chart('s after the start', unit, steps, perJoint(run.joints, rows)));
  return [
    of('Gains of position', 'Action of each joint per its own position, over the steps of the law learned last.', 'per rad or m', run.gains.position),
    of('Gains of velocity', 'Action of each joint per its own velocity.', 'per rad/s or m/s', run.gains.velocity),
    of('Exploration', 'Standard deviation of each joint\'s action.', 'action', run.gains.deviation),
  ];
}

function deadlines({ name, bins }) {
  const shown = bins.filter(([edge]) => edge > 0);
  const log = { scales: { x: { time: false, distr: 3 }, y: { distr: 3 } } };
  return section(`Deadlines: ${name}`, 'Control cycles by microseconds, on the wall clock. Both axes are logarithmic, because rare and long delays matter most.',
    chart('microseconds', 'cycles', shown.map(([edge]) => edge), [{ name: 'cycles', values: shown.map(([, count]) => count || null), bars: true, points: true }], log));
}

function leftOut(iterations) {
  const rows = iterations.flatMap((m) => m.discarded.map((d) => [String(d.trial), String(m.iteration), d.reason]));
  const none = element('p', {}, 'None: every trial was learned from.');
  const ended = iterations.reduce((sum, m) => sum + (m.broken_off || 0), 0);
  const learned = ended ? ` ${ended} others were broken off by a limit and learned from.` : '';
  return section('Trials that were left out', `Trials that are stored and were not learned from, and why.${learned}`, rows.length ? table(['trial', 'iteration', 'why'], rows) : none);
}

function events(iterations) {
  const plain = (m) => (m.guard && m.guard.decision !== 'accepted') || m.remark;
  const rows = iterations.filter(plain).map((m) => [String(m.iteration), [m.guard?.decision, m.remark].filter(Boolean).join('; '), short(m.guard?.epsilon)]);
  const judged = iterations.filter((m) => m.guard).length;
  const none = element('p', {}, judged ? `None: the guard accepted all ${judged} updates that it judged.` : 'None: no guard judged the updates.');
  return section('Guard and remarks', 'Updates that the guard took back, and remarks of the learner.', rows.length ? table(['iteration', 'event', 'bound on KL from then on'], rows) : none);
}
