//! A robot behind a UDP connection learns on the wall clock. Both ends are here: [`Driver`] is the
//! robot as the loop sees it, and [`arm`] plays the robot. If packets stop, each end stops the arm.

use std::error::Error;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use moto_controller::control::{Clock, CommandSink, CommandThread, ControlConfig, Outgoing, WallClock};
use moto_controller::robot::{Command, LinkError, Plant, PlantRequest, Reading, RemoteRobot, RobotPort};
use moto_controller::setup::Setup;
use moto_controller::supervisor::{Beginning, Operator, RobotRun};

const JOINTS: usize = 2;
/// Silence after which an arm counts as lost. The loop stops the arm earlier, by
/// `control.watchdog.max_state_age`.
const LOST: Duration = Duration::from_secs(2);
/// Time without a command after which the arm lets go by itself, because its commander may be dead.
const PATIENCE: Duration = Duration::from_millis(100);

/// Makes a packet: a number that counts up, then values, in little-endian order.
fn encode(number: u64, values: &[f64]) -> Vec<u8> {
    number.to_le_bytes().into_iter().chain(values.iter().flat_map(|value| value.to_le_bytes())).collect()
}

/// Number and values of a packet; `None` if the packet does not hold `count` finite values.
fn decode(packet: &[u8], count: usize) -> Option<(u64, Vec<f64>)> {
    let (words, []) = packet.as_chunks::<8>() else { return None };
    let (number, values) = words.split_first().filter(|(_, values)| values.len() == count)?;
    let value = |word: &[u8; 8]| Some(f64::from_le_bytes(*word)).filter(|value| value.is_finite());
    Some((u64::from_le_bytes(*number), values.iter().map(value).collect::<Option<_>>()?))
}

struct Driver {
    arm: SocketAddr,
    control: ControlConfig,
    over: Arc<AtomicBool>,
    threads: Option<(CommandThread, JoinHandle<()>)>,
}

/// Sends commands and counts them.
struct Wire(UdpSocket, u64);

impl CommandSink for Wire {
    fn send(&mut self, effort: &[f64]) {
        self.1 += 1;
        let _ = self.0.send(&encode(self.1, effort)); // The arm stops where none comes.
    }
    fn request(&mut self, _: PlantRequest) {} // Nothing around this arm has to be started.
}

impl RemoteRobot for Driver {
    fn connect(&mut self, port: RobotPort) -> Result<Box<dyn Clock>, LinkError> {
        let (clock, RobotPort { mut reading, command, requests, delivery }) = (WallClock::new(), port);
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(self.arm)?;
        socket.set_read_timeout(Some(LOST))?;
        let mut wire = Wire(socket.try_clone()?, 0);
        wire.send(&[0.; JOINTS]); // The arm learns whom to answer.
        socket.recv(&mut [0; 512]).map_err(|error| format!("no answer from {}: {error}", self.arm))?;
        let over = Arc::<AtomicBool>::default();
        self.over = over.clone();
        let receiver = std::thread::Builder::new().name("readings".into()).spawn(move || {
            let (mut packet, mut newest) = ([0; 512], 0);
            while let (Ok(length), false) = (socket.recv(&mut packet), over.load(Relaxed)) {
                // A packet that was overtaken is old.
                let newer = decode(&packet[..length], 2 * JOINTS).filter(|new| new.0 > newest);
                let Some((number, state)) = newer else { continue };
                let next = reading.input_buffer_mut();
                // This connection's delay is negligible. A slower one needs the arm's own stamps.
                (newest, next.sequence, next.stamp, next.task_stamp) = (number, number, clock.now(), clock.now());
                next.position.copy_from_slice(&state[..JOINTS]);
                next.velocity.copy_from_slice(&state[JOINTS..]);
                reading.publish();
            }
        })?;
        let outgoing = Outgoing { command, requests, delivery };
        let commands = CommandThread::spawn(outgoing, wire, clock, self.control.period(), &self.control.scheduling)?;
        self.threads = Some((commands, receiver));
        Ok(Box::new(clock))
    }

    fn disconnect(&mut self) {
        self.over.store(true, Relaxed);
        let Some((commands, receiver)) = self.threads.take() else { return };
        commands.end(); // Zero is the last that it sends.
        let _ = receiver.join();
    }

    fn failure(&mut self) -> Option<LinkError> {
        let (commands, receiver) = self.threads.as_ref()?;
        let lost = receiver.is_finished().then(|| format!("the arm at {} is silent", self.arm).into());
        lost.or_else(|| (!commands.is_alive()).then(|| "the thread that sends commands is gone".into()))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.disconnect(); // A supervisor that panics does not.
    }
}

/// The far end: plays the robot until `over`, at most for `life`. Returns the efforts applied last.
pub fn arm(socket: &UdpSocket, mut plant: Box<dyn Plant>, life: Duration, over: &AtomicBool) -> io::Result<Vec<f64>> {
    socket.set_nonblocking(true)?;
    let (mut command, mut reading) = (Command::zeros(JOINTS), Reading::zeros(JOINTS, 0));
    let (mut clock, mut packet, mut commander) = (WallClock::new(), [0; 512], None);
    plant.reset(Duration::ZERO);
    while !over.load(Relaxed) && clock.now() < life {
        let now = clock.now();
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            if let Some((number, effort)) = decode(&packet[..length], JOINTS).filter(|new| new.0 > command.sequence) {
                (command.sequence, command.effort, commander) = (number, effort.into(), Some((from, now)));
            }
        }
        if commander.is_some_and(|(_, heard)| now - heard > PATIENCE) {
            (command, commander) = (Command::zeros(JOINTS), None);
        }
        plant.step(now, &command);
        plant.read(&mut reading);
        reading.sequence += 1;
        if let Some((to, _)) = commander {
            let _ = socket.send_to(&encode(reading.sequence, &[&*reading.position, &reading.velocity].concat()), to);
        }
        clock.sleep_until(now + plant.period(), false);
    }
    Ok(command.effort.into())
}

/// Runs the daemon with an arm that lives for `life`. Returns the last efforts of the arm.
pub fn run(life: Duration) -> Result<Vec<f64>, Box<dyn Error>> {
    let setup = Setup::load(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/robot_over_udp.yaml").as_ref(), |_| {})?;
    let (plant, control) = (setup.task()?.plant(setup.config.run.seed)?, setup.config.control.clone());
    let (folder, socket, over) = (tempfile::tempdir()?, UdpSocket::bind("127.0.0.1:0")?, AtomicBool::new(false));
    let driver = Driver { arm: socket.local_addr()?, control, over: Arc::default(), threads: None };
    let mut run = RobotRun::open(setup, Some(folder.path().join("run")), &Beginning::Demonstration)?;
    std::thread::scope(|scope| {
        let arm = scope.spawn(|| arm(&socket, plant, life, &over));
        let operator = Operator { orders: crossbeam_channel::never(), watcher: Box::new(()), reset_faults: true };
        let learned = run.learn(Box::new(driver), operator);
        over.store(true, Relaxed);
        learned?;
        arm.join().map_err(|_| "the arm panicked")?.map_err(Into::into)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    run(Duration::MAX).map(|left| println!("the arm is left with {left:?} N m"))
}
