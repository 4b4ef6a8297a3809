//! Times a joint state's way through the node to a command, compared with a bare r2r echo.
//!
//!     source "$(scripts/setup_ros2.sh)"
//!     cargo bench --features ros --bench ros_round_trip [-- --1khz]
//!
//! This process is the robot. It reports at 500 Hz, or 1 kHz, and measures the time until the answering
//! command: of a node in lockstep, then of one that the states pace (`control.pacing: robot`). Node
//! and echo are processes of their own and take turns (A B A B). Then the loop runs on the wall clock
//! under the same traffic and reports its release lateness.

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::{FutureExt, StreamExt};
use r2r::builtin_interfaces::msg::Time;
use r2r::nav_msgs::msg::Odometry;
use r2r::sensor_msgs::msg::JointState;
use r2r::std_msgs::msg::{Float64MultiArray, MultiArrayDimension, String as Text};
use r2r::{Node, Publisher, QosProfile};

/// Number of rounds of node and echo, and of messages per round.
const ROUNDS: usize = 10;
const MESSAGES: usize = 1000;
/// A message without an answer after this time counts as lost.
const LOST: Duration = Duration::from_millis(100);
const JOINTS: [&str; 9] = ["bx", "by", "bz", "j1", "j2", "j3", "j4", "j5", "j6"];
const REST: [f64; 9] = [0., 0., 0., -0.8, -0.6, 0.3, 1.3, 1.2, 0.8];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    if std::env::args().any(|word| word == "--echo") {
        return echo();
    }
    let folder = tempfile::tempdir()?;
    let period = Duration::from_millis(if std::env::args().any(|word| word == "--1khz") { 1 } else { 2 });
    // A policy step stays 20 ms.
    let rate = [
        format!("control.period:={:?}", period.as_secs_f64()),
        format!("control.decimation:={}", 20 / period.as_millis()),
    ];
    let mut robot = Robot::new(period)?;
    let mut echo = Command::new(std::env::current_exe()?).arg("--echo").stdout(Stdio::null()).spawn()?;
    println!("round trip of {} messages, {period:?} apart [us]   p50     p99", ROUNDS * MESSAGES);
    for (name, kind) in [("lockstep", "ros.clock:=lockstep"), ("paced", "control.pacing:=robot")] {
        let mut node = controller(
            &folder.path().join(name),
            &["-p", kind, "-p", "control.trigger:=operator", "-p", &rate[0], "-p", &rate[1]],
        )?;
        let result = robot.race();
        end(&mut node)?;
        let ([ours, bare], lost) = result?;
        for (name, times) in [(format!("node, {name}"), &ours), ("bare r2r echo".into(), &bare)] {
            println!("{name:<40}{:>7.0} {:>7.0}", quantile(times, 0.5), quantile(times, 0.99));
        }
        let ratio = |q| quantile(&ours, q) / quantile(&bare, q);
        println!("{:<40}{:>7.2} {:>7.2}", "ratio", ratio(0.5), ratio(0.99));
        println!("lost: node {}, echo {}", lost[0], lost[1]);
    }
    echo.kill()?;
    echo.wait()?;

    let mut node =
        controller(&folder.path().join("wall"), &["-p", "control.trigger:=at_once", "-p", &rate[0], "-p", &rate[1]])?;
    let latency = robot.wait_for_trials(5);
    end(&mut node)?;
    println!("release lateness on the wall clock under this traffic, by stroke [ns]:");
    latency?.iter().for_each(|line| println!("  {line}"));
    Ok(())
}

fn controller(folder: &std::path::Path, more: &[&str]) -> Result<Child> {
    let words = ["run", "--ros-args", "-p", "ros.autostart:=true", "-p", "ros.command_topic:=/node/commands"];
    let patient = [
        "control.ready_timeout:=3600.0",
        "control.watchdog.max_state_age:=10.0",
        "control.watchdog.max_task_age:=10.0",
        "control.watchdog.max_frozen_readings:=100000",
        "control.watchdog.max_consecutive_misses:=1000",
        "control.max_missed_share:=1.0",
        "run.realtime_strokes:=0",
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_moto_controller"));
    command.args(words).args(["-p", &format!("ros.run_folder:={}", folder.display())]);
    command.args(patient.iter().flat_map(|parameter| ["-p", parameter]));
    Ok(command.args(more).args(["-r", "~/ball:=/ball"]).stdout(Stdio::null()).spawn()?)
}

fn end(node: &mut Child) -> Result<()> {
    let id = nix::unistd::Pid::from_raw(node.id() as i32);
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT)?;
    node.wait()?;
    Ok(())
}

/// The peer: only a subscription and a publisher.
fn echo() -> Result<()> {
    let mut node = Node::create(r2r::Context::create()?, "echo", "")?;
    let commands = node.create_publisher::<Float64MultiArray>("/echo/commands", QosProfile::default().keep_last(1))?;
    let mut states = node.subscribe::<JointState>("/joint_states", QosProfile::default().keep_last(10))?;
    loop {
        node.spin_once(Duration::from_millis(20));
        while let Some(Some(state)) = states.next().now_or_never() {
            commands.publish(&command(&state.header.stamp))?;
        }
    }
}

