//! A robot on ROS gets damping, and zero last, when a thread of the node panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use r2r::ParameterValue;
use r2r::nav_msgs::msg::Odometry;
use r2r::sensor_msgs::msg::JointState;
use r2r::std_msgs::msg::{Empty, Float64MultiArray};

use super::*;
use crate::control::{Clock, Event, Phase};
use crate::robot::{LoopPort, RemoteRobot, link};
use crate::ros::link::robot::RosRobot;
use crate::ros::rcl::message_time::message_time;
use crate::ros::rosout;
use crate::ros::system_time;
use crate::supervisor::{DaemonError, Operator, Watcher};

/// Test machines stall now and then.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);

/// A namespace per test, because a process has one context.
fn namespace() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("/test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A robot that stands still in the start posture and records every command.
struct Robot {
    heard: Arc<Mutex<Vec<Vec<f64>>>>,
    trouble: Publisher<Empty>,
    over: Arc<AtomicBool>,
    reporter: Option<JoinHandle<()>>,
    _spinning: Spinning,
}

impl Robot {
    fn new(namespace: &str, settings: &Settings) -> Self {
        let mut executor = Executor::new(Node::create(context().unwrap(), "robot", namespace).unwrap());
        let heard = Arc::<Mutex<Vec<Vec<f64>>>>::default();
        let hears = heard.clone();
        let qos = QosProfile::default().reliable().keep_last(1000);
        let take = move |message: Float64MultiArray| hears.lock().unwrap().push(message.data);
        executor.subscribe(&settings.ros.command_topic, qos, take).unwrap();
        let qos = QosProfile::default().reliable().keep_last(1);
        let states = executor.node().create_publisher("joint_states", qos.clone()).unwrap();
        let ball = executor.node().create_publisher("moto_controller/ball", qos.clone()).unwrap();
        let trouble = executor.node().create_publisher("moto_controller/trouble", qos).unwrap();
        let config = &settings.setup.config;
        let mut state = JointState { name: config.robot.joints.clone(), ..JointState::default() };
        state.position = config.control.start_posture.clone();
        state.velocity = vec![0.; state.position.len()];
        let over = Arc::new(AtomicBool::new(false));
        let asked = over.clone();
        let reporter = std::thread::spawn(move || {
            let mut far = Odometry::default();
            far.pose.pose.position.x = 5.;
            while !asked.load(Ordering::Relaxed) {
                state.header.stamp = message_time(system_time());
                far.header.stamp = state.header.stamp.clone();
                ball.publish(&far).unwrap();
                states.publish(&state).unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self { heard, trouble, over, reporter: Some(reporter), _spinning: executor.spawn().unwrap() }
    }

    /// Waits until the recorded commands satisfy a condition.
    fn wait(&self, what: &str, seen: impl Fn(&[Vec<f64>]) -> bool) -> usize {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let heard = self.heard.lock().unwrap();
            if seen(&heard) {
                return heard.len();
            }
            drop(heard);
            std::thread::sleep(POLL);
        }
        panic!("not heard: {what}");
    }

    /// Waits until the arm is held. Returns the number of commands so far.
    fn is_held(&self) -> usize {
        self.wait("efforts", |heard| heard.last().is_some_and(|last| largest(last) > 10.))
    }

    /// Checks the commands after the first `held`: none is larger than the holding effort, they
    /// ramp to zero, and zero is last.
    fn ends_safely(&self, held: usize) {
        self.wait("zero", |heard| heard.last().is_some_and(|last| largest(last) == 0.));
        let heard: Vec<f64> = self.heard.lock().unwrap().iter().map(|command| largest(command)).collect();
        let before = heard[..held].iter().copied().fold(0., f64::max);
        let after = &heard[held..];
        assert!(after.iter().all(|effort| *effort <= 1.05 * before), "an effort grew");
        let zero = after.iter().position(|effort| *effort == 0.).unwrap();
        assert!(after[..zero].iter().any(|effort| *effort < 0.9 * before), "no ramp: {:?}", &after[..zero]);
        assert!(after[zero..].iter().all(|effort| *effort == 0.), "an old effort after zero");
    }
}

impl Drop for Robot {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.reporter.take().map(JoinHandle::join);
    }
}

fn largest(command: &[f64]) -> f64 {
    command.iter().fold(0., |most: f64, effort| most.max(effort.abs()))
}

/// A node whose time does not matter to the test, before it spins.
struct Subject {
    executor: Executor,
    supervisor: Supervisor,
    settings: Settings,
    _signal: Sender<u32>,
    _inbox: Sender<Ask>,
    robot: Robot,
    _folder: tempfile::TempDir,
}

fn subject(trigger: &str) -> Subject {
    let namespace = namespace();
    let folder = tempfile::tempdir().unwrap();
    let run_folder = folder.path().join("run").to_string_lossy().into_owned();
    let mut given: Vec<(String, ParameterValue)> = vec![
        ("control.trigger".into(), ParameterValue::String(trigger.into())),
        ("ros.run_folder".into(), ParameterValue::String(run_folder)),
        ("ros.autostart".into(), ParameterValue::Bool(true)),
        ("ros.exit_when_done".into(), ParameterValue::Bool(true)),
        ("run.rollouts".into(), ParameterValue::Integer(2)),
        ("control.watchdog.max_consecutive_misses".into(), ParameterValue::Integer(1000)),
        // This robot always reports the same values.
        ("control.watchdog.max_frozen_readings".into(), ParameterValue::Integer(100_000)),
    ];
    for (name, value) in [
        ("control.ready_timeout", 3600.),
        ("control.max_missed_share", 1.),
        ("control.watchdog.max_state_age", 10.),
        ("control.watchdog.max_task_age", 10.),
        ("control.watchdog.heartbeat_timeout", 60.),
        ("ros.connect_timeout", 30.),
    ] {
        given.push((name.into(), ParameterValue::Double(value)));
    }
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
    let parameters = Parameters::load(config, &given, &namespace, |_| panic!("it is a file")).unwrap();
    let settings = parameters.settings().clone();
    let node = Node::create(context().unwrap(), "moto_controller", &namespace).unwrap();
    let mut executor = Executor::new(node);
    let log = Rosout::new(&mut executor, rosout().1).unwrap();
    let ((inbox, asks), (signal, signals)) = (unbounded(), unbounded());
    let parameters = SharedParameters::new(parameters);
    let received = Inbox { asks, signals };
    let supervisor = Supervisor::new(&mut executor, parameters, &settings, log, &inbox, received).unwrap();
    executor.subscribe("~/trouble", QosProfile::default(), |_: Empty| panic!("as the test wants it")).unwrap();
    let robot = Robot::new(&namespace, &settings);
    Subject { executor, supervisor, settings, _signal: signal, _inbox: inbox, robot, _folder: folder }
}

#[test]
fn the_executor_panics() {
    let Subject { executor, supervisor, settings, robot, _signal, _inbox, _folder } = subject("operator");
    let spinning = executor.spawn().unwrap();
    std::thread::scope(|scope| {
        let node = scope.spawn(|| supervise(supervisor, spinning, &settings));
        let held = robot.is_held();
        while !node.is_finished() {
            robot.trouble.publish(&Empty {}).unwrap();
            std::thread::sleep(POLL);
        }
        assert!(matches!(node.join().unwrap(), Err(RosError::ExecutorLost)));
        robot.ends_safely(held);
    });
}

#[test]
fn the_learner_panics() {
    let Subject { executor, supervisor, settings, robot, _signal, _inbox, _folder } = subject("at_once");
    crate::supervisor::panic_at_next_update();
    let end = supervise(supervisor, executor.spawn().unwrap(), &settings);
    assert!(matches!(end, Err(RosError::Daemon(DaemonError::LearnerLost(_)))), "{end:?}");
    robot.wait("zero", |heard| heard.last().is_some_and(|last| largest(last) == 0.));
    let heard = robot.heard.lock().unwrap();
    assert!(heard.iter().any(|command| largest(command) > 10.));
}

/// A task that panics when the arm is ready.
struct Fatal;

impl Watcher for Fatal {
    fn event(&mut self, event: &Event) {
        assert!(!matches!(event, Event::Phase { phase: Phase::Ready, .. }), "as the test wants it");
    }
}

#[test]
fn the_runs_thread_panics() {
    let Subject { executor, supervisor, settings, robot, _folder, .. } = subject("operator");
    let _spinning = executor.spawn().unwrap();
    let Settings { setup, ros, .. } = settings;
    let link = Box::new(supervisor.robot(&setup, ros.clone(), Arc::default()));
    let mut run = RobotRun::open(setup, Some(PathBuf::from(&ros.run_folder)), &ros.beginning()).unwrap();
    let (_orders, inbox) = unbounded();
    let operator = Operator { orders: inbox, watcher: Box::new(Fatal), reset_faults: false };
    let ended = catch_unwind(AssertUnwindSafe(|| run.learn(link, operator)));
    assert!(ended.is_err());
    robot.wait("zero", |heard| heard.last().is_some_and(|last| largest(last) == 0.));
}

#[test]
fn the_supervisor_panics() {
    let Subject { executor, mut supervisor, robot, _folder, .. } = subject("operator");
    let _spinning = executor.spawn().unwrap();
    for label in ["configure", "activate"] {
        supervisor.change(&TransitionMsg { id: 0, label: label.into() }).unwrap();
    }
    let held = robot.is_held();
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _supervisor = supervisor;
        panic!("as the test wants it");
    }));
    assert!(unwound.is_err());
    robot.ends_safely(held);
}

