// Where strokes came, from above.

// The things that stand still as rectangles and circles, and the marks in the colour of their iteration.
function landings(marks, scene) {
  const still = scene.things.filter((thing) => !thing.follows);
  const outlines = still.map((thing) => {
    const [x, y] = thing.pose.at;
    const [w, h] = thing.kind === 'box' ? thing.size : [2 * thing.size[0], 2 * thing.size[0]];
    return { x: x - w / 2, y: y - h / 2, w, h, round: thing.kind !== 'box' };
  });
  const xs = [...outlines.flatMap((o) => [o.x, o.x + o.w]), ...marks.flatMap((m) => [m.reached[0], m.target[0]])];
  const ys = [...outlines.flatMap((o) => [o.y, o.y + o.h]), ...marks.flatMap((m) => [m.reached[1], m.target[1]])];
  // A few strokes that came far away must not shrink the rest.
  const within = (values, outer) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
    return [Math.min(at(0.02), ...outer.map((o) => o[0])), Math.max(at(0.98), ...outer.map((o) => o[1]))];
  };
  const [left, right] = within(xs, outlines.map((o) => [o.x, o.x + o.w]));
  const [low, high] = within(ys, outlines.map((o) => [o.y, o.y + o.h]));
  const span = Math.max(right - left, high - low, 0.05);
  const room = 0.06 * span;
  const view = [left - room, -(high + room), right - left + 2 * room, high - low + 2 * room];
  const last = Math.max(1, ...marks.map((mark) => mark.iteration));
  const made = svg('svg', { class: 'marks', viewBox: view.join(' '), role: 'img', 'aria-label': `${marks.length} places from above, by iteration` });
  const thin = 0.003 * span;
  for (const { x, y, w, h, round } of outlines) {
    const common = { fill: 'none', stroke: color('soft'), 'stroke-width': thin };
    made.append(round
      ? svg('circle', { cx: x + w / 2, cy: -(y + h / 2), r: w / 2, ...common })
      : svg('rect', { x, y: -(y + h), width: w, height: h, ...common }));
  }
  for (const mark of marks) {
    const share = mark.iteration / last;
    // From light to dark, so that order is told without hues.
    const tint = `hsl(${dark ? 205 : 208} 75% ${dark ? 25 + 50 * share : 82 - 50 * share}%)`;
    const [x, y] = mark.reached;
    made.append(svg('line', { x1: mark.target[0], y1: -mark.target[1], x2: x, y2: -y, stroke: tint, 'stroke-width': 0.5 * thin, opacity: 0.35 }));
    const dot = svg('circle', { cx: x, cy: -y, r: 0.009 * span, fill: mark.success ? tint : 'none', stroke: tint, 'stroke-width': thin });
    dot.append(svg('title', {}, `trial ${mark.trial}, iteration ${mark.iteration}, ${mark.name}: ${mark.success ? 'success' : 'no success'}`));
    made.append(dot);
  }
  return made;
}
