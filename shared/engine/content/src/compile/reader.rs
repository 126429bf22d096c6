//! Reading TOML values as what they should be. A wrong value is reported and answered with `None`, so the
//! reader goes on and the author sees everything at once.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::{Report, Rule};
use super::source::{At, Source};

/// A value somewhere in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    source: &'a Source,
    report: &'a Report,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Node<'a> {
    pub(super) fn at(self) -> At<'a> {
        At::new(self.source, self.value.span().start)
    }

    pub(super) fn report(self, rule: Rule, message: impl Into<String>) {
        self.report.add(self.at(), rule, message);
    }

    pub(super) fn value(self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    /// Reports that the value is not what was expected.
    fn expected<T>(self, what: &str) -> Option<T> {
        self.report(Rule::BadValue, format!("expected {what}, found {}", self.value.get_ref().type_str()));
        None
    }

    pub(super) fn string(self) -> Option<&'a str> {
        self.value().as_str().or_else(|| self.expected("a string"))
    }

    pub(super) fn boolean(self) -> Option<bool> {
        self.value().as_bool().or_else(|| self.expected("true or false"))
    }

    /// An integer that fits `T`.
    pub(super) fn int<T: TryFrom<i64>>(self) -> Option<T> {
        let Some(integer) = self.value().as_integer() else { return self.expected("an integer") };
        let parsed = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let fitted = parsed.and_then(|number| T::try_from(number).ok());
        fitted.or_else(|| {
            self.report(Rule::BadValue, format!("{} is out of range", integer.as_str()));
            None
        })
    }

    /// An integer between two bounds.
    pub(super) fn int_in<T: TryFrom<i64> + Copy + PartialOrd + std::fmt::Display>(self, low: T, high: T) -> Option<T> {
        let number = self.int::<T>()?;
        if number < low || number > high {
            self.report(Rule::BadValue, format!("{number} is not within {low} to {high}"));
            return None;
        }
        Some(number)
    }

    /// A number with at most one decimal, in tenths.
    pub(super) fn tenths(self) -> Option<i16> {
        let literal = match self.value() {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) => number.as_str(),
            _ => return self.expected("a number with one decimal"),
        };
        let (whole, decimal) = literal.split_once('.').unwrap_or((literal, "0"));
        let digits = (decimal.len() == 1).then(|| format!("{whole}{decimal}").parse().ok()).flatten();
        digits.or_else(|| self.expected("a number with one decimal"))
    }

    /// A word of a closed vocabulary.
    pub(super) fn word<K>(self, what: &str, from_word: impl Fn(&str) -> Option<K>) -> Option<K> {
        let word = self.string()?;
        let kind = from_word(word);
        if kind.is_none() {
            self.report(Rule::BadValue, format!("\"{word}\" is not {what}"));
        }
        kind
    }

    /// The elements of a list; empty (and reported) if it is not one.
    pub(super) fn list(self) -> Vec<Self> {
        let Some(array) = self.value().as_array() else {
            return self.expected("a list").unwrap_or_default();
        };
        array.iter().map(|value| Self { value, ..self }).collect()
    }

    /// The elements of a list, read one by one; those that cannot be read are left out.
    pub(super) fn list_of<T>(self, read: impl FnMut(Self) -> Option<T>) -> Vec<T> {
        self.list().into_iter().filter_map(read).collect()
    }

    /// First and last of a range: `[from, to]`.
    pub(super) fn range<T: TryFrom<i64> + PartialOrd + Copy>(self) -> Option<(T, T)> {
        let [from, to] = self.list()[..] else {
            return self.expected("a range [from, to]");
        };
        let (from, to) = (from.int()?, to.int()?);
        if from > to {
            self.report(Rule::BadValue, "a range must not run backwards");
            return None;
        }
        Some((from, to))
    }

    pub(super) fn fields(self) -> Option<Fields<'a>> {
        let Some(table) = self.value().as_table() else { return self.expected("a table") };
        Some(Fields::new(self.source, self.report, table, self.value.span().start))
    }
}

/// The keys of a table. Keys nobody asked for are reported by [`Fields::finish`].
#[derive(Debug)]
pub(super) struct Fields<'a> {
    source: &'a Source,
    report: &'a Report,
    table: &'a DeTable<'a>,
    offset: usize,
    asked: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: &'a Source, report: &'a Report, table: &'a DeTable<'a>, offset: usize) -> Self {
        Self { source, report, table, offset, asked: RefCell::default() }
    }

    pub(super) fn at(&self) -> At<'a> {
        At::new(self.source, self.offset)
    }

    pub(super) fn report(&self, rule: Rule, message: impl Into<String>) {
        self.report.add(self.at(), rule, message);
    }

    /// The value of a key, if present.
    pub(super) fn get(&self, key: &'a str) -> Option<Node<'a>> {
        self.asked.borrow_mut().insert(key);
        let value = self.table.get(key)?;
        Some(Node { source: self.source, report: self.report, value })
    }

    /// The value of a key that must be present.
    pub(super) fn need(&self, key: &'a str) -> Option<Node<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.report(Rule::MissingKey, format!("`{key}` is missing"));
        }
        found
    }

    /// Every key with its value: for tables whose keys are ids.
    pub(super) fn entries(&self) -> impl Iterator<Item = (At<'a>, &'a str, Node<'a>)> + '_ {
        self.table.iter().map(|(key, value)| {
            let node = Node { source: self.source, report: self.report, value };
            (At::new(self.source, key.span().start), key.get_ref().as_ref(), node)
        })
    }

    /// Reports the keys nobody asked for.
    pub(super) fn finish(self) {
        let asked = self.asked.borrow();
        for (at, key, _) in self.entries().filter(|(_, key, _)| !asked.contains(key)) {
            self.report.add(at, Rule::UnknownKey, format!("`{key}` is not known here"));
        }
    }
}