/// The loop's end of a connected robot, without a loop.
struct Hung {
    port: LoopPort,
    link: RosRobot,
    _clock: Box<dyn Clock>,
}

/// Connects, and sends one command. Zero is due after ten periods.
fn hung(supervisor: &Supervisor, settings: &Settings) -> Hung {
    let (mut port, outside) = link(9, Observed::total(&supervisor.observed));
    let mut link = supervisor.robot(&settings.setup, settings.ros.clone(), Arc::default());
    let clock = link.connect(outside).unwrap();
    port.delivery.set_patience(10 * link.control.period());
    let command = port.command.input_buffer_mut();
    command.sequence = 1;
    command.effort.fill(50.);
    port.command.publish();
    Hung { port, link, _clock: clock }
}

#[test]
fn where_the_loop_gives_no_command_the_robot_gets_zero_and_again_zero() {
    let Subject { executor, supervisor, settings, robot, _folder, .. } = subject("operator");
    let _spinning = executor.spawn().unwrap();
    let Hung { port, mut link, .. } = hung(&supervisor, &settings);
    robot.wait("the command", |heard| heard.iter().any(|command| largest(command) > 10.));
    robot.wait("zero, and again zero", |heard| heard.iter().rev().take(10).filter(|c| largest(c) == 0.).count() == 10);
    assert!(port.delivery.is_timed_out());
    // A hanging loop does not delay the end.
    link.disconnect();
    assert!(robot.heard.lock().unwrap().last().is_some_and(|last| largest(last) == 0.));
}

