//! A judge that is a program: asked on a thread of its own, so that it may take its time.

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

/// What comes of a stroke that was given to a judge.
pub type Judged = Result<Answer, ProgramError>;

struct Job {
    key: TrialKey,
    episode: Arc<Episode>,
    answer: oneshot::Sender<Judged>,
}

/// What a judge is told of the strokes that it will judge.
pub struct Strokes {
    /// The robot.
    pub model: Model,
    /// Its joints, in the order of every list.
    pub joints: Vec<String>,
    /// The task.
    pub task: Arc<dyn Task>,
    /// The run's seed.
    pub seed: u64,
}

/// The judge. Dropping it ends its program.
pub struct Judge {
    jobs: Option<Sender<Job>>,
    busy: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Judge {
    /// Starts the program.
    ///
    /// # Errors
    /// If it cannot be started.
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
                // Nobody may wait any more.
                let _ = answer.send(judged);
            }
        });
        // Without a thread the program was dropped with the closure.
        let thread = thread.map_err(|error| config.without_thread(error))?;
        Ok(Self { jobs: Some(jobs), busy, thread: Some(thread) })
    }

    /// Gives a stroke to judge. No answer comes if the thread is lost.
    pub fn ask(&self, key: TrialKey, episode: Arc<Episode>) -> oneshot::Receiver<Judged> {
        let (answer, judged) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            self.busy.store(true, Ordering::Release);
            // A thread that is gone is noticed by whoever waits for its answer.
            let _ = jobs.send(Job { key, episode, answer });
        }
        judged
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.jobs = None;
        // Nobody waits for a program that is at work; it ends with the thread, or with the process.
        if let Some(thread) =
            self.thread.take().filter(|thread| !self.busy.load(Ordering::Acquire) || thread.is_finished())
        {
            let _ = thread.join();
        }
    }
}
