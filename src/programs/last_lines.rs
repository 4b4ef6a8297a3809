//! Reads a program's standard error, so that the program never blocks on it, and keeps the last
//! lines.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use tracing::debug;

/// Number of lines kept.
const KEPT: usize = 20;
/// Number of bytes kept of a line.
const LONGEST: usize = 400;

/// Access to the last lines while a thread reads.
pub struct LastLines {
    lines: Arc<Mutex<VecDeque<String>>>,
    /// Disconnected at the end of the program's standard error.
    ended: Receiver<()>,
}

/// Reader of the lines.
pub struct LineReader {
    lines: Arc<Mutex<VecDeque<String>>>,
    _ended: Sender<()>,
}

/// A reader, and access to its last lines.
pub fn last_lines() -> (LineReader, LastLines) {
    let lines = Arc::<Mutex<VecDeque<String>>>::default();
    let (sender, ended) = bounded(0);
    (LineReader { lines: lines.clone(), _ended: sender }, LastLines { lines, ended })
}

impl LastLines {
    /// Takes the last lines of a program that was killed. Waits a moment for earlier output. A
    /// process that the program left behind may keep the output open longer.
    pub fn take(&self) -> Vec<String> {
        let _ = self.ended.recv_timeout(Duration::from_secs(1));
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }
}

impl LineReader {
    /// Reads to the end, and logs each line at level `debug`.
    pub fn read(self, mut from: impl Read) {
        let (mut chunk, mut line) = ([0; 4096], Vec::new());
        loop {
            let count = match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            for byte in &chunk[..count] {
                match byte {
                    b'\n' => self.keep(&mut line),
                    _ if line.len() < LONGEST => line.push(*byte),
                    _ => {}
                }
            }
        }
        if !line.is_empty() {
            self.keep(&mut line);
        }
    }

    fn keep(&self, line: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        debug!("{text}");
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_the_last_lines_are_kept_and_long_ones_cut() {
        let (reader, last) = last_lines();
        let flood: String = (0..100_000).map(|i| format!("line {i}\n")).collect();
        reader.read(format!("{flood}{}", "x".repeat(10_000)).as_bytes());
        let lines = last.take();
        assert_eq!((lines.len(), &*lines[0]), (KEPT, "line 99981"));
        assert_eq!(lines[KEPT - 1], "x".repeat(LONGEST));
    }
}
