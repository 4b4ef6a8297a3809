//! The other nodes: publishers of the topics the node reads, and other commanders of the same
//! robot.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::states::Received;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::topic_name::topic_name;
use crate::ros::{RosConfig, RosError};

/// Period of the checks.
const GRAPH_PERIOD: Duration = Duration::from_millis(200);
/// The topics of joint states and clock, before remapping.
pub const JOINT_STATES: &str = "joint_states";
pub const CLOCK: &str = "/clock";
/// Time to discover the other nodes and to tell their messages apart.
const SETTLED: Duration = Duration::from_secs(1);
/// Time in which a new publisher of joint states must be heard before the node stops.
pub const GRACE: Duration = Duration::from_secs(2);

/// The publishers of a topic.
#[derive(Clone, Debug, Default, PartialEq)]
struct Publishers {
    /// Name of the topic before and after remapping.
    name: String,
    topic: String,
    /// Their nodes, with namespaces.
    nodes: Vec<String>,
    /// Time of the last change of their number.
    since: Option<Instant>,
    /// Whether a failed look-up was reported.
    told: bool,
}

impl Publishers {
    fn update(&mut self, node: &r2r::Node) {
        let found = match node.get_publishers_info_by_topic(&self.topic, false) {
            Ok(found) => found,
            Err(error) => {
                if !std::mem::replace(&mut self.told, true) {
                    tracing::warn!("who publishes on {} cannot be found out, and is not watched: {error}", self.topic);
                }
                return;
            }
        };
        let full = |space: &str, name: &str| format!("{}/{name}", space.trim_end_matches('/'));
        self.see(found.iter().map(|one| full(&one.node_namespace, &one.node_name)).collect(), Instant::now());
    }

    fn see(&mut self, nodes: Vec<String>, now: Instant) {
        if nodes.len() != self.nodes.len() {
            self.since = Some(now);
        }
        self.nodes = nodes;
    }

    /// The error of a topic that has had more than `most` publishers for longer than `grace`.
    fn beyond(&self, most: usize, grace: Duration, now: Instant) -> Option<RosError> {
        let long = self.since.is_some_and(|since| now.saturating_duration_since(since) >= grace);
        (self.nodes.len() > most && long).then(|| RosError::Publishers {
            topic: self.topic.clone(),
            nodes: self.nodes.join(", "),
            count: self.nodes.len(),
        })
    }
}

#[derive(Debug, Default)]
struct Seen {
    /// This node's name, with namespace.
    own: String,
    commands: Publishers,
    joints: Publishers,
    /// Topics with at most one publisher: those of observations, and the clock.
    single: Vec<Publishers>,
    /// Time of the first check.
    begun: Option<Instant>,
}

impl Seen {
    /// Other publishers of commands. One publisher is this node's own.
    fn others(&self) -> Vec<&str> {
        let mut others: Vec<_> = self.commands.nodes.iter().map(String::as_str).collect();
        if let Some(own) = others.iter().position(|node| *node == self.own) {
            others.remove(own);
        }
        others
    }

    fn trouble(&self, heard: &Received, listeners: usize, grace: Duration, now: Instant) -> Option<RosError> {
        let commands = || self.commands.topic.clone();
        let others = self.others();
        if !others.is_empty() {
            return Some(RosError::AnotherCommander { topic: commands(), nodes: others.join(", ") });
        }
        if listeners == 0 {
            return Some(RosError::NobodyListens { topic: commands() });
        }
        if let (Some(joint), true) = (&heard.contested, self.joints.nodes.len() > 1) {
            let nodes = self.joints.nodes.join(", ");
            return Some(RosError::Contested { joint: joint.clone(), topic: self.joints.topic.clone(), nodes });
        }
        let alike = self.joints.beyond(heard.kinds.max(1), grace, now);
        alike.or_else(|| self.single.iter().find_map(|topic| topic.beyond(1, Duration::ZERO, now)))
    }
}

/// The other nodes, readable from any thread.
#[derive(Clone, Default)]
pub struct Graph(Arc<Mutex<Seen>>);

