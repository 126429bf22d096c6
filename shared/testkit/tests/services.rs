//! The private servers survive what really happens to them: many starters at once, kills, lost and stale state files.
//!
//! Every test has a sandbox, so the servers the other tests share are never disturbed.
#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]
#![expect(clippy::disallowed_methods, reason = "a test that runs itself again tells itself so by the environment")]

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::process::{Process, Signal};
use testkit::services::{Profile, Sandbox, Services};

/// A file of a sandbox's profile.
fn file(sandbox: &Sandbox, profile: &str, name: &str) -> PathBuf {
    sandbox.services().local_dir().join(profile).join(name)
}

/// The process a state file names.
fn process(sandbox: &Sandbox, profile: &str, server: &str) -> Process {
    let state = fs::read(file(sandbox, profile, &format!("{server}.json"))).unwrap();
    let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
    serde_json::from_value(state["process"].clone()).unwrap()
}

/// Connects to the server a URL names.
fn connects(url: &str) -> bool {
    let address = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
    TcpStream::connect(address.split('/').next().unwrap()).is_ok()
}

/// The test calls itself: with this variable set it is one of the processes, not the test.
const CHILD: &str = "TESTKIT_SERVICES_ROOT";

#[test]
fn many_processes_at_once_get_one_server() {
    if let Some(root) = std::env::var_os(CHILD) {
        let services = Services::at(root).unwrap();
        let url = services.postgres(Profile::Test).unwrap().tcp_url;
        fs::write(
            std::env::var_os("TESTKIT_ANSWER").unwrap(),
            url + services.redis(Profile::Test).unwrap().url.as_str(),
        )
        .unwrap();
        return;
    }
    let sandbox = Sandbox::new().unwrap();
    let root = sandbox.services().local_dir().parent().unwrap().to_owned();
    let answers: Vec<_> = (0..6).map(|n| root.join(format!("answer-{n}"))).collect();
    let children: Vec<_> = answers
        .iter()
        .map(|answer| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "many_processes_at_once_get_one_server"])
                .env(CHILD, &root)
                .env("TESTKIT_ANSWER", answer)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let mut urls: Vec<_> = answers.iter().map(|answer| fs::read_to_string(answer).unwrap()).collect();
    urls.dedup();
    assert_eq!(urls.len(), 1, "every process was given the same servers");

    let postgres = process(&sandbox, "test", "postgres");
    let redis = process(&sandbox, "test", "redis");
    assert!(postgres.is_alive() && redis.is_alive(), "the servers outlive who started them");
    sandbox.services().stop(Profile::Test).unwrap();
    assert!(!postgres.is_alive() && !redis.is_alive());
    assert!(!file(&sandbox, "test", "postgres.json").exists());
}

#[test]
fn a_killed_or_forgotten_server_is_replaced_and_kept_data_are_kept() {
    let sandbox = Sandbox::new().unwrap();
    let start = || sandbox.services().postgres(Profile::Local).unwrap();
    assert!(connects(&start().tcp_url));
    let killed = process(&sandbox, "local", "postgres");
    let password = |url: &str| url.split_once('@').unwrap().0.to_owned();
    let first = password(&start().tcp_url);

    killed.signal(Signal::KILL).unwrap();
    assert!(killed.wait_gone(Duration::from_secs(5)));
    let again = start();
    assert!(connects(&again.tcp_url));
    assert_eq!(password(&again.tcp_url), first, "the same cluster, not a new one");

    // The state file is lost (`git clean -fdx .local` in a checkout owned by root): no second server on the data.
    let forgotten = process(&sandbox, "local", "postgres");
    fs::remove_file(file(&sandbox, "local", "postgres.json")).unwrap();
    assert!(connects(&start().tcp_url));
    assert!(!forgotten.is_alive());

    // Cut off in the middle of a write, and an id that now belongs to somebody else: this very test.
    sandbox.services().stop(Profile::Local).unwrap();
    fs::write(file(&sandbox, "local", "postgres.json"), b"{\"process\":{\"pi").unwrap();
    assert!(connects(&start().tcp_url));
    assert_eq!(password(&start().tcp_url), first);
}

#[test]
fn a_restarted_server_is_another_process_under_the_same_url() {
    let sandbox = Sandbox::new().unwrap();
    let services = sandbox.services();
    let before = (services.postgres(Profile::Drill).unwrap().tcp_url, services.redis(Profile::Drill).unwrap().url);
    let servers = || ["postgres", "redis"].map(|server| process(&sandbox, "drill", server));
    let first = servers();
    services.restart_postgres(Profile::Drill).unwrap();
    services.restart_redis(Profile::Drill).unwrap();
    assert!(servers().iter().zip(&first).all(|(now, then)| now.is_alive() && !then.is_alive()));
    let after = (services.postgres(Profile::Drill).unwrap().tcp_url, services.redis(Profile::Drill).unwrap().url);
    assert_eq!(after, before);
    assert!(connects(&after.0) && connects(&after.1));
}

