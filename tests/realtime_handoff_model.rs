//! The hand-off under every interleaving the memory model allows (loom). What is checked here is a model: the loop uses the crates
//! `triple_buffer` and `rtrb`, whose algorithms are written down again below with loom's atomics, as loom cannot look into
//! theirs. Their real code runs under Miri in `realtime_handoff.rs`. Also modelled is what is our own: how a loop that ends
//! tells its supervisor.
//!
//! Wait-freedom shows in the code: neither side has a loop, so that none can wait for the other.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

/// A message of two words, which a torn copy would mix.
type Message = [usize; 2];

const INDEX: usize = 3;
const FRESH: usize = 4;

/// The triple buffer: writer and reader own one slot each and swap it against the third, whose number is shared with a mark
/// that says whether it is fresh.
struct Triple {
    slots: [UnsafeCell<Message>; 3],
    spare: AtomicUsize,
}

// SAFETY: a slot is touched only by the side that owns its number; that is what loom checks.
unsafe impl Sync for Triple {}
// SAFETY: as above.
unsafe impl Send for Triple {}

impl Triple {
    fn new() -> Self {
        Self { slots: [0, 1, 2].map(|_| UnsafeCell::new([0, 0])), spare: AtomicUsize::new(1) }
    }

    /// Writes into the writer's slot and swaps it.
    fn publish(&self, own: &mut usize, message: Message) {
        // SAFETY: the writer owns the slot.
        self.slots[*own].with_mut(|slot| unsafe { *slot = message });
        *own = self.spare.swap(*own | FRESH, Ordering::AcqRel) & INDEX;
    }

    /// The newest message; swaps only if there is a fresh one.
    fn newest(&self, own: &mut usize) -> Message {
        if self.spare.load(Ordering::Relaxed) & FRESH != 0 {
            *own = self.spare.swap(*own, Ordering::AcqRel) & INDEX;
        }
        // SAFETY: the reader owns the slot.
        self.slots[*own].with(|slot| unsafe { *slot })
    }
}

#[test]
fn the_newest_state_is_whole_and_never_older_than_the_one_before() {
    loom::model(|| {
        let shared = Arc::new(Triple::new());
        let writer = shared.clone();
        let thread = thread::spawn(move || {
            let mut own = 0;
            for n in 1..=3 {
                writer.publish(&mut own, [n, n]);
            }
        });
        let (mut own, mut last) = (2, 0);
        for _ in 0..3 {
            let [a, b] = shared.newest(&mut own);
            assert!(a == b && a >= last, "torn or older: {a} {b} after {last}");
            last = a;
        }
        thread.join().unwrap();
        assert_eq!(shared.newest(&mut own), [3, 3], "what was published last is seen");
    });
}

/// The ring: one index per side, each written by its side alone.
struct Ring {
    slots: [UnsafeCell<usize>; 2],
    head: AtomicUsize,
    tail: AtomicUsize,
}

// SAFETY: a slot between head and tail is the consumer's, any other the producer's; that is what loom checks.
unsafe impl Sync for Ring {}
// SAFETY: as above.
unsafe impl Send for Ring {}

impl Ring {
    fn push(&self, value: usize) -> Result<(), usize> {
        let tail = self.tail.load(Ordering::Relaxed);
        if tail - self.head.load(Ordering::Acquire) == self.slots.len() {
            return Err(value);
        }
        // SAFETY: the slot is free.
        self.slots[tail % 2].with_mut(|slot| unsafe { *slot = value });
        self.tail.store(tail + 1, Ordering::Release);
        Ok(())
    }

    fn pop(&self) -> Option<usize> {
        let head = self.head.load(Ordering::Relaxed);
        if self.tail.load(Ordering::Acquire) == head {
            return None;
        }
        // SAFETY: the slot is full.
        let value = self.slots[head % 2].with(|slot| unsafe { *slot });
        self.head.store(head + 1, Ordering::Release);
        Some(value)
    }
}

#[test]
fn trials_come_in_order_and_a_full_ring_gives_them_back() {
    loom::model(|| {
        let slots = [0, 1].map(|_| UnsafeCell::new(0));
        let ring = Arc::new(Ring { slots, head: AtomicUsize::new(0), tail: AtomicUsize::new(0) });
        let producer = ring.clone();
        let thread = thread::spawn(move || (1..=4).filter(|n| producer.push(*n).is_ok()).collect::<Vec<_>>());
        let mut got: Vec<usize> = (0..3).filter_map(|_| ring.pop()).collect();
        let taken = thread.join().unwrap();
        got.extend(std::iter::from_fn(|| ring.pop()));
        assert_eq!(got, taken);
    });
}

/// The end of the loop: it publishes the zero command, then says that it has ended. Whoever sees that sees the command.
#[test]
fn whoever_sees_that_the_loop_has_ended_sees_the_safe_command() {
    loom::model(|| {
        let command = Arc::new(Triple::new());
        let (shutdown, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (loop_command, loop_shutdown, loop_ended) = (command.clone(), shutdown.clone(), ended.clone());
        let thread = thread::spawn(move || {
            let mut own = 0;
            loop_command.publish(&mut own, [7, 7]);
            // The next turn sees the request, or the one after the robot's driver is dropped does.
            if loop_shutdown.load(Ordering::Relaxed) {
                loop_command.publish(&mut own, [0, 0]);
                loop_ended.store(true, Ordering::Release);
            }
        });
        shutdown.store(true, Ordering::Relaxed);
        let mut own = 2;
        if ended.load(Ordering::Acquire) {
            assert_eq!(command.newest(&mut own), [0, 0]);
        }
        thread.join().unwrap();
    });
}
