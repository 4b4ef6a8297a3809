// Two trials side by side, at the same time after their starts.

const SPEEDS = [['1', 'real time'], ['0.25', 'a quarter'], ['0.1', 'a tenth']];

function player(run) {
  const { trials } = run;
  const asked = Number(new URLSearchParams(location.hash.slice(1)).get('trial'));
  const wanted = trials.findIndex((trial) => trial.number === asked);
  const shown = [0, wanted < 0 ? trials.length - 1 : wanted];
  const sides = ['before', 'after'].map((side, i) => view(side, trials, shown[i], (k) => { shown[i] = k; pick(i); }));
  const efforts = effortChart(run.joints);
  let [stages, time, frame] = [[], 0, null];

  const slider = element('input', { type: 'range', min: 0, max: 1000, value: 0, 'aria-label': 'time of the stroke', oninput: () => { stop(); seek(slider.value / 1000 * duration()); } });
  const clock = element('output', {}, '0.00 s');
  const play = element('button', { type: 'button', onclick: () => (frame ? stop() : start()) }, 'Play');
  const speed = element('select', { 'aria-label': 'speed' }, ...SPEEDS.map(([value, text]) => element('option', { value }, text)));
  speed.value = '0.25';

  const duration = () => Math.max(...shown.map((k) => trials[k].time.at(-1) || 0), 0.01);
  const seek = (to) => {
    time = Math.min(to, duration());
    clock.textContent = `${time.toFixed(2)} s`;
    slider.value = 1000 * time / duration();
    stages.forEach((stage) => stage.at(time));
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    frame = null;
    play.textContent = 'Play';
  };
  const start = () => {
    if (time >= duration()) time = 0;
    let before = null;
    const step = (now) => {
      seek(time + (before === null ? 0 : (now - before) / 1000 * Number(speed.value)));
      before = now;
      if (time >= duration()) stop();
      else frame = requestAnimationFrame(step);
    };
    play.textContent = 'Stop';
    frame = requestAnimationFrame(step);
  };
  const pick = (i) => {
    const trial = trials[shown[i]];
    sides[i].judge(trial);
    stages[i]?.show(trial);
    seek(time);
    if (i === 1) efforts.show(trial);
  };

  // The pictures need their sizes, so they wait until the page is laid out.
  requestAnimationFrame(() => {
    stages = threeDimensional(sides.map((side) => side.canvas), run.arm);
    stages.forEach((stage, i) => stage.show(trials[shown[i]]));
    sides.forEach((_, i) => pick(i));
    stages.look?.();
  });
  return wide(section('The stroke',
    'Two trials at the same time after their starts. Drag to turn both, scroll to come nearer; or focus a picture and use the arrow keys, + and -.',
    element('div', { class: 'views' }, ...sides.map((side) => side.box)),
    element('div', { class: 'player' }, play, slider, clock, speed),
    element('h3', {}, 'Efforts of the right trial against the limits'), efforts.box));
}

// A picture with the choice of its trial.
function view(side, trials, first, chosen) {
  const canvas = element('canvas', { tabindex: 0, role: 'img', 'aria-label': `${side}: the stroke in three dimensions` });
  const verdict = element('div', { class: 'verdict' });
  const choice = element('select', { onchange: () => chosen(Number(choice.value)) }, ...trials.map((trial, k) => element('option', { value: k }, nameOf(trial))));
  choice.value = first;
  return { canvas, judge: (trial) => judge(verdict, trial), box: element('div', { class: 'view' }, element('label', {}, side, choice), canvas, verdict) };
}

function nameOf(trial) {
  return `trial ${trial.number}, iteration ${trial.iteration}${trial.evaluation ? ', without exploration' : ''}`;
}

// Shows the verdict on a trial in an element.
function judge(verdict, trial) {
  const [mark, kind] = trial.success === null ? ['not judged', ''] : trial.success ? ['✓ success', 'good'] : ['✗ no success', 'bad'];
  verdict.className = `verdict ${kind}`;
  verdict.textContent = `${mark}, return ${short(trial.total_reward)}${trial.complaint ? `; left out: ${trial.complaint}` : ''}${trial.broken_off ? `; broken off and learned from: ${trial.broken_off}` : ''}`;
}

