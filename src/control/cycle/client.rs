//! The supervisor's end of the loop. No method waits, and none can delay the loop.

use super::tuning::Tuning;
use crate::control::exchange::black_box::BlackBox;
use crate::control::exchange::joint_samples::{JointSample, SampleConsumer, SampleProducer, joint_samples};
use crate::control::exchange::messages::{Event, Request, Shared, Status};
use crate::control::exchange::order::{FinishedTrial, TrialOrder};
use crate::control::exchange::outbox::BlackBoxes;
use crate::control::exchange::view::{LoopView, Showing, view};
use crate::robot::Delivery;
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::Thread;

/// Capacity of the ring of orders and of the ring of finished trials.
pub const ORDER_CAPACITY: usize = 64;
/// Capacity of the ring of requests.
pub(super) const REQUEST_CAPACITY: usize = 64;
const EVENT_CAPACITY: usize = 4096;
const BLACK_BOXES: usize = 3;
/// Capacity of the ring of tunings for the loop. The ring of former tunings has the same capacity.
const TUNINGS: usize = 4;

/// The supervisor's end of the rings. Dropping it, as a panicking supervisor does, shuts the loop
/// down.
///
/// A trial in lockstep with the simulated robot, on one thread; on a robot [`spawn`](crate::control::spawn) takes the
/// same parts:
///
/// ```
/// use moto_controller::control::{
///     ControlLoop, LockstepClock, LoopParts, NominalInertia, Outcome, TrialBuffers, TrialOrder, TrialShape,
/// };
/// use moto_controller::policy::{CompiledPolicy, Law};
/// use moto_controller::robot::{TrialKey, TrialKind, exploration_noise, link};
/// use moto_controller::setup::Setup;
///
/// let setup = Setup::load(concat!(env!("CARGO_MANIFEST_DIR"), "/config/double_link.yaml").as_ref(), |_| {})?;
/// let (task, config, joints) = (setup.task()?, setup.config.control, setup.model.dof());
/// let (port, robot) = link(joints, task.task_values());
/// let shape = TrialShape {
///     joints,
///     task_values: task.task_values(),
///     state_dim: task.state_dim(),
///     action_dim: joints,
///     horizon: task.horizon(),
///     decimation: config.decimation,
/// };
/// let (mut control, mut client) = ControlLoop::new(LoopParts {
///     config,
///     port,
///     clock: Box::new(LockstepClock::new(task.plant(1)?, robot)),
///     stroke: task.stroke(1),
///     dynamics: Box::new(NominalInertia(vec![1.; joints].into())),
/// })?;
///
/// let law = Law::from(CompiledPolicy::new(&task.start()?.policy)?);
/// let key = TrialKey { kind: TrialKind::Learn, iteration: 0, rollout: 0 };
/// let noise = exploration_noise(1, &key, law.noise_len());
/// let order = TrialOrder { key, law, noise, buffers: TrialBuffers::new(&shape) };
/// client.order(order).expect("the ring of a new loop is empty");
/// let trial = loop {
///     control.turn();
///     if let Some(trial) = client.finished() {
///         break trial;
///     }
/// };
/// assert_eq!(trial.outcome, Outcome::Completed);
/// assert_eq!(trial.order.buffers.episode.steps(), task.horizon());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LoopClient {
    orders: Producer<TrialOrder>,
    requests: Producer<Request>,
    trials: Consumer<FinishedTrial>,
    events: Consumer<Event>,
    black_boxes: Consumer<Box<BlackBox>>,
    spares: Producer<Box<BlackBox>>,
    tunings: Producer<Box<Tuning>>,
    former: Consumer<Box<Tuning>>,
    samples: SampleConsumer,
    view: Option<LoopView>,
    stopper: Stopper,
}

/// The loop's end of the rings.
pub(super) struct LoopEnds {
    pub orders: Consumer<TrialOrder>,
    pub requests: Consumer<Request>,
    pub trials: Producer<FinishedTrial>,
    pub events: Producer<Event>,
    pub black_boxes: BlackBoxes,
    pub tunings: Consumer<Box<Tuning>>,
    pub former: Producer<Box<Tuning>>,
    pub samples: SampleProducer,
    pub showing: Showing,
    pub shared: Arc<Shared>,
}

