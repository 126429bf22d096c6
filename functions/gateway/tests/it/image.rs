//! The container's image without a registry: what the Dockerfile's last stage puts into it, as a root of its own.
//!
//! The image is made by its own Dockerfile here: its COPY lines, user, entry point and health check are read from it. The
//! program is the one under test in place of the static release, so its shared libraries come with it. Needs root, as a
//! container does, and Linux; as somebody else it uses a user namespace, where there is one user only.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use testkit::{
    process::{Process, Signal},
    services::{self, Profile, checkout_root},
};

use crate::server::settings;

/// The last stage of the Dockerfile: each instruction with its arguments.
fn last_stage() -> Vec<(String, String)> {
    let file = checkout_root().expect("the checkout").join("infra/docker/Dockerfile");
    let text = fs::read_to_string(file).expect("the Dockerfile");
    let stage = &text[text.rfind("\nFROM ").expect("a stage")..];
    let lines =
        stage.lines().filter_map(|line| line.split_once(' ')).filter(|(word, _)| word.chars().all(char::is_uppercase));
    lines.map(|(word, rest)| (word.to_owned(), rest.to_owned())).collect()
}

fn all<'a>(stage: &'a [(String, String)], instruction: &str) -> Vec<&'a str> {
    stage.iter().filter(|(word, _)| word == instruction).map(|(_, rest)| rest.as_str()).collect()
}

fn json(words: &str) -> Vec<String> {
    serde_json::from_str(words).unwrap_or_else(|_| panic!("{words} is not in exec form"))
}

/// The image's root, and nothing in it that the stage does not copy but shared libraries.
fn assemble(root: &Path, stage: &[(String, String)]) {
    assert_eq!(all(stage, "FROM"), ["scratch AS gateway"]);
    for copy in all(stage, "COPY") {
        let paths: Vec<_> = copy.split(' ').filter(|word| !word.starts_with("--")).collect();
        assert_eq!(paths[0], "/out/gateway", "the image copies what this test does not know");
        let to = root.join(paths[1].trim_start_matches('/'));
        fs::copy(env!("CARGO_BIN_EXE_gateway"), &to).expect("copied");
    }
    let linked = Command::new("ldd").arg(env!("CARGO_BIN_EXE_gateway")).output().expect("ldd");
    for library in String::from_utf8_lossy(&linked.stdout).split_whitespace().filter(|word| word.starts_with('/')) {
        let to = root.join(library.trim_start_matches('/'));
        fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        fs::copy(library, to).expect("copied");
    }
}

/// A command in that root, which nobody can write to, as the image's user and without capabilities.
fn inside(root: &Path, stage: &[(String, String)], words: &[String], environment: &[(&str, String)]) -> Command {
    let is_root = is_root_here();
    let user = if is_root { all(stage, "USER")[0] } else { "0:0" };
    let mut command = Command::new("unshare");
    command.arg("--mount").args(if is_root { None } else { Some("--map-root-user") });
    command.args([
        "sh",
        "-ec",
        r#"
        mount --bind "$1" "$1"
        mount -o remount,bind,ro "$1"
        root=$1 user=$2
        shift 2
        exec chroot --userspec="$user" "$root" "$@""#,
        "sh",
    ]);
    command.arg(root).arg(user).args(words).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn is_root_here() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout == b"0\n"
}

/// Killed when dropped.
struct Container(Child);

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_image_serves_from_a_root_that_it_cannot_write_to() {
    let stage = last_stage();
    let folder = tempfile();
    assemble(&folder, &stage);

    // A container reaches PostgreSQL over TCP.
    let mut environment = settings().await;
    let server =
        tokio::task::spawn_blocking(|| services::postgres(Profile::Test)).await.expect("no panic").expect("PostgreSQL");
    for (name, value) in &mut environment {
        if *name == "DATABASE_URL" {
            let database = value.split('?').next().and_then(|url| url.rsplit('/').next()).expect("a name");
            let (base, _) = server.tcp_url.rsplit_once('/').expect("a URL");
            *value = format!("{base}/{database}");
        }
    }
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    environment.push(("PORT", port.to_string()));
    environment.push(("METRICS_PORT", "0".to_owned()));

    let words = [json(all(&stage, "ENTRYPOINT")[0]), json(all(&stage, "CMD")[0])].concat();
    let mut start = inside(&folder, &stage, &words, &environment);
    let mut container = Container(start.stdout(Stdio::null()).spawn().expect("it starts"));
    let url = format!("http://127.0.0.1:{port}/ready");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !reqwest::get(&url).await.is_ok_and(|answer| answer.status() == 200) {
        assert!(container.0.try_wait().expect("its state").is_none(), "it ended");
        assert!(Instant::now() < deadline, "it is not ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // `--interval=… CMD […]`: the program asks itself, inside the same root.
    let check = all(&stage, "HEALTHCHECK")[0];
    let check = json(&check[check.find('[').expect("exec form")..]);
    assert!(inside(&folder, &stage, &check, &environment).status().expect("it runs").success(), "it is not healthy");
    let status = fs::read_to_string(format!("/proc/{}/status", container.0.id())).expect("its status");
    if is_root_here() {
        assert!(status.contains("Uid:\t65532\t65532\t65532\t65532"), "{status}");
        assert!(status.contains("CapEff:\t0000000000000000"), "{status}");
    }

    Process::find(container.0.id()).expect("it runs").signal(Signal::TERM).expect("a signal");
    assert!(container.0.wait().expect("its end").success(), "it does not stop as it is asked to");
    let dead = inside(&folder, &stage, &check, &environment).status().expect("it runs");
    assert!(!dead.success(), "the check finds nobody healthy");
    fs::remove_dir_all(&folder).expect("removed");
}

/// A folder that another user can enter.
fn tempfile() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("restart-life-image-{}", uuid::Uuid::new_v4()));
    fs::create_dir(&folder).expect("a folder");
    Command::new("chmod").arg("755").arg(&folder).status().expect("chmod");
    folder
}
