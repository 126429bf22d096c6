//! Which passwords may be chosen (NIST SP 800-63B, 5.1.1.2): long enough, and not among those that are tried first. No rule
//! about kinds of characters: those make passwords that people forget and machines guess.
//!
//! Before anything else a text is brought into the Unicode form NFKC, as 800-63B asks for: one keyboard sends `é` as one
//! character, another as two, and Chinese input methods send full-width letters and digits. Without it, the right password
//! typed on another device would be wrong. It joins what people cannot tell apart, and so costs nobody strength.
//!
//! `common_passwords.txt` holds those of Django 5.2's `common-passwords.txt` that are long enough to be chosen here, in NFKC,
//! lower case and sorted by bytes. Royce Williams made that list from the passwords that were breached most often; it is
//! used under the licence beside it (BSD 3-Clause). It is embedded, so no password is ever shown to a service.

use platform::{http::Broken, text::Text};
use unicode_normalization::UnicodeNormalization as _;

/// Sorted.
const COMMON: &str = include_str!("common_passwords.txt");

/// What this game is called: the first thing to try here.
const OUR_NAMES: [&str; 2] = ["restartlife", "重启人生"];

/// Shorter words are part of too much to say anything.
const SHORTEST_WORD: usize = 3;

/// The one form in which passwords are compared and hashed.
pub(crate) fn normalised(text: &str) -> String {
    text.nfkc().collect()
}

/// Checks a normalised password by all that can be known without its owner.
pub(crate) fn check(password: &str) -> Result<(), Broken> {
    if !(8..=128).contains(&password.chars().count()) {
        return Err(Broken::new("length", Text::new("Must be 8 to 128 characters.", "必须是 8 到 128 个字符。")));
    }
    let folded = password.to_lowercase();
    if is_run(&folded) {
        let text = Text::new(
            "Must not be one character repeated or a row like 12345678; several words are a good password.",
            "不能是同一字符的重复或 12345678 这样的顺序；几个词连在一起就是好密码。",
        );
        return Err(Broken::new("repetitive", text));
    }
    if is_common(&folded) {
        let text = Text::new(
            "This password is among the first that attackers try; choose another, such as several words.",
            "这个密码太常见，会被最先尝试；请换一个，比如几个词连在一起。",
        );
        return Err(Broken::new("common", text));
    }
    if OUR_NAMES.iter().any(|name| is_about(&folded, name)) {
        return Err(personal());
    }
    Ok(())
}

/// Checks a normalised password against its owner's name and address.
pub(crate) fn check_for(password: &str, username: &str, email: Option<&str>) -> Result<(), Broken> {
    let local = email.and_then(|email| email.rsplit_once('@')).map_or("", |(local, _)| local);
    let folded = password.to_lowercase();
    let about_owner = [username, local, email.unwrap_or_default()].iter().any(|word| is_about(&folded, word));
    if about_owner { Err(personal()) } else { Ok(()) }
}

fn personal() -> Broken {
    let text = Text::new(
        "Must not be your name, your address or the game's name, also with digits around it.",
        "不能是用户名、邮箱或游戏名，前后加数字也不行。",
    );
    Broken::new("personal", text)
}

fn is_common(folded: &str) -> bool {
    let (mut rest, wanted) = (COMMON, folded.as_bytes());
    // A binary search by lines: there is no table to build at a cold start.
    while !rest.is_empty() {
        let middle = rest.floor_char_boundary(rest.len() / 2);
        let begin = rest[..middle].rfind('\n').map_or(0, |at| at + 1);
        let end = rest[begin..].find('\n').map_or(rest.len(), |at| begin + at);
        match rest.as_bytes()[begin..end].cmp(wanted) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => rest = &rest[..begin],
            std::cmp::Ordering::Less => rest = rest.get(end + 1..).unwrap_or_default(),
        }
    }
    false
}

/// Whether each character follows the one before by the same step of -1, 0 or 1.
fn is_run(folded: &str) -> bool {
    let steps = folded
        .chars()
        .zip(folded.chars().skip(1))
        .map(|(one, next)| i64::from(u32::from(next)) - i64::from(u32::from(one)));
    let mut steps = steps.peekable();
    let first = steps.peek().copied();
    first.is_some_and(|first| first.abs() <= 1 && steps.all(|step| step == first))
}

/// Whether nothing is left of the password without the word, digits around it and what is neither letter nor digit.
fn is_about(folded: &str, word: &str) -> bool {
    let word = letters_and_digits(&normalised(word).to_lowercase());
    let whole = letters_and_digits(folded);
    let core = whole.trim_matches(|c: char| c.is_ascii_digit());
    word.chars().count() >= SHORTEST_WORD && (whole == word || core == word)
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(password: &str) -> Option<&'static str> {
        check(&normalised(password)).err().map(|broken| broken.rule)
    }

    #[test]
    fn each_rule_refuses_its_own() {
        for (password, expected) in [
            ("1234567", Some("length")),
            ("短密码短密码短", Some("length")),
            (&*"x1".repeat(65), Some("length")),
            ("aaaaaaaaaaaa", Some("repetitive")),
            ("87654321", Some("repetitive")),
            ("abcdefghij", Some("repetitive")),
            ("Password", Some("common")),
            ("iloveyou1", Some("common")),
            ("ｐａｓｓｗｏｒｄ", Some("common")),
            ("Restart-Life-2026", Some("personal")),
            ("重启人生2026年", None),
            ("重启人生2026", Some("personal")),
            ("a long walk home", None),
            ("correct horse battery", None),
        ] {
            assert_eq!(rule(password), expected, "{password}");
        }
    }

    #[test]
    fn every_line_of_the_list_is_found_and_nothing_else() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.len() > 8_000 && lines.is_sorted_by(|one, next| one.as_bytes() < next.as_bytes()));
        for line in lines {
            assert!(is_common(line), "{line}");
            assert!(!is_common(&format!("{line}\n")) && !is_common(&format!("\u{1}{line}")), "{line}");
        }
        assert!(!is_common("") && !is_common("~~~~~~~~~"));
    }

    #[test]
    fn ones_own_name_is_no_password() {
        let check = |password: &str| check_for(password, "lin_an", Some("Lin.An.Walks@example.org")).is_err();
        for own in ["LinAn2026", "2026lin_an", "lin.an.walks", "linanwalks99", "Lin.An.Walks@example.org"] {
            assert!(check(own), "{own}");
        }
        for other in ["lin_an walks home", "exampleorg", "another lin_an"] {
            assert!(!check(other), "{other}");
        }
        assert!(check_for("ab123456", "ab", None).is_ok(), "too short to say anything");
    }

    #[test]
    fn one_password_in_several_spellings_is_one_password() {
        assert_eq!(normalised("caf\u{e9}-Ｌｏｎｇ１２３"), normalised("cafe\u{301}-Long123"));
    }
}
