//! The desired state of every generated file, and how the checkout differs from it: in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Texts by path, relative to the checkout.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: BTreeMap<PathBuf, String>,
    owned: Vec<(PathBuf, &'static str)>,
    left: BTreeSet<PathBuf>,
}

impl Tree {
    /// This file has this text.
    pub(super) fn file(&mut self, path: impl Into<PathBuf>, text: String) {
        self.files.insert(path.into(), text);
    }

    /// Files with this extension in this folder are here, or should not exist.
    pub(super) fn own(&mut self, folder: impl Into<PathBuf>, extension: &'static str) {
        self.owned.push((folder.into(), extension));
    }

    /// This file in such a folder is written by hand.
    pub(super) fn leave(&mut self, path: impl Into<PathBuf>) {
        self.left.insert(path.into());
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Every difference between this and the checkout, by path.
    pub(super) fn differences(&self, checkout: &Path) -> Result<Vec<Difference>> {
        let mut differences = Vec::new();
        for (path, text) in &self.files {
            let kind = match fs::read_to_string(checkout.join(path)) {
                Ok(found) if found == *text => continue,
                Ok(_) => Kind::Stale,
                Err(error) if error.kind() == ErrorKind::NotFound => Kind::Missing,
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
            };
            differences.push(Difference { path: path.clone(), kind });
        }
        for (folder, extension) in &self.owned {
            for path in files_in(checkout, folder)? {
                let is_ours = path.extension().is_some_and(|found| found == *extension);
                if is_ours && !self.files.contains_key(&path) && !self.left.contains(&path) {
                    differences.push(Difference { path, kind: Kind::Orphan });
                }
            }
        }
        differences.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(differences)
    }

    /// Makes the checkout agree on one file.
    pub(super) fn settle(&self, checkout: &Path, difference: &Difference) -> Result<()> {
        let path = checkout.join(&difference.path);
        match self.files.get(&difference.path) {
            Some(text) => {
                fs::create_dir_all(path.parent().unwrap_or(checkout))?;
                fs::write(&path, text)
            }
            None => fs::remove_file(&path),
        }
        .with_context(|| format!("cannot change {}", path.display()))
    }
}

/// The files directly in a folder, relative to the checkout; none if there is no such folder.
fn files_in(checkout: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(checkout.join(folder)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
    };
    entries.map(|entry| Ok(folder.join(entry?.file_name()))).collect()
}

/// A file that is not as the route table says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(super) path: PathBuf,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Missing,
    Stale,
    Orphan,
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Missing => "is missing",
            Kind::Stale => "is not what the route table gives",
            Kind::Orphan => "belongs to no route",
        };
        write!(f, "{} {what}; run `cargo xtask gen`", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// What was wrong with a checkout of these files, before and after settling it.
    fn check(found: &[(&str, &str)], expected: &[&str]) {
        let mut tree = Tree::default();
        tree.own("bins", "rs");
        tree.own("nowhere", "rs");
        tree.leave("bins/by_hand.rs");
        tree.file("bins/a.rs", "a".to_owned());
        tree.file("deep/er/b.yaml", "b".to_owned());

        let checkout = TempDir::new().unwrap();
        for (path, text) in found {
            let path = checkout.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let differences = tree.differences(checkout.path()).unwrap();
        let shown: Vec<_> = differences.iter().map(ToString::to_string).collect();
        let expected: Vec<_> = expected.iter().map(|line| format!("{line}; run `cargo xtask gen`")).collect();
        assert_eq!(shown, expected);

        for difference in &differences {
            tree.settle(checkout.path(), difference).unwrap();
        }
        assert_eq!(tree.differences(checkout.path()).unwrap(), [], "settled");
    }

    #[test]
    fn missing_stale_and_orphaned_files_are_found_and_settled() {
        let (a, b) = (("bins/a.rs", "a"), ("deep/er/b.yaml", "b"));
        check(&[a, b], &[]);
        check(&[a, b, ("bins/notes.md", ""), ("bins/by_hand.rs", ""), ("deep/c.yaml", "")], &[]);
        check(&[b], &["bins/a.rs is missing"]);
        check(&[a, ("deep/er/b.yaml", "old")], &["deep/er/b.yaml is not what the route table gives"]);
        check(&[a, b, ("bins/gone.rs", "")], &["bins/gone.rs belongs to no route"]);
        check(
            &[("bins/z.rs", "")],
            &["bins/a.rs is missing", "bins/z.rs belongs to no route", "deep/er/b.yaml is missing"],
        );
    }
}
