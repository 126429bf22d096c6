//! `infra/deploy/k8s.sh` on Knative against a stand-in for `kubectl`: which revision it goes back to, and when it does not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use tempfile::TempDir;
use testkit::services::checkout_root;

/// Notes every call, and answers questions about services and revisions from files of the world.
const STAND_IN: &str = r#"#!/usr/bin/env bash
call=$*
printf '%s\n' "$call" >>"$WORLD/calls"
case $call in
    *'wait ksvc'*) if [[ -e $WORLD/not-ready && ! -e $WORLD/asked ]]; then : >"$WORLD/asked"; exit 1; fi ;;
    kustomize*) cat "$WORLD/rendered" ;;
    *'get ksvc --output'*) cat "$WORLD/services" ;;
    *'get ksvc '*) name=${call#*get ksvc }; cat "$WORLD/serving-${name%% *}" ;;
    *'get revisions'*) name=${call#*serving.knative.dev/service=}; cat "$WORLD/revisions-${name%% *}" ;;
    apply*|*' apply '*) cat >/dev/null ;;
esac
"#;

const IMAGE: &str = "registry/restart-life-api@sha256:0123";

struct World(TempDir);

impl World {
    /// A cluster with the services `auth`, which has three revisions, and `game`, which has one.
    fn new() -> Self {
        let world = Self(TempDir::new().unwrap());
        for folder in ["bin", "infra/deploy", "k8s"] {
            fs::create_dir_all(world.0.path().join(folder)).unwrap();
        }
        fs::copy(checkout_root().unwrap().join("infra/deploy/k8s.sh"), world.0.path().join("infra/deploy/k8s.sh"))
            .unwrap();
        world.write("bin/kubectl", STAND_IN);
        fs::set_permissions(world.0.path().join("bin/kubectl"), Permissions::from_mode(0o755)).unwrap();
        world.write("calls", "");
        world.write("rendered", "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: auth\n");
        world.write("services", "auth game");
        world.write("serving-auth", "10 auth-2\n90 auth-3\n");
        world.write("revisions-auth", "auth-1 True\nauth-2 False\nauth-3 True\nauth-4 False\n");
        world.write("serving-game", "100 game-1\n");
        world.write("revisions-game", "game-1 True\n");
        world
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.path().join(path), text).unwrap();
    }

    /// Whether it ended well, the patches it made, and what it said.
    fn run(&self, arguments: &[&str]) -> (bool, Vec<String>, String) {
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.0.path().join("bin").display());
        let mut script = Command::new("bash");
        script.arg(self.0.path().join("infra/deploy/k8s.sh")).args(arguments);
        let output = script.env_clear().env("PATH", path).env("WORLD", self.0.path()).output().unwrap();
        let calls = fs::read_to_string(self.0.path().join("calls")).unwrap();
        let patches = calls.lines().filter_map(|call| call.split_once(" patch ksvc ")).map(|(_, rest)| rest.to_owned());
        (output.status.success(), patches.collect(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The patch that sends all of a service's traffic to a revision.
fn patch(service: &str, revision: &str) -> String {
    format!(
        r#"{service} --type merge --patch {{"spec":{{"traffic":[{{"revisionName":"{revision}","percent":100}}]}}}}"#
    )
}

#[test]
fn a_rollback_goes_to_what_was_ready_before_what_serves() {
    let world = World::new();
    world.write("services", "auth");
    let (is_well, patches, said) = world.run(&["rollback", "knative"]);
    assert!(is_well, "{said}");
    assert_eq!(patches, [patch("auth", "auth-1")], "auth-3 serves, auth-2 never did, auth-4 never will");
}

#[test]
fn what_has_nothing_to_go_back_to_stays_and_is_named() {
    let (is_well, patches, said) = World::new().run(&["rollback", "knative"]);
    assert!(!is_well && said.contains("game has no earlier revision"), "{said}");
    assert_eq!(patches, [patch("auth", "auth-1")], "the others go back");
}

#[test]
fn a_release_that_does_not_get_ready_goes_back_to_what_served_before_it() {
    let world = World::new();
    world.write("not-ready", "");
    let (is_well, mut patches, said) = world.run(&["deploy", "knative", IMAGE, IMAGE]);
    assert!(!is_well && said.contains("going back"), "{said}");
    patches.sort();
    assert_eq!(patches, [patch("auth", "auth-3"), patch("game", "game-1")]);

    // The first release of all has nothing to go back to.
    let world = World::new();
    world.write("not-ready", "");
    world.write("services", "");
    let (is_well, patches, _) = world.run(&["deploy", "knative", IMAGE, IMAGE]);
    assert_eq!((is_well, patches), (false, Vec::new()));
}

#[test]
fn a_release_that_gets_ready_pins_nothing() {
    let (is_well, patches, said) = World::new().run(&["deploy", "knative", IMAGE, IMAGE]);
    assert!(is_well, "{said}");
    assert_eq!(patches, [""; 0]);
}
