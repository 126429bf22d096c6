//! Source files and places in them.

use std::path::Path;
use std::{fs, io};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::reader::Fields;
use super::report::{Report, Rule};

/// A TOML file of the content.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path under the content's folder, with forward slashes: `rules/events/birth.toml`.
    pub file: String,
    /// What it says.
    pub text: String,
}

impl Source {
    /// Reads every TOML file of a content folder, sorted by path.
    ///
    /// # Errors
    /// If the folder or a file cannot be read.
    pub fn read_all(root: &Path) -> io::Result<Vec<Self>> {
        let mut sources = Vec::new();
        for folder in ["rules", "text"] {
            read_folder(&root.join(folder), folder, &mut sources)?;
        }
        sources.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(sources)
    }

    /// Parses the file; what TOML itself rejects goes to the report.
    pub(super) fn parse<'s>(&'s self, report: &'s Report) -> Option<Document<'s>> {
        let (root, errors) = DeTable::parse_recoverable(&self.text);
        for error in &errors {
            let offset = error.span().map_or(0, |span| span.start);
            report.add(At { source: self, offset }, Rule::Syntax, error.message());
        }
        errors.is_empty().then_some(Document { source: self, report, root })
    }
}

fn read_folder(path: &Path, name: &str, sources: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let file = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_folder(&entry.path(), &file, sources)?;
        } else if file.ends_with(".toml") {
            sources.push(Source { text: fs::read_to_string(entry.path())?, file });
        }
    }
    Ok(())
}

/// A place in a source file.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'s> {
    source: &'s Source,
    offset: usize,
}

impl<'s> At<'s> {
    pub(super) const fn new(source: &'s Source, offset: usize) -> Self {
        Self { source, offset }
    }

    pub(super) fn file(self) -> &'s str {
        &self.source.file
    }

    pub(super) fn line(self) -> usize {
        self.source.text.bytes().take(self.offset).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// A parsed file.
#[derive(Debug)]
pub(super) struct Document<'s> {
    source: &'s Source,
    report: &'s Report,
    root: Spanned<DeTable<'s>>,
}

impl<'s> Document<'s> {
    pub(super) fn file(&self) -> &'s str {
        &self.source.file
    }

    pub(super) fn root(&self) -> &DeTable<'s> {
        self.root.get_ref()
    }

    /// The top-level tables.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(self.source, self.report, self.root.get_ref(), self.root.span().start)
    }
}

/// Calls `visit` for each table inside the value, outermost first.
pub(super) fn each_table<'v, 's>(value: &'v DeValue<'s>, visit: &mut impl FnMut(&'v DeTable<'s>)) {
    match value {
        DeValue::Table(table) => {
            visit(table);
            table.values().for_each(|inner| each_table(inner.get_ref(), visit));
        }
        DeValue::Array(array) => array.iter().for_each(|inner| each_table(inner.get_ref(), visit)),
        _ => {}
    }
}
