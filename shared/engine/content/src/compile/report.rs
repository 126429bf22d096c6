//! Findings: what is wrong with the content, and where.

use std::cell::RefCell;

use super::source::{At, Source};

/// A kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Not TOML.
    Syntax,
    /// A word the format does not know.
    UnknownKey,
    /// A word the format asks for.
    MissingKey,
    /// A value of the wrong type or outside its range.
    BadValue,
    /// An expression that does not parse or does not fit its types.
    Expression,
    /// The same id twice.
    Duplicate,
    /// Something that does not exist.
    UnknownReference,
    /// A flag that nothing sets.
    FlagNeverSet,
    /// A text missing in a language, or left over there.
    Locale,
    /// A placeholder that nothing fills, or that another language does not have.
    Placeholder,
    /// An outcome without words, or words without an outcome.
    Outcome,
    /// Not exactly one default choice, or one that can be locked or rolled.
    DefaultChoice,
    /// A choice that changes nothing.
    DeadChoice,
    /// A condition that can never hold where the event happens.
    Unreachable,
    /// An event that can come round to itself.
    ChainCycle,
    /// A stage of life that could run out of quiet years.
    NoFallback,
    /// A table that leaves years or regions out.
    Coverage,
}

impl Rule {
    /// The name shown to authors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown-key",
            Self::MissingKey => "missing-key",
            Self::BadValue => "bad-value",
            Self::Expression => "expression",
            Self::Duplicate => "duplicate",
            Self::UnknownReference => "unknown-reference",
            Self::FlagNeverSet => "flag-never-set",
            Self::Locale => "locale",
            Self::Placeholder => "placeholder",
            Self::Outcome => "outcome",
            Self::DefaultChoice => "default-choice",
            Self::DeadChoice => "dead-choice",
            Self::Unreachable => "unreachable",
            Self::ChainCycle => "chain-cycle",
            Self::NoFallback => "no-fallback",
            Self::Coverage => "coverage",
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path under the content's folder.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// The kind of mistake.
    pub rule: Rule,
    /// What to do about it.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {} [{}]", self.file, self.line, self.message, self.rule.as_str())
    }
}

/// Collects findings while the content is read.
#[derive(Debug, Default)]
pub(super) struct Report(RefCell<Vec<Finding>>);

impl Report {
    pub(super) fn add(&self, at: At<'_>, rule: Rule, message: impl Into<String>) {
        let finding = Finding { file: at.file().to_owned(), line: at.line(), rule, message: message.into() };
        self.0.borrow_mut().push(finding);
    }

    /// A finding about a file as a whole.
    pub(super) fn about_file(&self, file: &str, rule: Rule, message: String) {
        let source = Source { file: file.to_owned(), text: String::new() };
        self.add(At::new(&source, 0), rule, message);
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.0.into_inner();
        findings.sort();
        findings.dedup();
        findings
    }
}
