// The arm and its world in three dimensions.

function placed(object, pose) {
  object.position.fromArray(pose.at);
  object.quaternion.fromArray(pose.turn);
  return object;
}

function mesh(shape, fallback) {
  const [r, g, b, opacity] = shape.color || fallback;
  const [a, length, c] = shape.size;
  const geometry =
    shape.kind === 'box' ? new THREE.BoxGeometry(a, length, c)
    : shape.kind === 'sphere' ? new THREE.SphereGeometry(a, 24, 16)
    : new THREE.CylinderGeometry(a, a, length, 24);
  // A cylinder of the library is along y, ours along z.
  if (shape.kind === 'cylinder') geometry.rotateX(Math.PI / 2);
  const material = new THREE.MeshStandardMaterial({ color: new THREE.Color(r, g, b), roughness: 0.7, transparent: opacity < 1, opacity });
  return placed(new THREE.Mesh(geometry, material), shape.pose);
}

const STEEL = [0.45, 0.5, 0.56, 1];
const REACHED = [0.8, 0.28, 0.05, 1];

class Stage {
  // Throws where the browser cannot draw in three dimensions.
  constructor(canvas, camera, arm) {
    this.canvas = canvas;
    this.camera = camera;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true, alpha: true, preserveDrawingBuffer: true });
    this.scene = new THREE.Scene();
    this.scene.add(new THREE.HemisphereLight(0xffffff, 0x8890a0, 2.2));
    const sun = new THREE.DirectionalLight(0xffffff, 1.6);
    sun.position.set(-2, -3, 5);
    this.scene.add(sun);
    this.robot = new THREE.Group();
    this.scene.add(this.robot);
    this.world = new THREE.Group();
    this.scene.add(this.world);
    arm.root.forEach((shape) => this.robot.add(mesh(shape, STEEL)));
    this.bodies = [];
    arm.bodies.forEach((body) => {
      const fixed = placed(new THREE.Group(), body.pose);
      const moving = new THREE.Group();
      fixed.add(moving);
      body.shapes.forEach((shape) => moving.add(mesh(shape, STEEL)));
      (body.parent === null ? this.robot : this.bodies[body.parent].moving).add(fixed);
      this.bodies.push({ ...body, moving });
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // Shows another trial.
  show(trial) {
    this.trial = trial;
    this.world.clear();
    placed(this.robot, trial.scene.base);
    this.things = trial.scene.things.map((thing) => {
      const carrier = new THREE.Group();
      carrier.add(mesh(thing, STEEL));
      this.world.add(carrier);
      const path = trial.bodies[thing.follows];
      if (path?.length) this.world.add(line(path, new THREE.Color(...thing.color.slice(0, 3))));
      return { ...thing, carrier };
    });
    for (const { target, reached } of trial.marks) {
      this.world.add(line([target, reached], new THREE.Color(color('bad'))));
      this.world.add(mesh({ kind: 'sphere', size: [0.03], pose: { at: reached, turn: [0, 0, 0, 1] } }, REACHED));
    }
    this.at(0);
  }

  // Shows the trial at a time, s after its start.
  at(time) {
    const { trial } = this;
    this.pose(between(trial.time, trial.position, time), (body) => between(trial.time, trial.bodies[body] || [], time));
  }

  // Shows joint positions, and bodies where `body(name)` says that they are; what is null stays.
  pose(q, body) {
    if (q) this.posture(q);
    for (const thing of this.things) {
      const at = thing.follows ? body(thing.follows) : null;
      if (at) thing.carrier.position.fromArray(at);
    }
    this.draw();
  }

  // Moves the joints.
  posture(q) {
    for (const { moving, joint, prismatic } of this.bodies) {
      if (prismatic) moving.position.z = q[joint];
      else moving.rotation.z = q[joint];
    }
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.renderer.render(this.scene, this.camera);
  }

  // Places the camera so that the whole motion is in view, and returns the centre.
  look() {
    const all = new THREE.Box3();
    for (let moment = 0; moment <= 8; moment += 1) {
      this.at(moment / 8 * (this.trial.time.at(-1) || 0));
      this.scene.updateMatrixWorld(true);
      all.expandByObject(this.scene);
    }
    this.at(0);
    const [centre, extent] = [all.getCenter(new THREE.Vector3()), all.getSize(new THREE.Vector3())];
    const size = Math.max(extent.length(), 0.3);
    // A narrow picture and a high scene need more distance.
    const distance = size * Math.max(0.9, 1.55 / this.camera.aspect, 1.8 * extent.z / size);
    this.camera.position.copy(centre).add(new THREE.Vector3(-0.45, -0.75, 0.42).multiplyScalar(distance));
    this.camera.lookAt(centre);
    return centre;
  }
}

function line(points, tint) {
  const geometry = new THREE.BufferGeometry().setAttribute('position', new THREE.Float32BufferAttribute(points.flat(), 3));
  return new THREE.Line(geometry, new THREE.LineBasicMaterial({ color: tint }));
}

// Values at a time, by lines between rows; null where there are none.
function between(times, rows, time) {
  if (!rows.length) return null;
  let after = times.findIndex((t) => t >= time);
  if (after < 0) after = rows.length - 1;
  const before = Math.max(after - 1, 0);
  const [a, b] = [rows[before], rows[Math.min(after, rows.length - 1)]];
  const span = times[after] - times[before];
  const share = span > 0 ? Math.min(Math.max((time - times[before]) / span, 0), 1) : 1;
  return a.map((value, i) => value + share * (b[i] - value));
}
