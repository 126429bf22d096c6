//! PostgreSQL and Redis in containers: the last resort, for a machine that has neither them nor a package manager we know,
//! but has Docker with its `compose` plugin.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use super::dirs::Dirs;
use super::find::{NotHere, on_path};
use super::{Profile, random_password};
use crate::record;

/// Both services, as close as a container comes to what `postgres.rs` and `redis.rs` start. The images are those of
/// `infra/compose.yaml`; the ports are any that are free, on this machine only.
const FILE: &str = include_str!("compose.yaml");

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Postgres,
    Redis,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }

    fn port(self) -> &'static str {
        match self {
            Self::Postgres => "5432",
            Self::Redis => "6379",
        }
    }

    fn url(self, address: &str, password: &str) -> String {
        match self {
            Self::Postgres => format!("postgres://postgres:{password}@{address}/restart_life"),
            Self::Redis => format!("redis://:{password}@{address}/0"),
        }
    }
}

/// Docker, with its `compose` plugin.
pub(super) struct Docker {
    program: PathBuf,
}

impl Docker {
    /// The one on a PATH, if its daemon answers and the plugin is there.
    pub(super) fn find(path: &OsStr) -> Option<Self> {
        let docker = Self { program: on_path("docker", path)? };
        let answers = |arguments: &[&str]| {
            let asked = Command::new(&docker.program).args(arguments).stdin(Stdio::null()).output();
            asked.is_ok_and(|output| output.status.success())
        };
        (answers(&["compose", "version"]) && answers(&["info"])).then_some(docker)
    }

    /// The URL of a service of a profile, running; `missing` says why it is not run without a container.
    pub(super) fn start(&self, dirs: &Dirs, profile: Profile, service: Service, missing: &NotHere) -> Result<String> {
        let file = file(dirs);
        std::fs::create_dir_all(&dirs.state)?;
        std::fs::write(&file, FILE)?;
        // A volume that outlives its container keeps the password that it was made with.
        let password_file = dirs.state.join("compose-password");
        if !password_file.exists() {
            record::write_private(&password_file, random_password()?.as_bytes())?;
        }
        let password = std::fs::read_to_string(&password_file)?;
        let compose = |arguments: &[&str]| -> Result<String> {
            let mut command = self.command(dirs, arguments);
            command.env("PASSWORD", &password).env("SYNC", if profile.is_durable() { "on" } else { "off" });
            let output = command.output().context("cannot run docker")?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{missing}; docker compose: {}", said.trim());
            Ok(String::from_utf8(output.stdout)?)
        };
        compose(&["up", "--detach", "--wait", service.name()])?;
        let address = compose(&["port", service.name(), service.port()])?;
        Ok(service.url(address.trim(), &password))
    }

    fn command(&self, dirs: &Dirs, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["compose", "--project-name", &project(dirs), "--file"]).arg(file(dirs)).args(arguments);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

/// Stops the containers of a profile, if it has any; their data go too, unless they are to be kept.
pub(super) fn stop(dirs: &Dirs, profile: Profile, path: &OsStr) -> Result<()> {
    if !file(dirs).exists() {
        return Ok(());
    }
    let docker = Docker { program: on_path("docker", path).context("docker, which runs our services, is gone")? };
    let rest: &[&str] = if profile.keeps_data() { &["down"] } else { &["down", "--volumes"] };
    // What the file asks for, `down` must be told as well.
    let output = docker.command(dirs, rest).env("PASSWORD", "none").env("SYNC", "on").output()?;
    ensure!(output.status.success(), "docker compose down: {}", String::from_utf8_lossy(&output.stderr).trim());
    record::remove(&file(dirs))
}

fn file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("compose.yaml")
}

