//! Links from one of our documents to a file of ours, or to a heading in one, must lead somewhere. What is on the web is
//! the web's business.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Every dead link in the documents beside the manifest, in `docs/`, and in the READMEs of `infra/`.
pub(super) fn check(checkout: &Path) -> Result<Vec<String>> {
    let mut dead = Vec::new();
    for document in documents(checkout)? {
        let text = fs::read_to_string(&document).with_context(|| format!("cannot read {}", document.display()))?;
        let folder = document.parent().unwrap_or(checkout);
        for (line, target) in targets(&text) {
            if !leads_somewhere(&document, folder, target) {
                let document = document.strip_prefix(checkout).unwrap_or(&document);
                dead.push(format!("{}:{line}: {target} is not there", document.display()));
            }
        }
    }
    Ok(dead)
}

/// Whether a target, seen from a folder, is a file, and its part after `#` a heading where the file is Markdown.
pub(super) fn leads_somewhere(from: &Path, folder: &Path, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() { from.to_owned() } else { folder.join(file) };
    match anchor {
        Some(anchor) if path.extension().is_some_and(|extension| extension == "md") => {
            fs::read_to_string(path).is_ok_and(|text| anchors(&text).contains(anchor))
        }
        _ => path.exists(),
    }
}

/// What a Markdown text can be linked to by: its headings, as GitHub names them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut in_fence = false;
    for line in text.lines() {
        in_fence ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if in_fence || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title.trim().to_lowercase().replace(' ', "-");
        found.insert(kept.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect());
    }
    found
}

/// Every Markdown file beside the manifest, and under `docs/` and `infra/`, by name.
fn documents(checkout: &Path) -> Result<Vec<PathBuf>> {
    let mut found = markdown_in(checkout)?;
    let mut folders = vec![checkout.join("docs")];
    folders.extend([checkout.join("infra")].into_iter().filter(|folder| folder.is_dir()));
    while let Some(folder) = folders.pop() {
        found.extend(markdown_in(&folder)?);
        let entries = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        folders.extend(entries.iter().map(fs::DirEntry::path).filter(|path| path.is_dir()));
    }
    found.sort();
    Ok(found)
}

fn markdown_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect())
}

/// The files a text links to, with the line of each link; code is not searched.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence {
            continue;
        }
        // Every other part of a line lies between backticks.
        for prose in line.split('`').step_by(2) {
            let links = prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
            let files = links.map(|link| link.split(' ').next().unwrap_or_default());
            found.extend(files.filter(|file| is_ours(file)).map(|file| (number + 1, file)));
        }
    }
    found
}

/// Whether a link's target is a path, or a place in the same document: not another site, not an address.
fn is_ours(target: &str) -> bool {
    !target.is_empty() && !target.starts_with("//") && !target.contains(':')
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn links_to_files_are_found_and_nothing_else() {
        let rows: [(&str, &[&str]); 8] = [
            ("see [here](docs/a.md) and [there](../b.md#part)", &["docs/a.md", "../b.md#part"]),
            ("![picture](c.svg \"A title\")", &["c.svg"]),
            ("[`code`](d.md)", &["d.md"]),
            ("[web](https://example.org/x) [mail](mailto:a@example.org) [up](#top)", &["#top"]),
            ("`[not a link](e.md)`", &[]),
            ("```md\n[not a link](f.md)\n```\n[a link](g.md)", &["g.md"]),
            ("[broken](h.md", &[]),
            ("plain", &[]),
        ];
        for (text, expected) in rows {
            let found: Vec<_> = targets(text).into_iter().map(|(_, target)| target).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_dead_link_is_named_with_its_place() {
        let checkout = TempDir::new().unwrap();
        let write = |path: &str, text: &str| fs::write(checkout.path().join(path), text).unwrap();
        fs::create_dir_all(checkout.path().join("docs/adr")).unwrap();
        write("README.md", "[adr](docs/adr/0001.md)\n\n[gone](docs/gone.md)\n");
        write("NOTES.md", "[gone](gone.md)\n");
        write("notes.txt", "[not checked](gone.md)\n");
        let headings = "[back](../../README.md#tour-of-it)\n[gone](0002.md)\n## `Here` & there: 50 %\n[a](#here--there-50-)\n[b](#nowhere)\n";
        write("docs/adr/0001.md", headings);
        let expected = [
            "NOTES.md:1: gone.md is not there",
            "README.md:3: docs/gone.md is not there",
            "docs/adr/0001.md:1: ../../README.md#tour-of-it is not there",
            "docs/adr/0001.md:2: 0002.md is not there",
            "docs/adr/0001.md:5: #nowhere is not there",
        ];
        assert_eq!(check(checkout.path()).unwrap(), expected);
    }
}
