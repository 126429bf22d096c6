//! Finding a server's programs: what is installed, else the platform's package manager, else a clear error.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::install::{self, Manager};

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
    /// The formula in Homebrew; empty where it has none.
    pub(super) brew: &'static str,
    /// What to do by hand when nothing else helps.
    pub(super) advice: &'static str,
}

/// What neither was found nor could be installed: by which ways it was tried, and what to do by hand.
#[derive(Debug)]
pub(super) struct NotHere(pub(super) String);

impl fmt::Display for NotHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotHere {}

/// The `PATH` of this process.
pub(super) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// A program on a `PATH`.
pub(super) fn on_path(program: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|program| program.is_file())
}

impl Wanted {
    /// The first program of the set that was found, with its full path; installed if it is not there.
    ///
    /// # Errors
    /// [`NotHere`] when nothing helps.
    pub(super) fn obtain(&self) -> Result<PathBuf> {
        self.obtain_by(&search_path(), install::MANAGERS)
    }

    fn obtain_by(&self, path: &OsStr, managers: &[Manager]) -> Result<PathBuf> {
        if let Some(found) = self.look(path) {
            return Ok(found);
        }
        let mut tried = Vec::new();
        for manager in managers {
            match manager.install(self, path) {
                Ok(()) => {
                    if let Some(found) = self.look(path) {
                        return Ok(found);
                    }
                    tried
                        .push(format!("{}: installed, but its programs are not where they are expected", manager.name));
                }
                Err(error) => tried.push(format!("{}: {error:#}", manager.name)),
            }
        }
        let tried = tried.join("; ");
        let text = format!("{} was not found and could not be installed ({tried}). {}", self.name, self.advice);
        Err(NotHere(text).into())
    }

    fn look(&self, path: &OsStr) -> Option<PathBuf> {
        let folders = self.all_folders(path);
        self.programs.iter().find_map(|set| {
            let folder = folders.iter().find(|folder| set.iter().all(|program| folder.join(program).is_file()))?;
            Some(folder.join(set.first()?))
        })
    }

    fn all_folders(&self, path: &OsStr) -> Vec<PathBuf> {
        std::env::split_paths(path).chain(self.folders.iter().flat_map(|pattern| expand(pattern))).collect()
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

    const NOWHERE: Wanted = Wanted {
        name: "Nosuch",
        programs: &[&["no-such-program", "no-such-helper"]],
        folders: &["/no/such/*/folder"],
        apt: "no-such-package",
        brew: "no-such-formula",
        advice: "Install it by hand.",
    };

    /// A folder to be the whole PATH, with a script in it that is called `brew`.
    fn with_brew(script: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let brew = folder.path().join("brew");
        fs::write(&brew, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&brew, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn brew_is_told_what_to_install_and_then_it_is_found() {
        let folder = with_brew(
            "here=${0%/*}\necho \"$@\" >>\"$here/told\"\n: >\"$here/no-such-program\"\n: >\"$here/no-such-helper\"\n",
        );
        let path = folder.path().as_os_str();
        for _ in 0..2 {
            let found = NOWHERE.obtain_by(path, &[install::BREW]).unwrap();
            assert_eq!(found, folder.path().join("no-such-program"));
        }
        let told = fs::read_to_string(folder.path().join("told")).unwrap();
        assert_eq!(told, "install --quiet no-such-formula\n", "once; the second time it is there");
    }

    #[test]
    fn what_cannot_be_had_says_what_was_tried_and_what_to_do() {
        let refused = |path: &OsStr| {
            let error = NOWHERE.obtain_by(path, &[install::BREW]).unwrap_err();
            error.downcast::<NotHere>().expect("it is not here").0
        };
        let empty = tempfile::tempdir().unwrap();
        let text = refused(empty.path().as_os_str());
        assert_eq!(
            text,
            "Nosuch was not found and could not be installed (brew: not on this system). Install it by hand."
        );
        let text = refused(with_brew("exit 3\n").path().as_os_str());
        assert!(text.contains("brew: installing no-such-formula failed"), "{text}");
        let text = refused(with_brew("exit 0\n").path().as_os_str());
        assert!(text.contains("brew: installed, but its programs are not where they are expected"), "{text}");
    }

    #[test]
    fn the_platforms_own_manager_comes_first() {
        let names: Vec<_> = install::MANAGERS.iter().map(|manager| manager.name).collect();
        assert_eq!(names, ["apt-get", "brew"]);
    }
}
