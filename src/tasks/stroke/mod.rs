//! A stroke that its settings describe: demonstration, context, reward and success. The task suits
//! the arm of any robot description.

mod config;
mod context;
mod demonstration;
mod inverse_kinematics;
mod measure;
mod moment;
mod names;
mod outcome;
mod plant;
mod policy_state;
mod recording;
mod reference;
mod shown;
mod task;
mod term;
#[cfg(test)]
mod tests;
mod via_points;
mod view;

pub use config::{
    ConditionConfig, ContextConfig, Demonstration, End, FeedbackConfig, Measured, Message, Moment, ObservedConfig,
    OneOrMore, Posture, RecordingConfig, Rest, Shape, StrokeTaskConfig, Target, TermConfig, Timing, ViaPoint,
};
pub use outcome::{ErrorRows, TermError};
pub use shown::ViaPoints;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use moto_settings::{FieldError, check};

use self::context::Context;
use self::demonstration::{check_feedback, demonstrated};
use self::moment::Steps;
use self::names::Names;
use self::reference::Reference;
use self::term::{Condition, Term};
use crate::control::ControlConfig;
use crate::dynamics::Model;
use crate::robot::TrialKey;
use crate::simulation::ArmConfig;

/// The task.
///
/// The policy's state is joint positions (n), joint velocities (n), observed values in the order of
/// the settings, and the context in the alphabetical order of its names.
#[derive(Clone, Debug)]
pub struct StrokeTask {
    config: StrokeTaskConfig,
    model: Model,
    arm: ArmConfig,
    /// The start posture (n), rad or m.
    rest: Vec<f64>,
    /// Joint effort of an action of 1 (n), N or N m.
    action_scale: Vec<f64>,
    /// Period of the control loop.
    period: Duration,
    /// Control periods per policy step.
    decimation: usize,
    steps: Steps,
    /// Entries of the policy's state that hold the observed values.
    observed: Range<usize>,
    /// Entries of the policy's state that hold the context.
    context: Range<usize>,
    /// The distribution of the context.
    drawn: Context,
    terms: Vec<Term>,
    conditions: Vec<Condition>,
    reference: Reference,
}

impl StrokeTask {
    /// Sets the task up for a robot and gives the robot's model the armature and springs of `arm`.
    /// Start posture, rate, units and limits are those of the control loop. A recording's relative
    /// path starts at `folder`.
    ///
    /// # Errors
    /// The first setting that is refused, by its field: an unknown name, a point out of reach, a
    /// time beyond the end, a demonstration beyond the limits, or a recording that cannot be used.
    pub fn new(
        mut config: StrokeTaskConfig,
        arm: ArmConfig,
        mut model: Model,
        control: &ControlConfig,
        folder: &Path,
    ) -> Result<Self, FieldError> {
        config.validate()?;
        if let Demonstration::Recording(file) = &mut config.demonstration {
            // Without a working directory the path stays relative.
            *file = std::path::absolute(folder.join(&*file)).unwrap_or_else(|_| folder.join(&*file));
        }
        check(&config, model.dof())?;
        check(control, model.dof()).map_err(|error| error.within("control"))?;
        arm.apply(&mut model)?;
        let steps = Steps { horizon: config.horizon, duration: control.period * control.decimation as f64 };
        let rest = control.start_posture.clone();
        check_feedback(config.feedback, steps.duration)?;
        let names = Names::new(&model, &config);
        let terms = Term::all(&names, &steps, &rest, &config)?;
        let conditions = Condition::all(&names, &steps, &rest, &config)?;
        let reference = demonstrated(&names, control, &steps, &config)?;
        Ok(Self {
            observed: names.observed.clone(),
            context: names.context.clone(),
            drawn: Context::new(&config),
            action_scale: control.action_scale.clone(),
            period: control.period(),
            decimation: control.decimation,
            config,
            model,
            arm,
            rest,
            steps,
            terms,
            conditions,
            reference,
        })
    }

    /// The settings.
    pub fn config(&self) -> &StrokeTaskConfig {
        &self.config
    }

    /// The context of a trial, in a run with this seed (context), in the alphabetical order of its
    /// names.
    pub fn context(&self, seed: u64, key: &TrialKey) -> Vec<f64> {
        let mut context = vec![0.; self.context.len()];
        self.drawn.draw(seed, key, &mut context);
        context
    }
}
