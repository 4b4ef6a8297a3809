// The page of an experiment.

function experimentPage(experiment) {
  const header = element('header', {}, element('h1', {}, experiment.title));
  const cards = element('div', { class: 'cards' });
  for (const panel of experiment.panels) {
    const x = [...new Set(panel.curves.flatMap((curve) => curve.points.map(([episodes]) => episodes)))].sort((a, b) => a - b);
    const lines = panel.curves.map((curve) => {
      const at = new Map(curve.points.map((point) => [point[0], point]));
      const column = (i) => x.map((episodes) => at.get(episodes)?.[i] ?? null);
      return { name: curve.label, values: column(1), band: [column(2), column(3)], points: false };
    });
    const title = [panel.title, panel.value].filter(Boolean).join(': ');
    cards.append(section(title, 'Mean over the seeds with its 95 % confidence interval.', chart(panel.across, panel.value, x, lines)));
  }
  cards.append(wide(section('Statistics', 'Over the seeds.', element('pre', { tabindex: 0 }, experiment.table))));
  if (experiment.motions) {
    const motions = element('div', { class: 'motions scroll', tabindex: 0 });
    motions.innerHTML = experiment.motions;
    cards.append(wide(section('Motions', 'The mean action of the median seed.', motions)));
  }
  cards.append(wide(section('The same experiment again', 'The same seeds give the same numbers, to the bit.', element('code', {}, command(experiment.command_line)))));
  cards.append(folded('Configuration', element('pre', { tabindex: 0 }, experiment.config)));
  return [header, cards];
}
