//! A robot to try the loop on: frictionless joints of unit inertia, and a clock that follows a script.
#![allow(dead_code)] // Each test binary uses its part.

use moto_controller::control::*;
use moto_controller::policy::{
    CompiledMovement, CompiledPolicy, InputScales, Law, Layers, LinearGaussian, Motion, NeuralDraw, NeuralPolicy,
    Policy, Primitive,
};
use moto_controller::robot::*;
use nalgebra::{DMatrix, DVector};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const PERIOD: Duration = Duration::from_millis(2);
/// Time from the launch to the trigger.
pub const FLIGHT: f64 = 0.02;

/// Joints of unit inertia. Its one task value is the time since the launch, or -1.
pub struct Joints {
    pub position: Vec<f64>,
    pub velocity: Vec<f64>,
    pub now: Duration,
    pub launched: Option<Duration>,
    /// Acceleration no one asked for; drawn per trial.
    pub push: f64,
    /// Viscous friction, 1/s.
    pub friction: f64,
    /// When something hits the arm, and by how much that changes the velocities.
    pub blow: Option<(Duration, Vec<f64>)>,
    pub home: Vec<f64>,
}

impl Joints {
    pub fn at(position: &[f64]) -> Self {
        Self {
            position: position.into(),
            velocity: vec![0.; position.len()],
            now: Duration::ZERO,
            launched: None,
            push: 0.,
            friction: 0.,
            blow: None,
            home: position.into(),
        }
    }
}

impl Plant for Joints {
    fn period(&self) -> Duration {
        PERIOD
    }

    fn reset(&mut self, now: Duration) {
        self.position.clone_from(&self.home);
        self.velocity.fill(0.);
        self.now = now;
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        self.launched = None;
        self.push = (trial.rollout % 7) as f64 * 0.01;
    }

    fn launch(&mut self) {
        self.launched = Some(self.now);
    }

    fn step(&mut self, until: Duration, command: &Command) {
        while self.now < until {
            let dt = PERIOD.min(until - self.now);
            if let Some((_, blow)) = self.blow.take_if(|(at, _)| *at <= self.now) {
                self.velocity.iter_mut().zip(blow).for_each(|(qd, change)| *qd += change);
            }
            for ((q, qd), effort) in self.position.iter_mut().zip(&mut self.velocity).zip(&command.effort) {
                *qd += (effort + self.push - self.friction * *qd) * dt.as_secs_f64();
                *q += *qd * dt.as_secs_f64();
            }
            self.now += dt;
        }
    }

    fn read(&mut self, reading: &mut Reading) {
        reading.position.copy_from_slice(&self.position);
        reading.velocity.copy_from_slice(&self.velocity);
        reading.task[0] = self.launched.map_or(-1., |at| (self.now - at).as_secs_f64());
        (reading.stamp, reading.task_stamp) = (self.now, self.now);
    }
}

/// Positions, velocities and the task value are the policy's state.
pub struct AllOfIt(pub usize);

impl Stroke for AllOfIt {
    fn state_dim(&self) -> usize {
        2 * self.0 + 1
    }

    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        let (position, rest) = state.split_at_mut(self.0);
        position.copy_from_slice(&reading.position);
        rest[..self.0].copy_from_slice(&reading.velocity);
        rest[self.0] = reading.task[0];
    }

    fn triggered(&mut self, reading: &Reading) -> bool {
        reading.task[0] >= FLIGHT - 1e-9
    }
}

