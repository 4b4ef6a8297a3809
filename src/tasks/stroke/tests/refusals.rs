use super::*;

fn term(term: &str) -> String {
    refused(&format!("{{horizon: 40, reward: [{term}], context: {{target: {{low: [0, 0, 0], high: [1, 1, 1]}}}}}}"))
}

fn via(point: &str) -> String {
    refused(&format!("{{horizon: 40, reward: [{{effort: 1}}], demonstration: {{via_points: [{point}]}}}}"))
}

#[test]
fn a_name_that_means_nothing_is_refused_with_the_nearest_one() {
    let said = term("{at: 0.1, link: raket, position: [0, 0, 0]}");
    assert_eq!(said, "reward[0].link is \"raket\", expected a link of the robot description (did you mean racket?)");
    let said = term("{at: 0.1, link: tool0, position: [0, 0, 0]}");
    assert!(said.contains("there are world, base"), "{said}");
    let said = term("{at: 0.1, joints: {j22: 0.1}}");
    assert_eq!(said, "there is no field reward[0].joints.j22; did you mean reward[0].joints.j2?");
    let said = term("{at: 0.1, link: racket, position: targte}");
    assert!(said.starts_with("reward[0].position is \"targte\"") && said.contains("did you mean target?"), "{said}");
    let said = term("{at: 0.1, link: racket, positon: target}");
    assert_eq!(said, "there is no field reward[0].positon; did you mean reward[0].position?");
    assert!(term("{at: 0.1, observed: puck, value: [0]}").contains("a name of context or observe (there are target)"));
}

#[test]
fn a_term_with_no_value_or_two_is_refused() {
    let said = term("{at: 0.1, link: racket}");
    assert!(said.starts_with("reward[0].position is missing"), "{said}");
    let said = term("{at: 0.1, link: racket, position: target, velocity: [0, 0, 0]}");
    assert!(said.starts_with("reward[0] is position and velocity, expected one of them"), "{said}");
    assert!(term("{at: 0.1, joints: rest, effort: 1.0}").contains("effort or effort_change beside something else"));
    assert!(term("{at: 0.1}").starts_with("reward[0].position is missing"));
    assert!(term("{at: 0.1, position: target}").starts_with("reward[0].link is missing"));
    assert!(term("{at: 0.1, link: racket, axis: [0, 0, 1]}").contains("position is missing"));
    assert!(term("{at: 0.1, link: racket, direction: [0, 0, 1]}").starts_with("reward[0].axis is missing"));
    assert!(
        term("{at: 0.1, link: racket, axis: [0, 0, 0], direction: target}").contains("a vector with a length above 0")
    );
    assert_eq!(term("{at: 0.1, link: racket, position: [0, 0]}"), "reward[0].position has 2 entries, expected 3");
    assert!(refused("{reward: []}").starts_with("reward has 0 entries"));
}

#[test]
fn a_time_that_is_missing_doubled_or_beyond_the_end_is_refused() {
    let end = "expected at most the stroke's end: 40 steps of 0.02 s are 0.8 s";
    assert_eq!(term("{at: 0.9, joints: rest}"), format!("reward[0].at is 0.9, {end}"));
    assert_eq!(term("{from: 0.1, to: 0.81, joints: rest}"), format!("reward[0].to is 0.81, {end}"));
    assert!(term("{joints: rest}").starts_with("reward[0].at is missing"));
    assert!(term("{at: 0.1, to: end, joints: rest}").contains("both at and from or to"));
    assert!(term("{from: 0.3, to: 0.2, joints: rest}").starts_with("reward[0].to is too early"));
    assert!(term("{at: soon, joints: rest}").contains("reward[0].at is \"soon\", expected"));
    assert!(term("{at: 0.1, effort: 1.0}").contains("from and to: an effort is over a time"));
}

#[test]
fn a_point_out_of_reach_says_by_how_much() {
    let said = via("{time: 0.5, link: racket, position: [1.0, 0.0, 1.15]}");
    assert!(said.starts_with("demonstration.via_points[0].position is (1.000, 0.000, 1.150)"), "{said}");
    assert!(
        said.contains("a point in reach of racket: within the joints' bounds it comes no nearer than 1.8"),
        "{said}"
    );
    let said = via("{time: 0.5, link: base, position: [-2.05, 0.0, 1.15], velocity: [1.0, 0.0, 0.0]}");
    assert!(said.contains("a velocity that base can have there: the nearest is (0.000, 0.000, 0.000) m/s"), "{said}");
}

#[test]
fn a_demonstration_beyond_the_limits_says_what_exceeds_them_where_and_when() {
    let said = via("{time: 0.1, joints: {j2: 0.9}}");
    assert!(said.contains("demonstration: the velocity of joint j2 after 0."), "{said}");
    assert!(said.contains("expected at most control.limits.velocity, 6"), "{said}");
    let said = via("{time: 0.7, joints: {j4: 2.9}}");
    assert!(said.contains("demonstration: the position of joint j4 after 0."), "{said}");
    let said = via("{time: 0.1, joints: {j1: -0.5}}");
    assert!(said.contains("demonstration: the effort of joint j1 after 0."), "{said}");
    assert!(
        via("{time: 0.5, joints: {j2: 0.1}}, {time: 0.5, joints: {j2: 0.2}}")
            .contains("later than the point before, 0.5 s")
    );
    assert!(via("{time: 0.9, joints: {j2: 0.1}}").contains("at most the stroke's end, 0.8 s"));
    assert!(via("{time: 0.5}").contains("demonstration.via_points[0].joints is missing"));
}

#[test]
fn feedback_that_would_make_a_sampled_arm_oscillate_is_refused() {
    let said = refused("{reward: [{effort: 1}], feedback: {damping: 150.0}}");
    assert!(said.starts_with("feedback.damping is 150, expected at most 100"), "{said}");
    let said = refused("{reward: [{effort: 1}], feedback: {stiffness: 900.0, damping: 5.0}}");
    assert!(said.starts_with("feedback.stiffness is 900, expected at most 500"), "{said}");
}

#[test]
fn a_context_needs_both_bounds_of_each_entry_in_their_order() {
    let context = |bounds: &str| refused(&format!("{{reward: [{{effort: 1}}], context: {{target: {bounds}}}}}"));
    assert!(context("{low: [0, 1], high: [1]}").starts_with("context.target.high has 1 entry, low has 2"));
    assert!(
        context("{low: [0, 3], high: [1, 2]}").starts_with("context.target.high[1] is 2, expected at least low, 3")
    );
    assert!(context("{low: [0], hihg: [1]}").contains("did you mean context.target.high?"));
    let said = refused("{reward: [{effort: 1}], context: {a: {low: [0], high: [1]}}, observe: [{name: a, size: 1}]}");
    assert!(said.starts_with("observe[0].name is \"a\", expected a name that nothing else"), "{said}");
    let said = refused("{reward: [{effort: 1}], observe: [{name: a}]}");
    assert!(said.starts_with("observe[0].size is missing, expected the number of entries"), "{said}");
    let said = refused("{reward: [{effort: 1}], observe: [{name: a, message: odometry, size: 2}]}");
    assert!(said.starts_with("observe[0].size is 2, expected none: the message has 6 entries"), "{said}");
}
