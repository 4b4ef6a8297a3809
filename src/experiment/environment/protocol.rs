//! The step protocol: a request per line of JSON, an answer per line of JSON.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Environment, Transition};

/// A request.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    /// Begin the episode of this number.
    Reset(u64),
    /// Make a step with this action (d_a).
    Step(Vec<f64>),
}

/// A conversation with an outside learner. A request that is refused changes nothing.
pub struct Session {
    environment: Box<dyn Environment>,
    /// The next step of the episode; `None` before the first episode and after its end.
    step: Option<usize>,
}

impl Session {
    /// A conversation about a task.
    pub fn new(environment: Box<dyn Environment>) -> Self {
        Self { environment, step: None }
    }

    /// The greeting: the sizes of the task.
    pub fn greeting(&self, task: &str) -> Value {
        let sizes = self.environment.sizes();
        json!({
            "task": task,
            "state_dim": sizes.state_dim,
            "action_dim": sizes.action_dim,
            "horizon": sizes.horizon,
            "action_scale": sizes.action_scale,
        })
    }

    /// The answer to a line.
    pub fn answer(&mut self, line: &str) -> Value {
        self.answered(line).unwrap_or_else(|error| json!({ "error": error }))
    }

    fn answered(&mut self, line: &str) -> Result<Value, String> {
        let sizes = self.environment.sizes();
        let (numbers, horizon) = (sizes.action_dim, sizes.horizon);
        let expected = || format!("expected {{\"reset\": EPISODE}} or {{\"step\": [{numbers} finite numbers]}}");
        let request = serde_json::from_str(line).map_err(|error| format!("not a request ({error}): {}", expected()))?;
        match request {
            Request::Reset(episode) => {
                let state = self.environment.reset(episode).map_err(|error| error.to_string())?;
                self.step = Some(0);
                Ok(json!({ "state": state }))
            }
            Request::Step(action) => {
                let t = self.step.ok_or("a step outside an episode: begin one with {\"reset\": EPISODE}")?;
                if action.len() != numbers {
                    return Err(format!(
                        "the action of step {t} of {horizon} has {} values: {}",
                        action.len(),
                        expected()
                    ));
                }
                let scale = format!("{:?}", sizes.action_scale);
                let transition = self.environment.step(t, &action).map_err(|error| error.to_string())?;
                if !transition.is_finite() {
                    return Err(format!(
                        "the action of step {t} of {horizon}, {action:?}, leads to numbers that are not finite: expected \
                         actions of the size of action_scale, {scale}"
                    ));
                }
                let Transition { state, reward, over } = transition;
                self.step = (!over).then_some(t + 1);
                Ok(json!({ "state": state, "reward": reward, "over": over }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::catalogue::find;
    use crate::experiment::environment::environment;

    fn session(experiment: &str) -> Session {
        let variant = (find(experiment).unwrap().config)().variants.remove(0);
        Session::new(environment(&variant, 1).unwrap())
    }

    fn state(answer: &Value) -> Vec<f64> {
        serde_json::from_value(answer["state"].clone()).unwrap()
    }

    #[test]
    fn an_episode_has_its_steps_and_the_same_number_gives_the_same_one() {
        let mut session = session("4a");
        assert_eq!(session.greeting("4a")["horizon"], 100);
        let episode = |session: &mut Session, number: u64| {
            let mut states = vec![state(&session.answer(&format!("{{\"reset\": {number}}}")))];
            loop {
                let answer = session.answer("{\"step\": [3.0, -1]}");
                assert!(answer["reward"].as_f64().unwrap() < 0., "{answer}");
                states.push(state(&answer));
                if answer["over"] == true {
                    return states;
                }
            }
        };
        let first = episode(&mut session, 0);
        assert_eq!(first.len(), 101);
        assert_ne!(episode(&mut session, 1), first);
        assert_eq!(episode(&mut session, 0), first);
    }

    #[test]
    fn a_request_that_is_refused_says_why_and_changes_nothing() {
        let (mut spoken_to, mut undisturbed) = (session("4a"), session("4a"));
        let refused = |session: &mut Session, line: &str, part: &str| {
            let answer = session.answer(line);
            assert!(answer["error"].as_str().unwrap().contains(part), "{line}: {answer}");
        };
        refused(&mut spoken_to, "{\"step\": [0, 0]}", "a step outside an episode");
        for session in [&mut spoken_to, &mut undisturbed] {
            assert!(session.answer("{\"reset\": 5}")["state"].is_array());
        }
        for (line, part) in [
            ("{\"step\": [0, 0, 0]}", "the action of step 0 of 100 has 3 values: expected"),
            ("{\"step\": []}", "has 0 values"),
            ("{\"step\": [0, NaN]}", "not a request"),
            ("{\"step\": [0, null]}", "[2 finite numbers]"),
            ("{\"step\": [0, 1e999]}", "number out of range"),
            (
                "{\"step\": [1e308, 1e308]}",
                "step 0 of 100, [1e308, 1e308], leads to numbers that are not finite: expected",
            ),
            ("{\"step\": [1e160, 0]}", "actions of the size of action_scale, [5.0, 5.0]"),
            ("{\"reset\": -1}", "not a request"),
            ("{\"jump\": 1}", "unknown variant `jump`"),
            ("", "not a request"),
        ] {
            refused(&mut spoken_to, line, part);
        }
        for _ in 0..100 {
            let [ours, theirs] = [&mut spoken_to, &mut undisturbed].map(|session| session.answer("{\"step\": [1, 2]}"));
            assert_eq!(ours, theirs);
        }
        refused(&mut spoken_to, "{\"step\": [0, 0]}", "a step outside an episode");
        assert!(spoken_to.answer("{\"reset\": 6}")["state"].is_array());
    }

    #[test]
    fn a_stroke_on_the_loop_is_the_same_step_by_step_and_is_paid_at_its_end() {
        let mut session = session("3a");
        let greeting = session.greeting("3a");
        let action = vec![0.; greeting["action_dim"].as_u64().unwrap() as usize];
        let mut before = state(&session.answer("{\"reset\": 0}"));
        assert_eq!(before.len() as u64, greeting["state_dim"].as_u64().unwrap());
        for step in 1.. {
            let answer = session.answer(&json!({ "step": action }).to_string());
            assert_ne!(state(&answer), before, "step {step}");
            before = state(&answer);
            let reward = answer["reward"].as_f64().unwrap();
            if answer["over"] == true {
                assert!(reward < 0.);
                break;
            }
            assert_eq!(reward, 0.);
        }
    }
}