/// Limits of 20 and 10 000/s, bounds at +-2, speed 4; start posture 0.1, scale 2, period 2 ms, 5 periods per step.
pub fn config(joints: usize) -> ControlConfig {
    let all = |x: f64| vec![x; joints];
    ControlConfig {
        period: PERIOD.as_secs_f64(),
        pacing: Pacing::Timer,
        decimation: 5,
        start_posture: all(0.1),
        action_scale: all(2.),
        trigger: Trigger::Task,
        ready_timeout: 1.,
        homing: MotionConfig { duration: 0.3, ..MotionConfig::default() },
        return_home: MotionConfig { duration: 0.3, ..MotionConfig::default() },
        tracking: TrackingConfig::default(),
        teaching: TeachingConfig::default(),
        limits: LimitsConfig {
            effort: all(20.),
            effort_rate: all(10_000.),
            lower: all(-2.),
            upper: all(2.),
            velocity: all(4.),
            margin: all(0.1),
            stiffness: all(50.),
            damping: all(10.),
            velocity_margin: 0.1,
            trip_ratio: 1.5,
        },
        watchdog: WatchdogConfig { heartbeat_timeout: None, ..WatchdogConfig::default() },
        safety: SafetyConfig { response: Response::Damp, damping: all(5.), ramp: 0.02, duration: 0.1 },
        scheduling: SchedulingConfig {
            priority: None,
            cpu: None,
            lock_memory: false,
            avoid_idle_states: false,
            on_error: OnError::Warn,
        },
        max_missed_share: 0.02,
        max_clipped_share: 0.1,
        black_box_cycles: 100,
    }
}

/// A policy with a gain on every state and correlated noise, different at each step.
pub fn policy(horizon: usize, joints: usize) -> Policy {
    let (ds, da) = (2 * joints + 1, joints);
    let steps = (0..horizon)
        .map(|t| LinearGaussian {
            gain: DMatrix::from_fn(da, ds, |i, j| if i == j { -3. } else { 0.02 * ((i + 2 * j + t) % 3) as f64 }),
            bias: DVector::from_fn(da, |i, _| 0.5 * ((t + i) as f64).sin()),
            covariance: DMatrix::from_fn(da, da, |i, j| if i == j { 1. } else { 0.3 }),
        })
        .collect();
    Policy { steps }
}

pub fn key(rollout: u64) -> TrialKey {
    TrialKey { kind: TrialKind::Learn, iteration: 0, rollout }
}

pub fn shape(joints: usize, horizon: usize) -> TrialShape {
    let config = config(joints);
    TrialShape {
        joints,
        task_values: 1,
        state_dim: 2 * joints + 1,
        action_dim: joints,
        horizon,
        decimation: config.decimation,
    }
}

/// An order of a stroke of `horizon` steps; its noise depends on the rollout.
pub fn order(rollout: u64, horizon: usize, joints: usize) -> TrialOrder {
    TrialOrder {
        key: key(rollout),
        law: CompiledPolicy::new(&policy(horizon, joints)).unwrap().into(),
        noise: (0..horizon * joints).map(|i| ((i as u64 * 37 + rollout * 11) % 19) as f64 / 19. - 0.5).collect(),
        buffers: TrialBuffers::new(&shape(joints, horizon)),
    }
}

/// An order whose law is a network around the policy of [`policy`].
pub fn neural_order(rollout: u64, horizon: usize, joints: usize) -> TrialOrder {
    let layers = Layers { inputs: 2 * joints + 2, hidden: 32, outputs: joints };
    let scales = InputScales { mean: vec![0.1; layers.inputs], deviation: vec![0.5; layers.inputs] };
    let weights = (0..layers.weights()).map(|i| 0.2 * (i as f64).sin()).collect();
    let draw = NeuralDraw { scales, layers, weights, log_deviation: vec![-0.5; joints] };
    let law = CompiledPolicy::with_network(&NeuralPolicy { base: policy(horizon, joints), draw }).unwrap();
    TrialOrder { law: law.into(), ..order(rollout, horizon, joints) }
}

