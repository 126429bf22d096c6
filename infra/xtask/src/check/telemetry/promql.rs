//! The names of metrics in a PromQL expression. Whether the expression is PromQL at all is promtool's to say.

use std::collections::BTreeSet;

/// Words that stand where a metric could.
const WORDS: [&str; 30] = [
    "and",
    "atan2",
    "avg",
    "bool",
    "bottomk",
    "count",
    "count_values",
    "end",
    "group",
    "inf",
    "Inf",
    "max",
    "min",
    "nan",
    "NaN",
    "offset",
    "or",
    "quantile",
    "start",
    "stddev",
    "stdvar",
    "sum",
    "topk",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
/// Words whose parentheses hold labels.
const LABEL_LISTS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Every name that is neither a function, nor a label, nor a word of the language.
pub(super) fn metrics(expression: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' | '\'' | '`' => after_string(rest),
            '{' => after_block(rest, '}'),
            '[' => after_block(rest, ']'),
            // A number, a duration, or a variable of a dashboard.
            '0'..='9' | '$' => rest[1..].trim_start_matches(is_of_a_word),
            c if is_of_a_word(c) => {
                let (word, after) = rest.split_at(rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len()));
                let after = after.trim_start();
                let calls = after.starts_with('(');
                if calls && LABEL_LISTS.contains(&word) {
                    after_block(after, ')')
                } else {
                    if !calls && !WORDS.contains(&word) {
                        found.insert(word);
                    }
                    after
                }
            }
            c => &rest[c.len_utf8()..],
        };
    }
    found
}

fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// What follows a string; backslashes escape.
fn after_string(text: &str) -> &str {
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, c)| c);
    while let Some((at, c)) = chars.next() {
        if Some(c) == quote {
            return &text[at + c.len_utf8()..];
        }
        if c == '\\' {
            chars.next();
        }
    }
    ""
}

/// What follows a bracket and everything up to the one that closes it; brackets in strings do not count.
fn after_block(text: &str, close: char) -> &str {
    let mut rest = &text[1..];
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' | '\'' | '`' => after_string(rest),
            c if c == close => return &rest[c.len_utf8()..],
            c => &rest[c.len_utf8()..],
        };
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_metrics_are_metrics() {
        let rows: [(&str, &[&str]); 9] = [
            ("up", &["up"]),
            ("sum by (le, route) (rate(a_bucket{route!~\"b_{2}\\\"}c\"}[5m])) / 2", &["a_bucket"]),
            ("sum(a) without (b) > bool 0.1e3 and on (c) d unless e offset 1w", &["a", "d", "e"]),
            ("histogram_quantile(0.95, sum by (le) (x_bucket)) > on () group_left (y) z", &["x_bucket", "z"]),
            ("slo:burn_rate:1h > 14.4 or slo:burn_rate:6h > 6", &["slo:burn_rate:1h", "slo:burn_rate:6h"]),
            ("topk(20, a{b=~\"$c\"}[$__rate_interval])", &["a"]),
            ("time() - max(max_over_time(a[5m] offset 1h)) == Inf", &["a"]),
            ("count(count by (version) (build_info))", &["build_info"]),
            ("0 * sum(a) or vector(1)", &["a"]),
        ];
        for (expression, expected) in rows {
            assert_eq!(metrics(expression), expected.iter().copied().collect(), "{expression}");
        }
    }
}
