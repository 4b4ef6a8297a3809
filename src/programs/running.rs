//! A user's process with its pipes. Exchanges lines with the process, and ends it together with its
//! process group.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{Pid, getpid, getppid};

use super::error::{Failure, quoted};
use super::last_lines::{LastLines, LineReader, last_lines};

/// Largest length of a line, bytes.
const LONGEST: usize = 16 << 20;
/// Number of bytes read at a time.
const CHUNK: usize = 64 << 10;
/// Time for a program to end after its standard input or output is closed.
const GRACE: Duration = Duration::from_millis(500);
/// Interval between checks for the end of a process.
const EXIT_POLL: Duration = Duration::from_millis(1);

/// A running process. Dropping it closes the standard input, waits a moment, and kills the process
/// group.
pub struct Running {
    child: Child,
    /// Exit status, once the process was reaped.
    ended: Option<ExitStatus>,
    input: Option<ChildStdin>,
    output: ChildStdout,
    last_lines: LastLines,
    /// Bytes received but not yet taken.
    inbox: Vec<u8>,
    /// The last line taken.
    line: Vec<u8>,
    chunk: Box<[u8]>,
    /// Keeps the thread alive that started the process.
    _held: Sender<()>,
}

impl Running {
    /// Starts a program with its arguments, in a process group of its own.
    ///
    /// # Errors
    /// The system's error.
    pub fn start(program: &[String]) -> Result<Self, Failure> {
        let (reader, last_lines) = last_lines();
        let (held, release) = bounded(0);
        let mut child = spawn(program, reader, release).map_err(Failure::Start)?;
        let (input, output) = child.stdin.take().zip(child.stdout.take()).ok_or_else(|| {
            Failure::Start(std::io::Error::new(ErrorKind::BrokenPipe, "it was started without pipes"))
        })?;
        let running = Self {
            child,
            ended: None,
            input: Some(input),
            output,
            last_lines,
            inbox: Vec::new(),
            line: Vec::new(),
            chunk: vec![0; CHUNK].into(),
            _held: held,
        };
        running.input.iter().try_for_each(|input| never_wait(input.as_fd()))?;
        never_wait(running.output.as_fd())?;
        Ok(running)
    }