#[test]
fn a_redis_cluster_is_shared_whole_and_replaced_when_a_master_dies() {
    let sandbox = Sandbox::new().unwrap();
    let start = || sandbox.services().redis_cluster(Profile::Test).unwrap();
    let first = start();
    assert_eq!(start().url, first.url);
    for master in &first.masters {
        let info = master.ask("CLUSTER INFO").unwrap();
        assert!(info.contains("cluster_slots_ok:16384") && info.contains("cluster_size:3"), "{info}");
        assert!(master.ask("NONSENSE").is_err());
    }

    let killed = first.masters[2].process.clone();
    killed.signal(Signal::KILL).unwrap();
    assert!(killed.wait_gone(Duration::from_secs(5)));
    let second = start();
    assert_ne!(second.url, first.url);
    assert!(first.masters.iter().all(|master| !master.process.is_alive()), "half a cluster is left running");

    sandbox.services().stop(Profile::Test).unwrap();
    assert!(second.masters.iter().all(|master| !master.process.is_alive()));
    assert!(!file(&sandbox, "test", "redis-cluster.json").exists());
}

#[test]
fn a_dynamodb_server_is_shared_replaced_when_killed_and_ended() {
    let sandbox = Sandbox::new().unwrap();
    let start = || sandbox.services().dynamodb(Profile::Test).unwrap();
    let first = start();
    assert_eq!(start(), first);
    let connects = |url: &str| TcpStream::connect(url.strip_prefix("http://").unwrap()).is_ok();
    assert!(connects(&first));

    let killed = process(&sandbox, "test", "dynamodb");
    killed.signal(Signal::KILL).unwrap();
    assert!(killed.wait_gone(Duration::from_secs(5)));
    assert!(connects(&start()));

    let second = process(&sandbox, "test", "dynamodb");
    sandbox.services().stop(Profile::Test).unwrap();
    assert!(!second.is_alive());
    assert!(!file(&sandbox, "test", "dynamodb.json").exists());
}

#[test]
fn a_state_file_that_names_a_stranger_harms_nobody() {
    let sandbox = Sandbox::new().unwrap();
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    let bystander = Process::find(sleeper.id()).unwrap();
    // Births are counted in ticks of 10 ms; no process gets the id of another within the same tick.
    std::thread::sleep(Duration::from_millis(50));
    let redis = sandbox.services().redis(Profile::Test).unwrap();
    assert!(connects(&redis.url));
    let real = process(&sandbox, "test", "redis");

    let path = file(&sandbox, "test", "redis.json");
    let mut state: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    state["process"]["pid"] = bystander.pid.into();
    fs::write(&path, state.to_string()).unwrap();
    let replaced = sandbox.services().redis(Profile::Test).unwrap();
    assert_ne!(replaced.url, redis.url, "a stranger's process is not our server");
    assert!(bystander.is_alive());

    real.stop(Signal::TERM, Duration::from_secs(5)).unwrap();
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn the_sandbox_of_a_killed_test_is_swept_away() {
    if std::env::var_os(CHILD).is_some() {
        let sandbox = Sandbox::new().unwrap();
        sandbox.services().redis(Profile::Test).unwrap();
        let answer = PathBuf::from(std::env::var_os("TESTKIT_ANSWER").unwrap());
        fs::write(&answer, serde_json::to_vec(&process(&sandbox, "test", "redis")).unwrap()).unwrap();
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    // The sandbox is made inside another one, so the sweep meets nobody else's.
    let outer = Sandbox::new().unwrap();
    let root = outer.services().local_dir().parent().unwrap().to_owned();
    fs::write(root.join("Cargo.lock"), "").unwrap();
    let answer = root.join("answer");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_sandbox_of_a_killed_test_is_swept_away"])
        .env(CHILD, "")
        .env("TESTKIT_ANSWER", &answer)
        .env("CARGO_MANIFEST_DIR", &root)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let redis: Process = loop {
        std::thread::sleep(Duration::from_millis(10));
        assert_eq!(child.try_wait().unwrap(), None);
        if let Some(redis) = fs::read(&answer).ok().and_then(|process| serde_json::from_slice(&process).ok()) {
            break redis;
        }
    };
    outer.services().stop_all().unwrap();
    assert!(redis.is_alive(), "its test still runs");
    child.kill().unwrap();
    child.wait().unwrap();
    outer.services().stop_all().unwrap();
    assert!(!redis.is_alive());
    assert_eq!(fs::read_dir(outer.services().local_dir().join("sandboxes")).unwrap().count(), 0);
}
