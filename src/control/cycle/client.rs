//! The supervisor's end of the loop. Nothing here waits, and nothing here can hold the loop up.

use super::tuning::Tuning;
use crate::control::exchange::black_box::BlackBox;
use crate::control::exchange::messages::{Event, Request, Shared, Status};
use crate::control::exchange::order::{FinishedTrial, TrialOrder};
use crate::control::exchange::outbox::BlackBoxes;
use crate::robot::Delivery;
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::Thread;

/// Orders, and finished trials, that fit in the rings.
pub const ORDER_CAPACITY: usize = 64;
/// Requests that fit in their ring.
pub(super) const REQUEST_CAPACITY: usize = 64;
const EVENT_CAPACITY: usize = 4096;
const BLACK_BOXES: usize = 3;
/// Tunings that may wait for the loop. As many more may have come back before the supervisor looks.
const TUNINGS: usize = 4;

/// The supervisor's end of the rings. Dropping it, as a panicking supervisor does, shuts the loop down.
pub struct LoopClient {
    orders: Producer<TrialOrder>,
    requests: Producer<Request>,
    trials: Consumer<FinishedTrial>,
    events: Consumer<Event>,
    black_boxes: Consumer<Box<BlackBox>>,
    spares: Producer<Box<BlackBox>>,
    tunings: Producer<Box<Tuning>>,
    former: Consumer<Box<Tuning>>,
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
    pub shared: Arc<Shared>,
}

impl LoopClient {
    pub(super) fn new(
        black_box_cycles: usize,
        joints: usize,
        task_values: usize,
        delivery: Arc<Delivery>,
    ) -> (Self, LoopEnds) {
        let (orders, orders_out) = RingBuffer::new(ORDER_CAPACITY);
        let (requests, requests_out) = RingBuffer::new(REQUEST_CAPACITY);
        let (trials_in, trials) = RingBuffer::new(ORDER_CAPACITY);
        let (events_in, events) = RingBuffer::new(EVENT_CAPACITY);
        let (boxes_in, black_boxes) = RingBuffer::new(BLACK_BOXES);
        let (mut spares, spares_out) = RingBuffer::new(BLACK_BOXES);
        let black_box = || Box::new(BlackBox::new(black_box_cycles, joints, task_values));
        for _ in 1..BLACK_BOXES {
            // The ring is new and holds one more than this.
            let _ = spares.push(black_box());
        }
        let (tunings, tunings_out) = RingBuffer::new(TUNINGS);
        let (former_in, former) = RingBuffer::new(2 * TUNINGS);
        let shared = Arc::new(Shared { delivery, ..Shared::default() });
        let stopper = Stopper { shared: shared.clone(), thread: None };
        (
            Self { orders, requests, trials, events, black_boxes, spares, tunings, former, stopper },
            LoopEnds {
                orders: orders_out,
                requests: requests_out,
                trials: trials_in,
                events: events_in,
                black_boxes: BlackBoxes { current: black_box(), out: boxes_in, spares: spares_out, due: false },
                tunings: tunings_out,
                former: former_in,
                shared,
            },
        )
    }

    pub(super) fn wakes(&mut self, thread: Thread) {
        self.stopper.thread = Some(thread);
    }

    /// Orders a trial; it waits in the ring until the loop is free.
    ///
    /// # Errors
    /// The order itself, if [`ORDER_CAPACITY`] orders are waiting.
    #[allow(clippy::result_large_err)] // The order comes back whole, to be sent again.
    pub fn order(&mut self, order: TrialOrder) -> Result<(), TrialOrder> {
        let result = self.orders.push(order).map_err(|rtrb::PushError::Full(order)| order);
        self.stopper.wake();
        result
    }

    /// Asks something of the loop. Served before the next cycle.
    ///
    /// # Errors
    /// The request itself, if too many are waiting.
    pub fn request(&mut self, request: Request) -> Result<(), Request> {
        let result = self.requests.push(request).map_err(|rtrb::PushError::Full(request)| request);
        self.stopper.wake();
        result
    }

    /// Gives the loop other gains and limits, which it takes between two trials. What it had before is freed here.
    ///
    /// # Errors
    /// The tuning itself, if too many are waiting.
    pub fn tune(&mut self, tuning: Box<Tuning>) -> Result<(), Box<Tuning>> {
        while self.former.pop().is_ok() {}
        let result = self.tunings.push(tuning).map_err(|rtrb::PushError::Full(tuning)| tuning);
        self.stopper.wake();
        result
    }

    /// The next trial that came back, finished or refused, if any. The loop takes no order while [`ORDER_CAPACITY`] are waiting here.
    pub fn finished(&mut self) -> Option<FinishedTrial> {
        self.trials.pop().ok()
    }

    /// The next event, if any.
    pub fn event(&mut self) -> Option<Event> {
        self.events.pop().ok()
    }

    /// The black box of a fault, if there is a new one. Give it back by [`Self::recycle`] once it is written: while the loop has
    /// no spare, the box of a further fault stays with it.
    pub fn black_box(&mut self) -> Option<Box<BlackBox>> {
        self.black_boxes.pop().ok()
    }

    /// Gives a black box back.
    pub fn recycle(&mut self, mut black_box: Box<BlackBox>) {
        black_box.clear();
        // The ring holds all there are; one that came from elsewhere is dropped here.
        let _ = self.spares.push(black_box);
    }

    /// The loop at a glance.
    pub fn status(&self) -> Status {
        self.stopper.status()
    }

    /// A handle that stops the loop and shows that the supervisor lives, from any thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }
}

impl Drop for LoopClient {
    fn drop(&mut self) {
        self.stopper.shutdown();
    }
}

/// Stops the loop and keeps it going: may be cloned to a signal handler's task, a panic hook, the learner.
#[derive(Clone, Debug)]
pub struct Stopper {
    shared: Arc<Shared>,
    thread: Option<Thread>,
}

impl Stopper {
    /// Asks the loop to end: the robot gets the safe command first.
    pub fn shutdown(&self) {
        self.shared.shutdown.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Stops the robot now, as [`Request::Stop`] does, past whatever the supervisor is at. Takes a reset.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Shows the loop that supervisor and learner live. Due more often than `watchdog.heartbeat_timeout`.
    pub fn beat(&self) {
        self.shared.heartbeat.fetch_add(1, Ordering::Relaxed);
    }

    /// The loop at a glance.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// A loop in lockstep sleeps while it has nothing to do.
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}
