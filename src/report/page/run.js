// The page of a run.

function runPage(run) {
  const { iterations, joints, info } = run;
  const last = iterations[iterations.length - 1];
  const pace = last ? iterations.map((m) => m.episodes) : [];
  const facts = element('ul', { class: 'facts' },
    fact(`${percent(iterations[0]?.success)} → ${percent(last?.success)}`, 'success with exploration, first and last iteration'),
    fact(`${short(iterations[0]?.return.mean)} → ${short(last?.return.mean)}`, 'mean return'),
    fact(String(iterations.length), 'iterations'),
    fact(String(last?.episodes ?? 0), 'episodes'),
    fact(`${run.stored[0]} trials, ${short(run.stored[1] / 1e6)} MB`, 'stored'));
  const header = element('header', {},
    element('h1', {}, run.title),
    element('p', { class: 'note' }, `${info.robot}, seed ${info.seed}, version ${info.version}, started ${new Date(1000 * info.started).toISOString().slice(0, 16).replace('T', ' ')} UTC`),
    facts);
  const cards = element('div', { class: 'cards' });
  if (run.trials.length) cards.append(player(run));
  if (iterations.length) cards.append(...learning(run, pace));
  if (run.marks.length && run.trials.length) {
    cards.append(section('Where it came, from above', 'Each dot is a stroke, joined to where it was to come. Later iterations are stronger; filled dots are successes. Units are metres; places are predicted where the recording ends earlier.', landings(run.marks, run.trials[run.trials.length - 1].scene)));
    cards.append(distances(run.marks));
  }
  if (run.gains) cards.append(...gains(run));
  run.deadlines.forEach((histogram) => cards.append(deadlines(histogram)));
  cards.append(leftOut(iterations), events(iterations));
  cards.append(wide(section('The same run again', 'The same seed gives the same run, to the bit, on any number of threads.', element('code', {}, command(info.command_line)))));
  cards.append(folded('Configuration', element('pre', { tabindex: 0 }, run.config)));
  return [header, cards];
}

function learning(run, x) {
  const m = run.iterations;
  const of = (value) => m.map(value);
  const up = (a, b) => (a === null || b === null ? null : a + b);
  const curve = (title, note, name, lines) => {
    const made = chart('episodes', name, x, lines);
    made.classList.add('learning');
    return section(title, note, made);
  };
  const summary = (name) => ({ values: of((l) => l.summary[name].mean), band: [of((l) => l.summary[name].min), of((l) => l.summary[name].max)] });
  const made = [
    curve('Return', 'Sum of rewards of the rollouts, with exploration: mean with one standard deviation, and best.', 'return', [
      { name: 'mean', values: of((l) => l.return.mean), band: [of((l) => up(l.return.mean, -l.return_std)), of((l) => up(l.return.mean, l.return_std))] },
      { name: 'best', values: of((l) => l.return.max), dash: [6, 4] },
    ]),
    curve('Success and clipping', 'Share of rollouts that succeeded, with exploration, and share of cycles in which a limit changed an effort.', '%', [
      { name: 'success', values: of((l) => 100 * l.success) },
      { name: 'clipped cycles', values: of((l) => 100 * l.clipped_share), dash: [6, 4] },
    ]),
    curve('Predicted and measured improvement', 'What the fitted Q-functions promised for an update, and what the next rollouts returned.', 'return', [
      { name: 'predicted', values: of((l) => l.predicted_improvement) },
      { name: 'measured', values: of((l) => l.measured_improvement), dash: [6, 4] },
    ]),
    curve('KL divergence of the updates', 'Mean, least and most over the policy steps, and the bound that was asked for.', 'nats', [
      { name: 'KL', ...summary('kl') },
      { name: 'bound', values: of((l) => l.summary.kl_asked.mean), dash: [6, 4] },
    ]),
    curve('Entropy', 'Entropy of the policy: mean, least and most over the steps.', 'nats', [{ name: 'entropy', ...summary('entropy') }]),
    curve('Effective samples', 'Effective sample size of the importance weights: mean, least and most over the steps.', 'samples', [{ name: 'effective samples', ...summary('effective_samples') }]),
  ];
  return made;
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
  return section('Trials that were left out', 'Trials that are stored and were not learned from, and why.', rows.length ? table(['trial', 'iteration', 'why'], rows) : none);
}

function events(iterations) {
  const plain = (m) => (m.guard && m.guard.decision !== 'accepted') || m.remark;
  const rows = iterations.filter(plain).map((m) => [String(m.iteration), [m.guard?.decision, m.remark].filter(Boolean).join('; '), short(m.guard?.epsilon)]);
  const judged = iterations.filter((m) => m.guard).length;
  const none = element('p', {}, judged ? `None: the guard accepted all ${judged} updates that it judged.` : 'None: no guard judged the updates.');
  return section('Guard and remarks', 'Updates that the guard took back, and remarks of the learner.', rows.length ? table(['iteration', 'event', 'bound on KL from then on'], rows) : none);
}
