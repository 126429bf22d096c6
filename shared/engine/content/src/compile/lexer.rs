//! The words of an expression.

use crate::model::CompareOp;

/// A word of an expression, with where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lexeme<'e> {
    pub(super) token: Token<'e>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A word of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'e> {
    Name(&'e str),
    Text(&'e str),
    Int(i32),
    Compare(CompareOp),
    Symbol(char),
    End,
}

/// Splits an expression into words.
///
/// # Errors
/// A message for the author.
pub(super) fn split(expression: &str) -> Result<Vec<Lexeme<'_>>, String> {
    let mut lexemes = Vec::new();
    let mut start = 0;
    while let Some(first) = expression[start..].chars().next() {
        let rest = &expression[start..];
        let (token, length) = match first {
            _ if first.is_whitespace() => {
                start += first.len_utf8();
                continue;
            }
            'a'..='z' | '_' => {
                let length = span(rest, |c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
                (Token::Name(&rest[..length]), length)
            }
            '0'..='9' => {
                let length = span(rest, |c| c.is_ascii_digit());
                let number = rest[..length].parse().map_err(|_| format!("{} is too large", &rest[..length]))?;
                (Token::Int(number), length)
            }
            '"' => {
                let length = rest[1..].find('"').ok_or("a string is not closed")?;
                (Token::Text(&rest[1..=length]), length + 2)
            }
            _ => match CompareOp::ALL.into_iter().find(|op| rest.starts_with(op.as_str())) {
                Some(op) => (Token::Compare(op), op.as_str().len()),
                None if "().,+-*".contains(first) => (Token::Symbol(first), 1),
                None => return Err(format!("`{first}` has no meaning here")),
            },
        };
        lexemes.push(Lexeme { token, start, end: start + length });
        start += length;
    }
    lexemes.push(Lexeme { token: Token::End, start, end: start });
    Ok(lexemes)
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}
