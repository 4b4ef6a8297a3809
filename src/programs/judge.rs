//! A judge that is a program. A thread asks the program, since the program may be slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, unbounded};
use tokio::sync::oneshot;

use super::question::Question;
use super::{Answer, JudgeProgram, Program, ProgramError};
use crate::control::Episode;
use crate::dynamics::Model;
use crate::robot::TrialKey;
use crate::tasks::Task;

/// The judge's answer, or its failure.
pub type Judged = Result<Answer, ProgramError>;

struct Job {
    key: TrialKey,
    episode: Arc<Episode>,
    answer: oneshot::Sender<Judged>,
}

/// The context of the judge's questions.
pub struct Strokes {
    /// Model of the robot.
    pub model: Model,
    /// Names of the joints, in the order of every list.
    pub joints: Vec<String>,
    /// The task.
    pub task: Arc<dyn Task>,
    /// Seed of the run.
    pub seed: u64,
}

/// The judge. Dropping it ends the program.
pub struct Judge {
    jobs: Option<Sender<Job>>,
    busy: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Judge {
    /// Starts the judge's program.
    ///
    /// # Errors
    /// If the program or its thread cannot be started.
    pub fn start(config: &JudgeProgram, strokes: Strokes) -> Result<Self, ProgramError> {
        let mut program = Program::start("judge", &config.program, config.timeout)?;
        let (jobs, inbox) = unbounded::<Job>();
        let busy = Arc::<AtomicBool>::default();
        let at_work = busy.clone();
        let mut question = Question::new(strokes, config.links.clone());
        let thread = std::thread::Builder::new().name("judge".into()).spawn(move || {
            for Job { key, episode, answer } in inbox {
                let steps = episode.steps();
                let judged = program.ask(&question.of(&key, &episode), |answer: &Answer| answer.check(steps));
                at_work.store(false, Ordering::Release);
                // The receiver may be gone.
                let _ = answer.send(judged);
            }
        });
        // If the thread does not start, the closure is dropped and ends the program.
        let thread = thread.map_err(|error| config.without_thread(error))?;
        Ok(Self { jobs: Some(jobs), busy, thread: Some(thread) })
    }

    /// Gives a stroke to the judge. No answer comes if the thread is lost.
    pub fn ask(&self, key: TrialKey, episode: Arc<Episode>) -> oneshot::Receiver<Judged> {
        let (answer, judged) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            self.busy.store(true, Ordering::Release);
            // The receiver sees that the thread is lost.
            let _ = jobs.send(Job { key, episode, answer });
        }
        judged
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.jobs = None;
        // A program at work is not awaited. It ends with its thread or with this process.
        if let Some(thread) =
            self.thread.take().filter(|thread| !self.busy.load(Ordering::Acquire) || thread.is_finished())
        {
            let _ = thread.join();
        }
    }
}