/// A name that no other checkout and no other profile has.
fn project(dirs: &Dirs) -> String {
    let hash = Sha256::digest(dirs.state.to_string_lossy().as_bytes());
    format!("restart-life-{}", &hex::encode(hash)[..12])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::services::checkout_root;

    /// A `docker` that writes down what it is told and says where things listen.
    const DOCKER: &str = "#!/bin/sh\necho \"$@ password=${PASSWORD:+given} sync=$SYNC\" >>\"$(dirname \"$0\")/told\"\n\
                          case \"$*\" in *'port postgres 5432') echo 127.0.0.1:54321 ;; *'port redis 6379') echo 127.0.0.1:63791 ;; esac\n";

    fn stage(script: &str) -> (tempfile::TempDir, Dirs) {
        let root = tempfile::tempdir().unwrap();
        let docker = root.path().join("docker");
        std::fs::write(&docker, script).unwrap();
        std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).unwrap();
        let dirs = Dirs::new(root.path(), "local");
        (root, dirs)
    }

    fn missing() -> NotHere {
        NotHere("PostgreSQL was not found".to_owned())
    }

    #[test]
    fn both_services_are_started_found_and_stopped() {
        let (root, dirs) = stage(DOCKER);
        let path = root.path().as_os_str();
        let docker = Docker::find(path).expect("docker");
        let postgres = docker.start(&dirs, Profile::Local, Service::Postgres, &missing()).unwrap();
        let redis = docker.start(&dirs, Profile::Local, Service::Redis, &missing()).unwrap();
        let password = std::fs::read_to_string(dirs.state.join("compose-password")).unwrap();
        assert_eq!(postgres, format!("postgres://postgres:{password}@127.0.0.1:54321/restart_life"));
        assert_eq!(redis, format!("redis://:{password}@127.0.0.1:63791/0"));
        assert!(file(&dirs).exists());
        stop(&dirs, Profile::Local, path).unwrap();
        assert!(!file(&dirs).exists());
        let told = std::fs::read_to_string(root.path().join("told")).unwrap();
        let compose = format!("compose --project-name {} --file {}", project(&dirs), file(&dirs).display());
        let expected = [
            "compose version password= sync=".to_owned(),
            "info password= sync=".to_owned(),
            format!("{compose} up --detach --wait postgres password=given sync=on"),
            format!("{compose} port postgres 5432 password=given sync=on"),
            format!("{compose} up --detach --wait redis password=given sync=on"),
            format!("{compose} port redis 6379 password=given sync=on"),
            format!("{compose} down password=given sync=on"),
        ];
        assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn data_of_tests_go_with_their_containers() {
        let (root, dirs) = stage(DOCKER);
        let docker = Docker::find(root.path().as_os_str()).expect("docker");
        docker.start(&dirs, Profile::Test, Service::Postgres, &missing()).unwrap();
        stop(&dirs, Profile::Test, root.path().as_os_str()).unwrap();
        let told = std::fs::read_to_string(root.path().join("told")).unwrap();
        assert!(told.contains("up --detach --wait postgres password=given sync=off"), "{told}");
        assert!(told.contains(" down --volumes "), "{told}");
    }

    #[test]
    fn docker_that_cannot_help_is_not_asked_again_and_one_that_fails_says_why() {
        let (root, _) = stage("#!/bin/sh\nexit 1\n");
        assert!(Docker::find(root.path().as_os_str()).is_none());
        let (root, dirs) = stage("#!/bin/sh\ncase \"$*\" in *up*) echo 'no such image' >&2; exit 1 ;; esac\n");
        let docker = Docker::find(root.path().as_os_str()).expect("docker");
        let error = docker.start(&dirs, Profile::Local, Service::Postgres, &missing()).unwrap_err().to_string();
        assert!(error.contains("PostgreSQL was not found") && error.contains("no such image"), "{error}");
    }

    #[test]
    fn the_images_are_those_of_the_deployment() {
        let deployed = std::fs::read_to_string(checkout_root().unwrap().join("infra/compose.yaml")).unwrap();
        let images: Vec<_> = FILE.lines().filter_map(|line| line.trim().strip_prefix("image: ")).collect();
        assert_eq!(images.len(), 2);
        for image in images {
            assert!(deployed.contains(&format!("image: {image}\n")), "{image} is not in infra/compose.yaml");
        }
    }
}
