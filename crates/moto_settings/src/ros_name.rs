//! Names of topics and services under the rules of ROS 2.

/// The fault of a topic's or service's name; `None` if ROS 2 accepts the name.
pub fn wrong(name: &str) -> Option<&'static str> {
    let within = name.strip_prefix("~/").or_else(|| name.strip_prefix('/')).unwrap_or(name);
    if within.is_empty() {
        return Some("is a name, not empty");
    }
    within.split('/').find_map(|part| match part.chars().next() {
        None => Some("has a name between two slashes and none at its end"),
        Some(first) if first.is_ascii_digit() => Some("has no part that begins with a digit"),
        _ if part.contains("__") => Some("has no two underscores in a row"),
        _ if part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => None,
        _ => Some("has letters, digits, underscores and slashes only (and ~/ at its beginning)"),
    })
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn names_are_taken_as_ros_takes_them() {
        for name in ["a", "/a/b_1", "~/serve", "effort_controller/commands"] {
            assert_eq!(wrong(name), None, "{name}");
        }
        for name in ["", "/", "a b", "1a", "a//b", "a/", "a/~", "a-b", "ä", "a__b", "~a"] {
            assert!(wrong(name).is_some(), "{name}");
        }
    }
}
