//! From the authors' TOML to blobs.
//!
//! Reading never stops at the first mistake: every finding carries its file and line, and an author sees all
//! of them at once. Only content without findings is encoded.

mod achievement;
mod choice;
mod effect;
mod event;
mod expression;
mod field;
mod ids;
mod lexer;
mod lint;
mod range;
mod reader;
mod report;
mod society;
mod source;
mod table;
mod text;
mod trade;

use crate::blob::{BlobError, Blobs, encode};
use crate::model::{Locale, Rules, Texts};

pub use report::{Finding, Rule};
pub use source::Source;

use ids::Ids;
use report::Report;

/// Content that has passed every check.
#[derive(Debug)]
pub struct Compiled {
    /// What can happen.
    pub rules: Rules,
    /// The words, in the order of [`Locale::ALL`].
    pub texts: Vec<Texts>,
}

/// The blobs of [`Compiled`] content.
#[derive(Debug)]
pub struct Encoded {
    /// The rules.
    pub rules: Vec<u8>,
    /// The words, in the order of [`Locale::ALL`].
    pub texts: [Vec<u8>; Locale::ALL.len()],
}

impl Encoded {
    /// The same, borrowed.
    #[must_use]
    pub fn blobs(&self) -> Blobs<'_> {
        Blobs { rules: &self.rules, texts: self.texts.each_ref().map(Vec::as_slice) }
    }
}

impl Compiled {
    /// Encodes the rules and each language.
    ///
    /// # Errors
    /// None that content can cause; the encoder's own failures are passed on.
    pub fn encode(&self) -> Result<Encoded, BlobError> {
        let mut encoded = Encoded { rules: encode(&self.rules)?, texts: [const { Vec::new() }; _] };
        for (blob, texts) in encoded.texts.iter_mut().zip(&self.texts) {
            *blob = encode(texts)?;
        }
        Ok(encoded)
    }
}

/// Reads and checks the content.
///
/// # Errors
/// Everything that is wrong with it, in order of file and line.
pub fn compile(sources: &[Source]) -> Result<Compiled, Vec<Finding>> {
    let report = Report::default();
    let documents: Vec<_> = sources.iter().filter_map(|source| source.parse(&report)).collect();
    let ids = Ids::scan(&documents, &report);

    let mut rules = Rules::default();
    table::read(&documents, &ids, &mut rules);
    event::read(&documents, &ids, &mut rules);
    let texts = text::read(&documents, &ids, &mut rules);
    lint::check(&rules, &texts, &ids, &report);

    let findings = report.into_findings();
    if findings.is_empty() { Ok(Compiled { rules, texts }) } else { Err(findings) }
}
