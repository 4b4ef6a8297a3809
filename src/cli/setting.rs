//! Options that replace a field of the configuration. The field's range applies to the option.

use crate::setup::Config;
use moto_settings::Schema;

/// Reads an option that replaces a whole number of the configuration, in the field's range.
pub fn whole<T: TryFrom<i128>>(field: &'static str) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let field = Schema::of::<Config>().field(field).ok_or_else(|| format!("there is no field {field}"))?;
        let allowed = |value: &i128| field.range.contains(*value as f64);
        let value = text.parse().ok().filter(allowed).and_then(|value| T::try_from(value).ok());
        value.ok_or_else(|| format!("expected {}", field.expected))
    }
}