/// A movement from `start` that answers to the state: each joint goes to a goal near its start along a minimum-jerk path.
pub fn movement(start: &[f64], state_dim: usize, horizon: usize, decimation: usize) -> Law {
    let (n, cycles) = (start.len(), horizon * decimation);
    let duration = cycles as f64 * PERIOD.as_secs_f64();
    let path = |cycle: usize, size: f64| -> Motion {
        let s = cycle as f64 / cycles as f64;
        [
            size * s.powi(3) * (10. - 15. * s + 6. * s * s),
            size * s * s * (30. - 60. * s + 30. * s * s) / duration,
            size * s * (60. - 180. * s + 120. * s * s) / (duration * duration),
        ]
    };
    let primitive = Primitive {
        base: vec![start.iter().map(|q| [*q, 0., 0.]).collect(); cycles],
        goal_response: (0..cycles).map(|cycle| path(cycle, 1.)).collect(),
        velocity_response: (0..cycles).map(|cycle| path(cycle, 0.05)).collect(),
    };
    let search = LinearGaussian {
        gain: DMatrix::from_fn(2 * n, state_dim, |i, j| 0.002 * ((i + j) % 3) as f64),
        bias: DVector::from_fn(2 * n, |i, _| 0.02 * (i as f64).cos()),
        covariance: DMatrix::identity(2 * n, 2 * n) * 1e-4,
    };
    CompiledMovement::new(primitive.into(), search, horizon).unwrap().into()
}

/// An order of a movement of `horizon` steps.
pub fn movement_order(rollout: u64, horizon: usize, joints: usize) -> TrialOrder {
    let config = config(joints);
    let law = movement(&config.start_posture, 2 * joints + 1, horizon, config.decimation);
    let noise = (0..2 * joints).map(|i| ((i as u64 * 37 + rollout * 11) % 19) as f64 / 19. - 0.5).collect();
    TrialOrder { law, noise, ..order(rollout, horizon, joints) }
}

/// What a script does at a wake-up.
#[derive(Clone, Copy, Default)]
pub struct Wake {
    /// How late the loop wakes.
    pub late: Duration,
    /// The robot stays silent.
    pub silent: bool,
    /// How far the clock jumps back.
    pub back: Duration,
    /// The clock stands, and time with it.
    pub stands: bool,
}

type Script = Box<dyn FnMut(u64, &mut Reading) -> Wake + Send>;

/// A clock that steps [`Joints`] and then lets a script spoil the wake-up (counted from 0) or the reading.
pub struct ScriptClock {
    now: Duration,
    wakes: u64,
    joints: Joints,
    reading: triple_buffer::Input<Reading>,
    requests: rtrb::Consumer<PlantRequest>,
    sequence: u64,
    /// The robot's time less the clock's.
    offset: Duration,
    script: Script,
    robot: Arc<Mutex<Robot>>,
}

/// What the robot hears.
pub struct Robot {
    link: triple_buffer::Output<Command>,
    /// Every command that was in force at a wake-up.
    pub log: Vec<Command>,
}

impl Clock for ScriptClock {
    fn now(&self) -> Duration {
        self.now
    }

    fn sleep_until(&mut self, release: Duration, _idle: bool) {
        while let Ok(request) = self.requests.pop() {
            match request {
                PlantRequest::BeginTrial(key) => self.joints.begin_trial(&key),
                PlantRequest::Launch => self.joints.launch(),
            }
        }
        let mut robot = self.robot.lock().unwrap();
        let command = robot.link.read().clone();
        let reading = self.reading.input_buffer_mut();
        self.joints.step(release + self.offset, &command);
        if command.sequence > 0 {
            robot.log.push(command);
        }
        self.joints.read(reading);
        // What was measured before the clock was set back has a stamp of then.
        (reading.stamp, reading.task_stamp) = (self.joints.now - self.offset, self.joints.now - self.offset);
        self.sequence += 1;
        reading.sequence = self.sequence;
        let wake = (self.script)(self.wakes, reading);
        self.wakes += 1;
        if wake.stands {
            std::thread::sleep(Duration::from_millis(1));
            return;
        }
        if !wake.silent {
            self.reading.publish();
        }
        self.now = (release + wake.late).saturating_sub(wake.back);
        self.offset += release + wake.late - self.now;
    }
}

impl Robot {
    /// What the robot gets now.
    pub fn newest(&mut self) -> Command {
        self.link.read().clone()
    }
}

