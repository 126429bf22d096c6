//! What a person sees: lines on standard output, in colour where a terminal shows it.

use std::fmt::Display;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};

/// Headlines and names.
pub(crate) const BOLD: Style = Style::new().bold();
/// What may be skipped.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What to look at.
pub(crate) const NOTE: Style = AnsiColor::Cyan.on_default();

/// Writes a line. A reader who has gone away (`| head`) is no reason to fail.
pub(crate) fn say(line: impl Display) {
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Writes without ending the line: an answer follows.
pub(crate) fn ask(question: impl Display) {
    let mut out = anstream::stdout().lock();
    let _ = write!(out, "{question}");
    let _ = out.flush();
}

/// Writes what went wrong, on standard error.
pub(crate) fn complain(what: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{BAD}error:{BAD:#} {what}");
}

/// Writes a step that is done, with what came of it.
pub(crate) fn step(name: &str, outcome: impl Display) {
    say(format_args!("{GOOD}✓{GOOD:#} {name:<11} {DIM}{outcome}{DIM:#}"));
}
