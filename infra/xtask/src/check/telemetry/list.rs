//! The list of metrics, as `docs/operations/monitoring.md` has it: a row each, the name first, the kind second.

use std::collections::BTreeSet;

/// The names that queries may use: a histogram is asked for by its parts.
pub(super) fn names(document: &str) -> BTreeSet<String> {
    rows(document)
        .flat_map(|(name, kind)| {
            let parts: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            parts.iter().map(move |part| format!("{name}{part}"))
        })
        .collect()
}

/// Name and kind of each metric.
fn rows(document: &str) -> impl Iterator<Item = (&str, &str)> {
    document.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let (name, kind) = (cells.next()?.strip_suffix('`')?, cells.next()?);
        ["counter", "gauge", "histogram"].contains(&kind).then_some((name, kind))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table_are_found_and_no_others() {
        let document = "\
            | metric | kind | labels |\n| --- | --- | --- |\n\
            | `a_total` | counter | route |\n| `b_seconds` | histogram | |\n| `LOG_LEVEL` | a setting | |\n`c_total` is no row\n";
        let expected = ["a_total", "b_seconds_bucket", "b_seconds_count", "b_seconds_sum"];
        assert_eq!(names(document), expected.map(str::to_owned).into());
    }
}