fn label(stamp: &Time) -> String {
    format!("{}.{:09}", stamp.sec, stamp.nanosec)
}

fn command(stamp: &Time) -> Float64MultiArray {
    let mut message = Float64MultiArray { data: vec![0.; JOINTS.len()], ..Float64MultiArray::default() };
    message.layout.dim = vec![MultiArrayDimension { label: label(stamp), size: 9, stride: 9 }];
    message
}

fn quantile(times: &[f64], q: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * q) as usize]
}

type Commands = Box<dyn futures::Stream<Item = Float64MultiArray> + Unpin>;

struct Robot {
    period: Duration,
    node: Node,
    states: Publisher<JointState>,
    ball: Publisher<Odometry>,
    answers: [Commands; 2],
    trials: Box<dyn futures::Stream<Item = Text> + Unpin>,
}

impl Robot {
    fn new(period: Duration) -> Result<Self> {
        let mut node = Node::create(r2r::Context::create()?, "robot", "")?;
        let qos = QosProfile::default().keep_last(10);
        Ok(Self {
            period,
            states: node.create_publisher("/joint_states", qos.clone())?,
            ball: node.create_publisher("/ball", qos.clone())?,
            answers: [
                Box::new(node.subscribe("/node/commands", qos.clone())?),
                Box::new(node.subscribe("/echo/commands", qos)?),
            ],
            trials: Box::new(node.subscribe("/moto_controller/trial", QosProfile::default().keep_last(10))?),
            node,
        })
    }

    /// Reports the rest posture with the present time.
    fn report(&self) -> Result<Time> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let stamp = Time { sec: now.as_secs() as i32, nanosec: now.subsec_nanos() };
        let mut ball = Odometry::default();
        ball.header.stamp = stamp.clone();
        ball.pose.pose.position.x = 5.;
        self.ball.publish(&ball)?;
        let mut state = JointState { name: JOINTS.map(String::from).to_vec(), ..JointState::default() };
        state.header.stamp = stamp.clone();
        (state.position, state.velocity) = (REST.to_vec(), vec![0.; 9]);
        self.states.publish(&state)?;
        Ok(stamp)
    }

    /// The time until `who` answers a report, us. A node that is not in lockstep does not say what it
    /// answers: it gives one command for each state.
    fn round_trip(&mut self, who: usize) -> Result<Option<f64>> {
        while self.answers[who].next().now_or_never().is_some() {}
        let start = Instant::now();
        let wanted = label(&self.report()?);
        while start.elapsed() < LOST {
            self.node.spin_once(LOST);
            while let Some(Some(answer)) = self.answers[who].next().now_or_never() {
                let label = answer.layout.dim.first().map_or("", |dimension| &dimension.label);
                if label == wanted || label == "effort" {
                    return Ok(Some(start.elapsed().as_secs_f64() * 1e6));
                }
            }
        }
        Ok(None)
    }

    /// Node and echo in turns: times and losses of both.
    fn race(&mut self) -> Result<([Vec<f64>; 2], [usize; 2])> {
        let since = Instant::now();
        for who in [0, 1] {
            while self.round_trip(who)?.is_none() {
                if since.elapsed() > Duration::from_secs(60) {
                    return Err("node or echo does not answer".into());
                }
            }
        }
        let (mut times, mut lost) = ([vec![], vec![]], [0, 0]);
        for _ in 0..ROUNDS {
            for who in [0, 1] {
                let mut next = Instant::now();
                for _ in 0..MESSAGES {
                    std::thread::sleep(next.saturating_duration_since(Instant::now()));
                    // No report is made up for: a paced node makes no cycle for one that comes within half a period.
                    next = Instant::now() + self.period;
                    match self.round_trip(who)? {
                        Some(time) => times[who].push(time),
                        None => lost[who] += 1,
                    }
                }
            }
        }
        Ok((times, lost))
    }

    /// Reports each period until `wanted` trials were made. Returns the deadline statistics of each
    /// trial.
    fn wait_for_trials(&mut self, wanted: usize) -> Result<Vec<String>> {
        let (mut lines, since) = (vec![], Instant::now());
        let mut next = Instant::now();
        while lines.len() < wanted && since.elapsed() < Duration::from_secs(60) {
            next += self.period;
            self.report()?;
            while Instant::now() < next {
                self.node.spin_once(next.saturating_duration_since(Instant::now()));
            }
            while let Some(Some(trial)) = self.trials.next().now_or_never() {
                let trial: serde_json::Value = serde_json::from_str(&trial.data)?;
                lines.push(format!("{}", trial["latency"]["release_lateness"]));
            }
        }
        Ok(lines)
    }
}
