//! The generated part of a file that is otherwise written by hand: the lines between two comments, in whatever
//! comment syntax the file has.

use anyhow::{Context as _, Result};

/// The text with the lines between `generated:begin <name>` and `generated:end <name>` replaced by `body`.
///
/// # Errors
/// When the text has no such region.
pub(super) fn replace(text: &str, name: &str, body: &str) -> Result<String> {
    let (before, rest) = split_after_line(text, &format!("generated:begin {name}"))?;
    let end = format!("generated:end {name}");
    let at = rest.find(&end).with_context(|| format!("no line says `{end}`"))?;
    let line = rest[..at].rfind('\n').map_or(0, |newline| newline + 1);
    Ok(format!("{before}{body}{}", &rest[line..]))
}

/// Whether the text has this region at all.
pub(super) fn is_in(text: &str, name: &str) -> bool {
    text.contains(&format!("generated:begin {name}"))
}

/// The text up to the end of the line that holds the mark, and the rest.
fn split_after_line<'a>(text: &'a str, mark: &str) -> Result<(&'a str, &'a str)> {
    let at = text.find(mark).with_context(|| format!("no line says `{mark}`"))?;
    let end = text[at..].find('\n').with_context(|| format!("the file ends with `{mark}`"))?;
    Ok(text.split_at(at + end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_region_changes() {
        let text = "one\n# generated:begin x (do not edit)\nold\nold\n  # generated:end x\ntwo\n";
        let expected = "one\n# generated:begin x (do not edit)\nnew\n  # generated:end x\ntwo\n";
        assert_eq!(replace(text, "x", "new\n").unwrap(), expected);
        assert_eq!(replace(expected, "x", "new\n").unwrap(), expected, "twice is once");
        assert!(replace(text, "y", "").unwrap_err().to_string().contains("generated:begin y"));
        assert!(is_in(text, "x") && !is_in(text, "y"));
    }
}
