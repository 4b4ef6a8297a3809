// Curves.

const HEIGHT = 240;

// A chart of lines over common values of x. A line: {name, values, color, dash, points, band: [low, high]}.
// `extra` is merged into the options of uPlot. Returns the element; its `draw(x, lines)` shows other values.
function chart(xName, yName, x, lines, extra = {}) {
  const host = element('div', { class: 'chart', role: 'img', 'aria-label': `${yName} over ${xName}: ${lines.map((l) => l.name).join(', ')}` });
  let plot = null;
  const axis = (label, size) => ({
    label, size, labelSize: 22, stroke: color('soft'), font: '12px system-ui', labelFont: '12px system-ui',
    grid: { stroke: color('edge'), width: 1 }, ticks: { stroke: color('edge'), width: 1 },
  });
  const make = (x, lines) => {
    const series = [{ label: xName }];
    const data = [x];
    const bands = [];
    lines.forEach((line, i) => {
      const stroke = line.color || COLORS[i % COLORS.length];
      const shown = { label: line.name, stroke, width: 2, dash: line.dash, spanGaps: true, points: { show: line.points ?? x.length < 60, size: 4 }, value: (_, v) => short(v) };
      if (line.bars) Object.assign(shown, { paths: uPlot.paths.stepped({ align: -1 }), fill: `${stroke}22` });
      series.push(shown);
      data.push(line.values);
      if (line.band) {
        const edge = { stroke: 'transparent', width: 0, points: { show: false }, label: '', value: () => '', class: 'edge' };
        series.push({ ...edge }, { ...edge });
        data.push(line.band[1], line.band[0]);
        bands.push({ series: [series.length - 2, series.length - 1], fill: `${stroke}2e` });
      }
    });
    const options = {
      width: Math.max(host.clientWidth, 200), height: HEIGHT, series, bands,
      scales: { x: { time: false } }, axes: [axis(xName, 44), axis(yName, 62)],
      legend: { live: true }, cursor: { y: false }, ...extra,
    };
    plot?.destroy();
    plot = new uPlot(options, data, host);
    // The edges of bands have no line of their own.
    host.querySelectorAll('.u-legend .edge, .u-legend .u-series.edge').forEach((row) => row.remove());
  };
  host.draw = (newX, newLines) => {
    [x, lines] = [newX, newLines];
    host.dataset.points = x.length;
    make(x, lines);
  };
  new ResizeObserver(() => {
    if (!plot) host.draw(x, lines);
    else if (plot.width !== host.clientWidth) plot.setSize({ width: Math.max(host.clientWidth, 200), height: HEIGHT });
  }).observe(host);
  return host;
}

// Lines of each joint: `rows` are [point][joint].
function perJoint(joints, rows, style = {}) {
  return joints.map((joint, j) => ({ name: joint.name, values: rows.map((row) => row[j]), color: COLORS[j % COLORS.length], points: false, ...style }));
}
