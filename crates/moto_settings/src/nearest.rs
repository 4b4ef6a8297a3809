//! Finds the intended name of a misspelt one.

/// The name that `wrong` probably means; `None` if none of `names` is near.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase());
    let allowed = (wrong.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (distance(name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_finds_the_one_it_was_meant_to_be() {
        let names = ["effort", "effort_rate", "velocity"];
        assert_eq!(nearest("efort", names), Some("effort"));
        assert_eq!(nearest("Velocity", names), Some("velocity"));
        assert_eq!(nearest("veloctiy", names), Some("velocity"));
        assert_eq!(nearest("colour", names), None);
    }
}
