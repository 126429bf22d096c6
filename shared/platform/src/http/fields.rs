//! Every wrong field at once: the error that request types gather while they are read.
//!
//! Request types derive `Deserr`; rules live in the types of the fields (`Username`, `BirthYear`, …), whose parsers
//! answer [`Broken`]. Reading never stops at the first problem.

use std::ops::ControlFlow;

use deserr::{DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, Value, ValueKind, ValuePointerRef};

use crate::{error::FieldError, text::Text};

/// A rule that a value breaks; the field's name is added where the value stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// `length`, `range`, `format`, `one_of`, …
    pub rule: &'static str,
    /// What would be right.
    pub message: Text,
}

impl Broken {
    /// A broken rule with what would be right.
    pub const fn new(rule: &'static str, message: Text) -> Self {
        Self { rule, message }
    }
}

/// What a request does with an optional field of something that exists: leaves it, empties it (`null`), or sets it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// The field is not in the request.
    #[default]
    Keep,
    /// It is `null`.
    Clear,
    /// It has a value.
    Set(T),
}

impl<T> Change<T> {
    /// Makes the change.
    pub fn apply<U>(self, to: &mut Option<U>, value: impl FnOnce(T) -> U) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(new) => *to = Some(value(new)),
        }
    }
}

impl<T: Deserr<FieldErrors>> Deserr<FieldErrors> for Change<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        match value {
            Value::Null => Ok(Self::Clear),
            value => T::deserialize_from_value(value, location).map(Self::Set),
        }
    }
}

/// All problems found so far.
#[derive(Debug, Default)]
pub struct FieldErrors(pub Vec<FieldError>);

/// Problems named in one answer; nobody mends more at once, and an answer must not dwarf its request.
const MOST: usize = 50;

impl FieldErrors {
    /// Reads on, unless there is enough to say.
    fn go_on(self) -> ControlFlow<Self, Self> {
        if self.0.len() < MOST { ControlFlow::Continue(self) } else { ControlFlow::Break(self) }
    }

    fn with(existing: Option<Self>, field: String, broken: Broken) -> ControlFlow<Self, Self> {
        let mut all = existing.unwrap_or_default();
        all.0.push(FieldError { field, rule: broken.rule, message: broken.message });
        all.go_on()
    }
}

impl DeserializeError for FieldErrors {
    fn error<V: IntoValue>(
        existing: Option<Self>,
        error: ErrorKind<'_, V>,
        location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let (field, broken) = match error {
            ErrorKind::IncorrectValueKind { accepted, .. } => (path(location), wrong_type(accepted)),
            ErrorKind::MissingField { field } => (
                path(location.push_key(field)),
                Broken::new("required", Text::new("This field is required.", "缺少此字段。")),
            ),
            ErrorKind::UnknownKey { key, accepted } => (
                path(location.push_key(key)),
                listing("unknown_field", "No such field; known are", "没有此字段，可用字段", accepted),
            ),
            ErrorKind::UnknownValue { accepted, .. } => {
                (path(location), listing("one_of", "Must be one of", "必须是以下之一", accepted))
            }
            ErrorKind::BadSequenceLen { expected, .. } => (
                path(location),
                Broken::new(
                    "length",
                    Text::filled(format!("Must have {expected} items."), format!("必须有 {expected} 项。")),
                ),
            ),
            ErrorKind::Unexpected { .. } => {
                (path(location), Broken::new("range", Text::new("This value is out of range.", "数值超出范围。")))
            }
        };
        Self::with(existing, field, broken)
    }
}

impl MergeWithError<Self> for FieldErrors {
    fn merge(existing: Option<Self>, other: Self, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut all = existing.unwrap_or_default();
        all.0.extend(other.0);
        all.go_on()
    }
}

impl MergeWithError<Broken> for FieldErrors {
    fn merge(existing: Option<Self>, other: Broken, location: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        Self::with(existing, path(location), other)
    }
}

/// `device.id`, `options[2].text`; the whole body is `body`.
fn path(location: ValuePointerRef<'_>) -> String {
    fn write(location: ValuePointerRef<'_>, out: &mut String) {
        match location {
            ValuePointerRef::Origin => {}
            ValuePointerRef::Key { key, prev } => {
                write(*prev, out);
                if !out.is_empty() {
                    out.push('.');
                }
                // A key is the client's own text: enough of it to be recognised, not all of it.
                out.extend(key.chars().take(64));
            }
            ValuePointerRef::Index { index, prev } => {
                write(*prev, out);
                out.push_str(&format!("[{index}]"));
            }
        }
    }
    let mut out = String::new();
    write(location, &mut out);
    if out.is_empty() { "body".to_owned() } else { out }
}

fn wrong_type(accepted: &[ValueKind]) -> Broken {
    let mut names: Vec<(&str, &str)> = accepted.iter().map(kind_name).collect();
    names.dedup();
    let en: Vec<_> = names.iter().map(|(en, _)| *en).collect();
    let zh: Vec<_> = names.iter().map(|(_, zh)| *zh).collect();
    Broken::new("type", Text::filled(format!("Must be {}.", en.join(" or ")), format!("必须是{}。", zh.join("或"))))
}

fn kind_name(kind: &ValueKind) -> (&'static str, &'static str) {
    match kind {
        ValueKind::Null => ("null", "空值"),
        ValueKind::Boolean => ("a boolean", "布尔值"),
        ValueKind::Integer | ValueKind::NegativeInteger => ("a whole number", "整数"),
        ValueKind::Float => ("a number", "数字"),
        ValueKind::String => ("a string", "字符串"),
        ValueKind::Sequence => ("an array", "数组"),
        ValueKind::Map => ("an object", "对象"),
    }
}

fn listing(rule: &'static str, en: &str, zh: &str, accepted: &[&str]) -> Broken {
    let list = accepted.join(", ");
    Broken::new(rule, Text::filled(format!("{en}: {list}."), format!("{zh}：{list}。")))
}
