//! `testkit::lambda` against the real emulator: what a client sends reaches the function, what the function says
//! reaches the client, failures look as they do behind API Gateway, and nothing is left running.
#![expect(clippy::unwrap_used, reason = "a test's helper fails its test")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::lambda::{Deployment, LambdaApi, Route};

/// An API of echoing functions. The folder of links that gives the one sample every route's name lives as long.
struct Echo {
    api: LambdaApi,
    http: reqwest::Client,
    bins: TempDir,
}

impl Echo {
    async fn start(instances: usize) -> Self {
        let routes: Vec<Route> = serde_json::from_value(json!([
            route("life-get", "GET", "/lives/{id}", &["lambda", "container"]),
            route("life-create", "POST", "/lives", &["lambda"]),
            route("metrics", "GET", "/metrics", &["container"]),
            route("fallback", "ANY", "$default", &["lambda"]),
        ]))
        .unwrap();
        let bins = TempDir::new().unwrap();
        for route in &routes {
            std::os::unix::fs::symlink(sample(), bins.path().join(&route.id)).unwrap();
        }
        let env = BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]);
        let deployment = Deployment { routes, bins: bins.path().to_path_buf(), env, instances };
        Self { api: LambdaApi::start(deployment).await.unwrap(), http: reqwest::Client::new(), bins }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.api.url())
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    /// How many processes run the sample under this API's names.
    fn running(&self) -> usize {
        let ours = self.bins.path().to_string_lossy().into_owned();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|process| std::fs::read_to_string(process.path().join("cmdline")).ok());
        lines.filter(|line| line.contains(&ours)).count()
    }
}

fn route(id: &str, method: &str, path: &str, shells: &[&str]) -> Value {
    json!({
        "id": id, "method": method, "path": path, "domain": "life", "memory_mb": 256, "timeout_s": 2, "shells": shells
    })
}

/// The sample function. Cargo builds examples together with all tests, but not with some of them.
fn sample() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let profile = program.ancestors().nth(2).unwrap();
    let sample = profile.join("examples/echo");
    if !sample.exists() {
        let mut build = testkit::cargo::command();
        build.args(["build", "--quiet", "--package", "testkit", "--example", "echo", "--target-dir"]);
        assert!(build.arg(profile.parent().unwrap()).status().unwrap().success());
    }
    sample
}

#[tokio::test]
async fn requests_and_answers_pass_unchanged() {
    let echo = Echo::start(1).await;

    let answer = echo.get("/lives/a%20b?q=1&q=%E4%BA%BA&r").await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert!(answer.headers().get_all("set-cookie").iter().eq(["a=1", "b=2"]));
    assert_eq!(answer.headers()["x-many"], "one");
    let heard: Value = answer.json().await.unwrap();
    assert_eq!(heard["method"], "GET");
    assert_eq!(heard["path"], "/lives/a%20b");
    assert_eq!(heard["query"], json!(["1", "人"]));
    assert_eq!(heard["id"], "a b");
    assert_eq!(heard["greeting"], "hello", "the environment it was given");
    assert_eq!(heard["home"], Value::Null, "and nothing of ours");

    let create = echo.http.post(echo.url("/lives")).header("cookie", "c=3; d=4").json(&json!({"name": "人"}));
    let heard: Value = create.send().await.unwrap().json().await.unwrap();
    assert_eq!(heard["json"], json!({"name": "人"}));
    assert_eq!(heard["cookie"], "c=3; d=4");

    let binary = echo.http.get(echo.url("/lives/1")).header("accept", "application/octet-stream");
    assert_eq!(*binary.send().await.unwrap().bytes().await.unwrap(), [0, 159, 146, 150]);

    assert!(echo.api.errors().is_empty());
    let logs = echo.api.logs("life-create").unwrap();
    assert!(logs.contains("echo of ") && logs.contains("REPORT RequestId"), "{logs}");
}

#[tokio::test]
async fn what_no_function_takes_goes_to_the_fallback() {
    let echo = Echo::start(1).await;
    for path in ["/nothing", "/metrics", "/lives"] {
        assert_eq!(echo.get(path).await.status(), StatusCode::CREATED);
    }
    assert_eq!(echo.api.logs("fallback").unwrap().matches("START").count(), 3);
    assert_eq!(echo.api.logs("life-get").unwrap(), "", "not started before it is needed");
    assert!(echo.api.logs("metrics").is_err(), "not deployed");
}

#[tokio::test]
async fn failures_are_500_and_remembered_and_the_function_recovers() {
    let echo = Echo::start(1).await;
    for (word, kind) in [("fail", "alloc::boxed::Box"), ("exit", "Runtime.ExitError"), ("sleep", "TimedOut")] {
        let answer = echo.http.get(echo.url("/lives/1")).header("x-do", word).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({"message": "Internal Server Error"}));
        let error = echo.api.errors().pop().unwrap();
        assert!(error.route == "life-get" && error.kind.contains(kind), "{word}: {error:?}");
        assert_eq!(echo.get("/lives/1").await.status(), StatusCode::CREATED, "after {word}");
    }
    assert_eq!(echo.api.errors().len(), 3);
}

#[tokio::test]
async fn instances_run_at_once_and_all_end_with_the_api() {
    let echo = Echo::start(3).await;
    let slow = || echo.http.get(echo.url("/lives/1")).header("x-do", "sleep").send();
    let watch = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        echo.running()
    };
    let (_, _, _, running) = tokio::join!(slow(), slow(), slow(), watch);
    assert_eq!(running, 9, "three instances: guard, emulator and function each");

    let Echo { api, bins, http } = echo;
    let ours = Echo { api: LambdaApi::start(nothing()).await.unwrap(), bins, http };
    drop(api);
    assert_eq!(ours.running(), 0);
}

fn nothing() -> Deployment {
    Deployment { routes: Vec::new(), bins: PathBuf::new(), env: BTreeMap::new(), instances: 1 }
}