/// A loop and its supervisor's end in the test's own thread.
pub struct Rig {
    pub control: ControlLoop,
    pub client: LoopClient,
    pub robot: Arc<Mutex<Robot>>,
    /// What the loop is told of its commands.
    pub delivery: Arc<Delivery>,
    pub events: Vec<Event>,
    pub finished: Vec<FinishedTrial>,
    pub ended: bool,
}

impl Rig {
    pub fn new(
        config: ControlConfig,
        joints: Joints,
        script: impl FnMut(u64, &mut Reading) -> Wake + Send + 'static,
    ) -> Self {
        let stroke = Box::new(AllOfIt(joints.position.len()));
        Self::with_stroke(config, joints, stroke, script)
    }

    pub fn with_stroke(
        config: ControlConfig,
        joints: Joints,
        stroke: Box<dyn Stroke>,
        script: impl FnMut(u64, &mut Reading) -> Wake + Send + 'static,
    ) -> Self {
        let dynamics = Box::new(NominalInertia(vec![1.; joints.position.len()].into()));
        Self::with_dynamics(config, joints, stroke, dynamics, script)
    }

    pub fn with_dynamics(
        config: ControlConfig,
        joints: Joints,
        stroke: Box<dyn Stroke>,
        dynamics: Box<dyn InverseDynamics>,
        script: impl FnMut(u64, &mut Reading) -> Wake + Send + 'static,
    ) -> Self {
        let n = joints.position.len();
        let (port, RobotPort { reading, command, requests, delivery }) = link(n, 1);
        let robot = Arc::new(Mutex::new(Robot { link: command, log: Vec::new() }));
        let clock = ScriptClock {
            now: Duration::ZERO,
            wakes: 0,
            joints,
            reading,
            requests,
            sequence: 0,
            offset: Duration::ZERO,
            script: Box::new(script),
            robot: robot.clone(),
        };
        let (control, client) =
            ControlLoop::new(LoopParts { config, port, clock: Box::new(clock), stroke, dynamics }).unwrap();
        Self { control, client, robot, delivery, events: Vec::new(), finished: Vec::new(), ended: false }
    }

    /// A robot that behaves, at the start posture.
    pub fn calm(config: ControlConfig) -> Self {
        let joints = Joints::at(&config.start_posture);
        Self::new(config, joints, |_, _| Wake::default())
    }

    pub fn turn(&mut self) {
        self.ended = !self.control.turn();
        self.events.extend(std::iter::from_fn(|| self.client.event()));
        self.finished.extend(std::iter::from_fn(|| self.client.finished()));
    }

    pub fn turns(&mut self, count: usize) {
        for _ in 0..count {
            self.turn();
        }
    }

    /// Turns until `done`, or fails after more cycles than that can take.
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        for _ in 0..5_000 {
            if done(self) {
                return;
            }
            self.turn();
        }
        panic!("{what} did not come; events: {:?}", self.events);
    }

    pub fn returned(&self) -> usize {
        self.events.iter().filter(|e| matches!(e, Event::Returned { .. })).count()
    }

    pub fn phases(&self) -> Vec<Phase> {
        self.events
            .iter()
            .filter_map(|e| if let Event::Phase { phase, .. } = e { Some(*phase) } else { None })
            .collect()
    }

    pub fn states(&self) -> Vec<SafetyState> {
        self.events
            .iter()
            .filter_map(|e| if let Event::Safety { state, .. } = e { Some(*state) } else { None })
            .collect()
    }

    pub fn faults(&self) -> Vec<Fault> {
        self.events
            .iter()
            .filter_map(|e| if let Event::Tripped { fault, .. } = e { Some(*fault) } else { None })
            .collect()
    }

    /// What the robot gets now.
    pub fn effort(&self) -> Vec<f64> {
        self.robot.lock().unwrap().newest().effort.into()
    }

    /// Every effort that was in force at a wake-up.
    pub fn efforts(&self) -> Vec<Vec<f64>> {
        self.robot.lock().unwrap().log.iter().map(|command| command.effort.to_vec()).collect()
    }
}