impl Graph {
    /// Starts the checks on the executor's thread. `single`: topics besides the joint states that
    /// may have at most one publisher.
    ///
    /// # Errors
    /// A name that is not a topic name.
    pub fn watch(executor: &mut Executor, config: &RosConfig, single: &[String]) -> Result<Self, RosError> {
        let node = executor.node();
        let named = |name: &str| {
            let topic = topic_name(node, name)?;
            Ok::<_, RosError>(Publishers { name: name.into(), topic, ..Publishers::default() })
        };
        let single = single.iter().map(|name| named(name)).collect::<Result<_, _>>()?;
        let (commands, joints) = (named(&config.command_topic)?, named(JOINT_STATES)?);
        let seen = Seen { own: node.fully_qualified_name()?, commands, joints, single, begun: None };
        let graph = Self(Arc::new(Mutex::new(seen)));
        let watched = graph.clone();
        executor.every(GRAPH_PERIOD, move |node| {
            let mut seen = watched.lock();
            seen.begun.get_or_insert_with(Instant::now);
            let Seen { commands, joints, single, .. } = &mut *seen;
            [commands, joints].into_iter().chain(single).for_each(|topic| topic.update(node));
        });
        Ok(graph)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reason not to command the robot, if any, given the messages received and the number of
    /// subscribers of the commands. Publishers of joint states that are not heard, or cannot be
    /// told apart, count after `grace`.
    pub fn trouble(&self, heard: &Received, listeners: usize, grace: Duration) -> Option<RosError> {
        self.lock().trouble(heard, listeners, grace, Instant::now())
    }

    /// Whether there was enough time to discover the other nodes, and to hear each of several
    /// publishers of joint states.
    pub fn is_settled(&self) -> bool {
        let seen = self.lock();
        let long = |since: Option<Instant>| since.is_some_and(|since| since.elapsed() >= SETTLED);
        long(seen.begun) && (seen.joints.nodes.len() < 2 || long(seen.joints.since))
    }

    /// The nodes that publish on one of this module's topics.
    pub fn publishers(&self, name: &str) -> Vec<String> {
        let seen = self.lock();
        let topic = std::iter::once(&seen.joints).chain(&seen.single).find(|topic| topic.name == name);
        topic.map(|topic| topic.nodes.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publishers(topic: &str, nodes: &[&str], since: Instant) -> Publishers {
        let nodes = nodes.iter().map(|node| (*node).into()).collect();
        Publishers { name: String::new(), topic: topic.into(), nodes, since: Some(since), told: false }
    }

    fn seen(commands: &[&str], joints: &[&str], clocks: &[&str]) -> (Seen, Instant) {
        let start = Instant::now();
        let seen = Seen {
            own: "/me".into(),
            commands: publishers("/efforts", commands, start),
            joints: publishers("/joint_states", joints, start),
            single: vec![publishers("/clock", clocks, start)],
            begun: Some(start),
        };
        (seen, start)
    }

    fn heard(kinds: usize) -> Received {
        Received { kinds, ..Received::default() }
    }

    #[test]
    fn who_else_commands_is_named_even_under_the_same_name() {
        for (commands, other) in [(["/me", "/other"], "/other"), (["/me", "/me"], "/me"), (["/a", "/b"], "/a, /b")] {
            let (seen, now) = seen(&commands, &["/robot"], &[]);
            let said = seen.trouble(&heard(1), 1, GRACE, now).unwrap().to_string();
            assert!(said.contains(&format!("/efforts too: {other};")), "{said}");
        }
        let (alone, now) = seen(&["/me"], &["/robot"], &["/sim"]);
        assert!(alone.trouble(&heard(1), 1, GRACE, now).is_none());
        assert!(matches!(alone.trouble(&heard(1), 0, GRACE, now), Some(RosError::NobodyListens { .. })));
    }

    #[test]
    fn publishers_of_joint_states_that_cannot_be_told_apart_are_refused_after_a_while() {
        let (seen, start) = seen(&["/me"], &["/one", "/two"], &[]);
        let trouble = |heard: &Received, after| seen.trouble(heard, 1, GRACE, start + after);
        assert!(trouble(&heard(2), Duration::from_secs(9)).is_none(), "each reports joints of its own");
        assert!(trouble(&heard(1), Duration::from_secs(1)).is_none(), "the second may still be heard");
        assert!(matches!(trouble(&heard(1), GRACE), Some(RosError::Publishers { count: 2, .. })));
        let contested = Received { contested: Some("elbow".into()), ..heard(2) };
        let said = trouble(&contested, Duration::ZERO).unwrap().to_string();
        assert!(said.contains("elbow") && said.contains("/one, /two"), "{said}");
    }

    #[test]
    fn one_publisher_may_report_a_joint_in_messages_of_two_kinds() {
        let (seen, now) = seen(&["/me"], &["/one"], &[]);
        let contested = Received { contested: Some("elbow".into()), ..heard(2) };
        assert!(seen.trouble(&contested, 1, GRACE, now).is_none());
    }

    #[test]
    fn two_clocks_are_refused() {
        let (seen, now) = seen(&["/me"], &["/robot"], &["/sim", "/bag"]);
        assert!(matches!(seen.trouble(&heard(1), 1, GRACE, now), Some(RosError::Publishers { .. })));
    }
}
