//! Breaking text into lines of a terminal, Chinese and English alike.

/// How many columns a character takes: two for Chinese and the punctuation that goes with it.
fn width(c: char) -> usize {
    if c >= '\u{2e80}' { 2 } else { 1 }
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Whether a line must not begin with this: closing punctuation stays with what it closes.
fn clings(c: char) -> bool {
    "，。！？；：、）》”’…,.!?;:)".contains(c)
}

/// Lines of at most `room` columns. Words stay whole, Chinese breaks anywhere but before closing punctuation (which may
/// then stand out by a character).
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for unit in units(text) {
        let line = lines.last_mut().map_or("", |line| line.as_str());
        let fits = columns(line) + columns(unit.trim_end()) <= room || unit.chars().all(clings);
        if !line.is_empty() && !fits {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(unit);
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The pieces a line may break between: words with the space after them, single wide characters.
fn units(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ').flat_map(|word| word.split_inclusive(|c| width(c) == 2))
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn words_stay_whole_and_punctuation_does_not_begin_a_line() {
        for (text, room, expected) in [
            ("one two three", 8, vec!["one two", "three"]),
            ("春天来了，花开了。", 8, vec!["春天来了，", "花开了。"]),
            ("", 8, vec![""]),
            ("incomprehensibilities", 8, vec!["incomprehensibilities"]),
        ] {
            assert_eq!(wrap(text, room), expected);
        }
    }
}