impl LoopClient {
    pub(super) fn new(
        black_box_cycles: usize,
        joints: usize,
        task_values: usize,
        delivery: Arc<Delivery>,
        lockstep: bool,
    ) -> (Self, LoopEnds) {
        let (orders, orders_out) = RingBuffer::new(ORDER_CAPACITY);
        let (requests, requests_out) = RingBuffer::new(REQUEST_CAPACITY);
        let (trials_in, trials) = RingBuffer::new(ORDER_CAPACITY);
        let (events_in, events) = RingBuffer::new(EVENT_CAPACITY);
        let (boxes_in, black_boxes) = RingBuffer::new(BLACK_BOXES);
        let (mut spares, spares_out) = RingBuffer::new(BLACK_BOXES);
        let black_box = || Box::new(BlackBox::new(black_box_cycles, joints, task_values));
        for _ in 1..BLACK_BOXES {
            // The ring is new, and its capacity is larger than the number of boxes put in here.
            let _ = spares.push(black_box());
        }
        let (tunings, tunings_out) = RingBuffer::new(TUNINGS);
        let (former_in, former) = RingBuffer::new(2 * TUNINGS);
        let (samples_in, samples) = joint_samples(joints);
        let shared = Arc::new(Shared { delivery, ..Shared::default() });
        let (showing, view) = view(joints, task_values, shared.clone(), lockstep);
        let stopper = Stopper { shared: shared.clone(), thread: None };
        (
            Self {
                orders,
                requests,
                trials,
                events,
                black_boxes,
                spares,
                tunings,
                former,
                samples,
                view: Some(view),
                stopper,
            },
            LoopEnds {
                orders: orders_out,
                requests: requests_out,
                trials: trials_in,
                events: events_in,
                black_boxes: BlackBoxes { current: black_box(), out: boxes_in, spares: spares_out, due: false },
                tunings: tunings_out,
                former: former_in,
                samples: samples_in,
                showing,
                shared,
            },
        )
    }

    pub(super) fn wakes(&mut self, thread: Thread) {
        self.stopper.thread = Some(thread);
    }

    /// Orders a trial. The order waits in the ring until the loop is free.
    ///
    /// # Errors
    /// The order itself, if [`ORDER_CAPACITY`] orders are waiting.
    #[allow(clippy::result_large_err)] // The order comes back whole, to be sent again.
    pub fn order(&mut self, order: TrialOrder) -> Result<(), TrialOrder> {
        let result = self.orders.push(order).map_err(|rtrb::PushError::Full(order)| order);
        self.stopper.wake();
        result
    }

    /// Sends a request. The loop handles it before the next cycle.
    ///
    /// # Errors
    /// The request itself, if too many are waiting.
    pub fn request(&mut self, request: Request) -> Result<(), Request> {
        let result = self.requests.push(request).map_err(|rtrb::PushError::Full(request)| request);
        self.stopper.wake();
        result
    }

    /// Gives the loop other gains and limits. The loop takes them between two trials. The former
    /// ones are freed here.
    ///
    /// # Errors
    /// The tuning itself, if too many are waiting.
    pub fn tune(&mut self, tuning: Box<Tuning>) -> Result<(), Box<Tuning>> {
        while self.former.pop().is_ok() {}
        let result = self.tunings.push(tuning).map_err(|rtrb::PushError::Full(tuning)| tuning);
        self.stopper.wake();
        result
    }

    /// The next trial that was handed to the supervisor, finished or refused, if any. The loop
    /// takes no order while [`ORDER_CAPACITY`] trials are waiting here.
    pub fn finished(&mut self) -> Option<FinishedTrial> {
        self.trials.pop().ok()
    }

    /// The next event, if any.
    pub fn event(&mut self) -> Option<Event> {
        self.events.pop().ok()
    }

    /// The next joint state of an arm led by hand, if any. Call it often: a joint state that finds
    /// no room is counted as lost ([`Status::lost_samples`]).
    pub fn joint_sample(&mut self) -> Option<JointSample> {
        self.samples.next()
    }

    /// The black box of a fault, if there is a new one. Give it back by [`Self::recycle`] once it
    /// is written: without a spare, the loop keeps the box of a further fault to itself.
    pub fn black_box(&mut self) -> Option<Box<BlackBox>> {
        self.black_boxes.pop().ok()
    }

    /// Gives a black box back.
    pub fn recycle(&mut self, mut black_box: Box<BlackBox>) {
        black_box.clear();
        // The ring has room for all of the loop's boxes. A box from elsewhere may find none and is
        // dropped here.
        let _ = self.spares.push(black_box);
    }

    /// A look at the loop, for another thread. The first call gets it: there is one.
    pub fn view(&mut self) -> Option<LoopView> {
        self.view.take()
    }

    /// The loop's status.
    pub fn status(&self) -> Status {
        self.stopper.status()
    }

    /// Whether the loop was asked to end.
    pub fn is_ending(&self) -> bool {
        self.stopper.shared.shutdown.load(Ordering::Relaxed)
    }

    /// A shutdown and heartbeat handle.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }
}

impl Drop for LoopClient {
    fn drop(&mut self) {
        self.stopper.shutdown();
    }
}

/// Shutdown and heartbeat handle; clone it into signal handlers and threads.
#[derive(Clone, Debug)]
pub struct Stopper {
    shared: Arc<Shared>,
    thread: Option<Thread>,
}

impl Stopper {
    /// Asks the loop to end. The robot gets the safe command first.
    pub fn shutdown(&self) {
        self.shared.shutdown.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Stops the robot now, as [`Request::Stop`] does, without waiting for the supervisor. Only a
    /// reset ends the stop.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Shows the loop that supervisor and learner live. Call it more often than
    /// `watchdog.heartbeat_timeout`.
    pub fn beat(&self) {
        self.shared.heartbeat.fetch_add(1, Ordering::Relaxed);
    }

    /// The loop's status.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Wakes a loop in lockstep, which sleeps while it is idle.
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}
