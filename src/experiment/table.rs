//! Formats a summary as text for the terminal.

use std::fmt::Write;

use super::{Summary, VariantSummary};

/// The summary as text, with a table per group and measure.
pub fn table(summary: &Summary) -> String {
    let mut text = String::new();
    let mut groups: Vec<&str> = summary.variants.iter().map(|v| v.group.as_str()).collect();
    groups.dedup();
    let width = summary.variants.iter().map(|v| v.label.chars().count()).max().unwrap_or(0);
    for group in groups {
        let variants: Vec<_> = summary.variants.iter().filter(|v| v.group == group).collect();
        for m in 0..variants.first().map_or(0, |v| v.measures.len()) {
            // Writing to a string does not fail.
            let _ = measure_table(&mut text, group, &variants, m, width);
        }
        let _ = reached_table(&mut text, &variants, width);
    }
    text
}

fn measure_table(
    text: &mut String,
    group: &str,
    variants: &[&VariantSummary],
    m: usize,
    width: usize,
) -> std::fmt::Result {
    let mut episodes: Vec<u64> = variants.iter().flat_map(|v| v.measures[m].at.iter().map(|s| s.episodes)).collect();
    episodes.sort_unstable();
    episodes.dedup();
    let about = if group.is_empty() { String::new() } else { format!("{group}, ") };
    writeln!(text, "\n{about}{}: mean ± standard deviation (worst seed)", variants[0].measures[m].measure.title())?;
    write!(text, "{:width$}", "episodes")?;
    episodes.iter().try_for_each(|e| write!(text, "  {e:>26}"))?;
    writeln!(text, "  {:>8}", "s / seed")?;
    for variant in variants {
        write!(text, "{:width$}", variant.label)?;
        for e in &episodes {
            let cell = variant.measures[m].at.iter().find(|s| s.episodes == *e).map_or_else(String::new, |s| {
                format!("{} ± {} ({})", short(s.mean), short(s.deviation), short(s.worst))
            });
            write!(text, "  {cell:>26}")?;
        }
        let failed = if variant.failed > 0 {
            format!("  {} of {} broke down", variant.failed, variant.seeds)
        } else {
            String::new()
        };
        writeln!(text, "  {:>8.1}{failed}", variant.seconds)?;
    }
    Ok(())
}

fn reached_table(text: &mut String, variants: &[&VariantSummary], width: usize) -> std::fmt::Result {
    let mut bars: Vec<f64> = variants.iter().flat_map(|v| v.reached.iter().map(|r| r.threshold)).collect();
    bars.dedup();
    bars.sort_by(f64::total_cmp);
    bars.dedup();
    if bars.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nepisodes until: median (slowest seed), seeds that got there")?;
    write!(text, "{:width$}", "")?;
    bars.iter().try_for_each(|bar| write!(text, "  {:>22}", short(*bar)))?;
    writeln!(text)?;
    for variant in variants {
        write!(text, "{:width$}", variant.label)?;
        for bar in &bars {
            let cell = variant.reached.iter().find(|r| r.threshold == *bar).map_or_else(String::new, |r| {
                let median = r.median.map_or("-".into(), |m| format!("{m:.0}"));
                let worst = r.worst.map_or("-".into(), |w| w.to_string());
                format!("{median} ({worst}), {} of {}", r.seeds, variant.seeds)
            });
            write!(text, "  {cell:>22}")?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// A value to three significant digits.
fn short(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => value.to_string(),
        _ if size >= 99.95 => format!("{value:.0}"),
        _ if size >= 9.995 => format!("{value:.1}"),
        _ if size >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        for (value, text) in
            [(-1234.5, "-1234"), (-99.96, "-100"), (-12.34, "-12.3"), (-1.234, "-1.23"), (-0.1234, "-0.123")]
        {
            assert_eq!(short(value), text);
        }
    }
}