// The stages of the canvases under one camera, so that all are seen from the same side. Empty where
// the browser does not draw in three dimensions.
function threeDimensional(canvases, arm) {
  const camera = new THREE.PerspectiveCamera(38, 1, 0.02, 200);
  camera.up.set(0, 0, 1);
  let stages;
  try {
    stages = canvases.map((canvas) => new Stage(canvas, camera, arm));
  } catch {
    canvases.forEach((canvas) => canvas.replaceWith(element('p', {}, 'This browser does not draw in three dimensions (WebGL).')));
    return [];
  }
  const draw = () => stages.forEach((stage) => stage.draw());
  stages.look = () => {
    const centre = stages.at(-1).look();
    for (const canvas of canvases) {
      const orbit = new THREE.OrbitControls(camera, canvas);
      orbit.target.copy(centre);
      orbit.update();
      orbit.addEventListener('change', draw);
      canvas.addEventListener('keydown', (event) => {
        if (!turn(event.key, camera, orbit.target)) return;
        event.preventDefault();
        draw();
      });
    }
    draw();
  };
  return stages;
}

// Turns the camera about a point, or moves it nearer. Returns whether the key means that.
function turn(key, camera, centre) {
  const from = camera.position.clone().sub(centre);
  const [distance, round, up] = [from.length(), Math.atan2(from.y, from.x), Math.asin(from.z / from.length())];
  const [by, closer] = [0.12, 0.9];
  const moves = {
    ArrowLeft: [-by, 0, 1], ArrowRight: [by, 0, 1], ArrowUp: [0, by, 1], ArrowDown: [0, -by, 1], '+': [0, 0, closer], '-': [0, 0, 1 / closer],
  };
  if (!moves[key]) return false;
  const [dRound, dUp, factor] = moves[key];
  const [azimuth, height] = [round + dRound, Math.min(Math.max(up + dUp, -1.5), 1.5)];
  const direction = new THREE.Vector3(Math.cos(height) * Math.cos(azimuth), Math.cos(height) * Math.sin(azimuth), Math.sin(height));
  camera.position.copy(centre).addScaledVector(direction, distance * factor);
  camera.lookAt(centre);
  return true;
}

// The efforts of a joint in a trial.
function effortChart(joints) {
  const plot = chart('s after the start', 'N m or N', [0], [{ name: 'sent', values: [null] }]);
  const clipping = element('p', { class: 'note' });
  let trial = null;
  const draw = () => {
    const j = Number(joint.value);
    const limit = joints[j].effort;
    const x = trial.time.slice(0, trial.sent.length);
    const of = (rows) => rows.map((row) => row[j]);
    const bounds = limit === null ? [] : [limit, -limit];
    plot.draw(x, [
      { name: 'sent', values: of(trial.sent), points: false },
      { name: 'asked', values: of(trial.asked), dash: [6, 4], points: false },
      ...bounds.map((bound) => ({ name: `limit ${bound}`, values: x.map(() => bound), color: color('bad'), dash: [2, 4], points: false })),
    ]);
  };
  const joint = element('select', { 'aria-label': 'joint', onchange: draw }, ...joints.map(({ name }, j) => element('option', { value: j }, name)));
  const show = (next) => {
    trial = next;
    draw();
    const cut = joints.map(({ name }, j) => [name, trial.clipped[j]]).filter(([, share]) => share > 0);
    clipping.textContent = cut.length
      ? `Share of cycles in which a limit changed the effort: ${cut.map(([name, share]) => `${name} ${short(100 * share)} %`).join(', ')}.`
      : 'No limit changed an effort in this trial.';
  };
  return { show, box: element('div', {}, element('div', { class: 'player' }, 'joint', joint), plot, clipping) };
}