    /// Sends a line, including its line break, and returns the next line received, without its line
    /// break.
    ///
    /// # Errors
    /// The failure of the program. No further exchange is possible.
    pub fn exchange(&mut self, request: &[u8], timeout: Duration) -> Result<&[u8], Failure> {
        let deadline = Instant::now() + timeout;
        if self.inbox.is_empty() {
            self.receive()?;
        }
        if !self.inbox.is_empty() {
            let first = self.inbox.split(|byte| *byte == b'\n').next().unwrap_or_default();
            return Err(Failure::Unasked(quoted(first)));
        }
        let mut unsent = request;
        loop {
            self.send(&mut unsent)?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(match &self.inbox[..] {
                    [] => Failure::Late(timeout),
                    began => Failure::Unended { began: quoted(began), after: timeout },
                });
            }
            self.await_pipes(!unsent.is_empty(), left)?;
            let whole = self.receive()?;
            if let Some(end) = whole.filter(|_| unsent.is_empty()) {
                self.line.clear();
                self.line.extend(self.inbox.drain(..=end));
                self.line.pop();
                return Ok(&self.line);
            }
        }
    }

    /// Sends as many bytes as the pipe takes.
    fn send(&mut self, unsent: &mut &[u8]) -> Result<(), Failure> {
        while let (Some(input), false) = (&mut self.input, unsent.is_empty()) {
            match input.write(unsent) {
                Ok(count) => *unsent = &unsent[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // The program no longer reads. Earlier output may still arrive.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => self.input = None,
                Err(error) => return Err(error.into()),
            }
        }
        if self.input.is_none() && !unsent.is_empty() { Err(self.gone()) } else { Ok(()) }
    }

    /// Receives bytes up to a line break. Returns the index in `inbox` at which the first line
    /// ends.
    fn receive(&mut self) -> Result<Option<usize>, Failure> {
        loop {
            let count = match self.output.read(&mut self.chunk) {
                Ok(0) => return Err(self.gone()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            self.inbox.extend_from_slice(&self.chunk[..count]);
            if self.chunk[..count].contains(&b'\n') {
                break;
            }
            if self.inbox.len() > LONGEST {
                return Err(Failure::Endless(LONGEST));
            }
        }
        Ok(self.inbox.iter().position(|byte| *byte == b'\n'))
    }

    fn await_pipes(&self, sending: bool, longest: Duration) -> Result<(), Failure> {
        let output = PollFd::new(self.output.as_fd(), PollFlags::POLLIN);
        let milliseconds = longest.as_millis().saturating_add(1);
        let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX);
        let polled = match self.input.as_ref().filter(|_| sending) {
            Some(input) => poll(&mut [output, PollFd::new(input.as_fd(), PollFlags::POLLOUT)], timeout),
            None => poll(&mut [output], timeout),
        };
        match polled {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(std::io::Error::from(error).into()),
        }
    }

    /// The reason why no more output comes.
    fn gone(&mut self) -> Failure {
        if !self.await_end(2 * GRACE) {
            return Failure::ClosedOutput;
        }
        self.end(Duration::ZERO);
        self.ended.map_or(Failure::ClosedOutput, Failure::Ended)
    }

    /// Waits for the end of the process, without reaping it. Returns whether it ended.
    fn await_end(&self, longest: Duration) -> bool {
        let deadline = Instant::now() + longest;
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        loop {
            if !matches!(waitid(Id::Pid(pid(&self.child)), flags), Ok(WaitStatus::StillAlive)) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(EXIT_POLL);
        }
    }

    /// Kills the process group and returns the last lines of its standard error.
    pub fn kill(mut self) -> Vec<String> {
        self.end(Duration::ZERO);
        self.last_lines.take()
    }

    fn end(&mut self, grace: Duration) {
        self.input = None;
        if self.ended.is_some() {
            return;
        }
        self.await_end(grace);
        // The process was not reaped yet, so no other process has its number.
        let _ = killpg(pid(&self.child), Signal::SIGKILL);
        self.ended = self.child.wait().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(GRACE);
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn never_wait(pipe: BorrowedFd<'_>) -> std::io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(pipe, FcntlArg::F_GETFL)?);
    fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Starts the process on a thread. The thread reads the process's standard error, then waits until
/// the other end of `release` is dropped. The kernel kills the process when the thread ends for any
/// reason.
fn spawn(program: &[String], reader: LineReader, release: Receiver<()>) -> std::io::Result<Child> {
    let (first, arguments) = program.split_first().ok_or(ErrorKind::InvalidInput)?;
    let mut command = Command::new(first);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let parent = getpid();
    // SAFETY: the closure runs between fork and exec and only makes system calls. It allocates
    // nothing and takes no lock.
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            if getppid() != parent {
                return Err(ErrorKind::Interrupted.into());
            }
            ordinary_priority()
        });
    }
    let (hand, started) = bounded(1);
    thread::Builder::new().name("program".into()).spawn(move || {
        let child = command.spawn();
        let stderr = match child {
            Ok(mut child) => {
                let stderr = child.stderr.take();
                let _ = hand.send(Ok(child));
                stderr
            }
            Err(error) => {
                let _ = hand.send(Err(error));
                None
            }
        };
        if let Some(stderr) = stderr {
            reader.read(stderr);
            let _ = release.recv();
        }
    })?;
    started.recv().unwrap_or_else(|_| Err(ErrorKind::Other.into()))
}

/// Sets the ordinary priority. The parent may have the loop's priority.
fn ordinary_priority() -> std::io::Result<()> {
    let parameters = nix::libc::sched_param { sched_priority: 0 };
    // SAFETY: a system call on this process, with a structure that outlives the call.
    match unsafe { nix::libc::sched_setscheduler(0, nix::libc::SCHED_OTHER, &parameters) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
