//! Finding a server's programs: what is installed, else the platform's package manager, else a clear error.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::install;

/// A server we need, and how each platform calls it.
#[derive(Debug)]
pub(super) struct Wanted {
    /// What a person calls it.
    pub(super) name: &'static str,
    /// Programs that must lie together in one folder; of several sets the first that is found wins.
    pub(super) programs: &'static [&'static [&'static str]],
    /// Folders to look in besides `PATH`; one `*` in a path stands for any name, the highest number first.
    pub(super) folders: &'static [&'static str],
    /// The package in Debian's and Ubuntu's archives.
    pub(super) apt: &'static str,
    /// What to do by hand when nothing else helps.
    pub(super) advice: &'static str,
}

impl Wanted {
    /// The first program of the set that was found, with its full path; installed if it is not there.
    pub(super) fn obtain(&self) -> Result<PathBuf> {
        if let Some(found) = self.look() {
            return Ok(found);
        }
        let mut tried = Vec::new();
        for manager in install::MANAGERS {
            match manager.install(self) {
                Ok(()) => {
                    if let Some(found) = self.look() {
                        return Ok(found);
                    }
                    tried
                        .push(format!("{}: installed, but its programs are not where they are expected", manager.name));
                }
                Err(error) => tried.push(format!("{}: {error:#}", manager.name)),
            }
        }
        bail!("{} was not found and could not be installed ({}). {}", self.name, tried.join("; "), self.advice)
    }

    fn look(&self) -> Option<PathBuf> {
        let folders = self.all_folders();
        self.programs.iter().find_map(|set| {
            let folder = folders.iter().find(|folder| set.iter().all(|program| folder.join(program).is_file()))?;
            Some(folder.join(set.first()?))
        })
    }

    fn all_folders(&self) -> Vec<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).chain(self.folders.iter().flat_map(|pattern| expand(pattern))).collect()
    }
}

/// The folders a pattern with at most one `*` stands for, the highest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((parent, rest)) = pattern.split_once("/*/") else {
        return vec![PathBuf::from(pattern)];
    };
    let entries = fs::read_dir(Path::new(parent)).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        entries.map(|entry| (version(&entry.file_name().to_string_lossy()), entry.path())).collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path.join(rest)).collect()
}

/// The first number in a folder's name: 15 in `15` and in `postgresql@15`.
fn version(name: &str) -> u32 {
    let digits: String = name.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_versions_the_highest_comes_first() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "16"] {
            fs::create_dir_all(root.path().join(version).join("bin")).unwrap();
        }
        let pattern = format!("{}/*/bin", root.path().display());
        let names: Vec<_> = expand(&pattern).iter().map(|p| p.strip_prefix(root.path()).unwrap().to_owned()).collect();
        assert_eq!(names, ["16/bin", "15/bin", "9/bin"].map(PathBuf::from));
    }

    #[test]
    fn what_cannot_be_had_says_what_to_do() {
        const NOWHERE: Wanted = Wanted {
            name: "Nosuch",
            programs: &[&["no-such-program"]],
            folders: &["/no/such/*/folder"],
            apt: "",
            advice: "Install it by hand.",
        };
        assert_eq!(NOWHERE.look(), None);
    }
}
