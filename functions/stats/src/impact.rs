//! What an event did to the one it happened to, as one number.

use engine::{EventRecord, Value};

/// How an event is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Impact {
    Good,
    Bad,
    /// It changed nothing of what is weighed here, or as much to the good as to the bad.
    Neutral,
}

impl Impact {
    /// All, as they are listed.
    pub(crate) const ALL: [Self; 3] = [Self::Good, Self::Bad, Self::Neutral];

    /// The word clients use.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Neutral => "neutral",
        }
    }

    pub(crate) fn of(event: &EventRecord) -> Self {
        match points(event) {
            1.. => Self::Good,
            0 => Self::Neutral,
            _ => Self::Bad,
        }
    }
}

/// Points won less points lost of attributes, skills, body, mind and happiness; stress counts against.
pub(crate) fn points(event: &EventRecord) -> i64 {
    let weighed = event.changes.iter().map(|change| match (&change.from, &change.to) {
        (Value::Int(from), Value::Int(to)) => (to - from) * weight(&change.path),
        _ => 0,
    });
    weighed.sum()
}

fn weight(path: &str) -> i64 {
    match path {
        "health.stress" => -1,
        "happiness" | "health.physical" | "health.mental" => 1,
        _ if path.starts_with("attributes.") || path.starts_with("skills.") => 1,
        _ => 0,
    }
}