#[test]
fn a_simulation_that_stands_is_no_dead_loop_and_one_that_goes_on_is() {
    let Subject { executor, mut supervisor, settings, robot, _folder, .. } = subject("operator");
    let _spinning = executor.spawn().unwrap();
    let time = SimTime::default();
    time.set(Duration::from_secs(5));
    supervisor.sim_time = Some(time.clone());
    let period = settings.setup.config.control.period();
    let connected = AtomicBool::new(false);
    let (Hung { port, _clock: mut clock, .. }, mut now) = std::thread::scope(|scope| {
        // A clock needs to tick.
        let ticking = scope.spawn(|| {
            let mut now = Duration::from_secs(5);
            while !connected.load(Ordering::Relaxed) {
                now += period;
                time.set(now);
                std::thread::sleep(POLL);
            }
            now
        });
        let hung = hung(&supervisor, &settings);
        connected.store(true, Ordering::Relaxed);
        (hung, ticking.join().unwrap())
    });
    let heard = |robot: &Robot| robot.heard.lock().unwrap().len();
    // The loop sends its command as it goes to sleep, and never returns.
    clock.sleep_until(now + Duration::from_secs(1), false);
    robot.wait("the command", |heard| heard.iter().any(|command| largest(command) > 10.));
    let before = heard(&robot);
    // Long enough for many checks by the watch.
    std::thread::sleep(Duration::from_millis(300));
    assert!(heard(&robot) == before && !port.delivery.is_timed_out(), "nothing is sent while the simulation stands");
    let since = Instant::now();
    while heard(&robot) < before + 3 {
        assert!(since.elapsed() < PATIENCE, "no zero");
        now += period;
        time.set(now);
        std::thread::sleep(POLL);
    }
    assert!(port.delivery.is_timed_out());
    assert!(robot.heard.lock().unwrap()[before..].iter().all(|command| largest(command) == 0.));
}
