//! `infra/deploy/aws.sh` against stand-ins for the programs it calls: what it calls, in which order, and where it stops.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use tempfile::TempDir;
use testkit::services::checkout_root;

/// Notes every call and answers as it was told: the first line of `answers` whose pattern the call matches gives exit code
/// and output. A line of `once` goes first, and is used up.
const STAND_IN: &str = r#"#!/usr/bin/env bash
call="$(basename "$0") $*"
printf '%s\n' "$call" >>"$WORLD/calls"
for answers in once answers; do
    while IFS='|' read -r pattern code output; do
        if [[ $call == $pattern ]]; then
            if [[ $answers == once ]]; then : >"$WORLD/once"; fi
            printf '%b' "$output"
            exit "$code"
        fi
    done <"$WORLD/$answers"
done
"#;

/// An account in which all goes well, and an earlier release is kept.
const WELL: &str = r"aws sts get-caller-identity*|0|123456789012\n
aws cloudformation describe-stacks*JobMigrateName*|0|migrator\n
aws cloudformation describe-stacks*ApiUrl*|0|https://api.example\n
aws lambda invoke*|0|None\n
curl */health|0|200
curl */ready|0|200
curl */api/v1/catalog/countries|0|200
curl */api/v1/auth/profile|0|401
curl */no/such/path|0|404
cargo run*keygen|0|AUTH_SIGNING_KEY=k1:private\nAUTH_VERIFYING_KEYS=k1:public\n
";

const NO_STACK: &str = "aws cloudformation describe-stacks*|254|Stack with id restart-life-staging does not exist\\n\n";

struct Run {
    ok: bool,
    calls: Vec<String>,
    said: String,
}

/// Runs the script where the account answers with `answers` before it answers well.
fn run(arguments: &[&str], answers: &str, once: &str) -> Run {
    let (world, checkout) = (TempDir::new().unwrap(), checkout_root().unwrap());
    let at = |path: &str| world.path().join(path);
    for folder in ["infra/deploy", "bin", "target/lambda/job-migrate"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    fs::copy(checkout.join("infra/deploy/aws.sh"), at("infra/deploy/aws.sh")).unwrap();
    fs::copy(checkout.join("samconfig.toml"), at("samconfig.toml")).unwrap();
    fs::write(at("target/lambda/job-migrate/bootstrap"), "a program").unwrap();
    fs::write(at("calls"), "").unwrap();
    fs::write(at("once"), once).unwrap();
    fs::write(at("answers"), format!("{answers}{WELL}")).unwrap();
    for program in ["aws", "sam", "cargo", "curl"] {
        fs::write(at("bin").join(program), STAND_IN).unwrap();
        fs::set_permissions(at("bin").join(program), Permissions::from_mode(0o755)).unwrap();
    }
    let mut script = Command::new("bash");
    script.args(["-c", r#"PATH="$WORLD/bin:$PATH" exec "$0" "$@""#]).arg(at("infra/deploy/aws.sh")).args(arguments);
    let output = script.env("WORLD", world.path()).env("TMPDIR", at("bin")).output().unwrap();
    assert_eq!(fs::read_dir(at("bin")).unwrap().count(), 4, "it leaves no file with a key behind");
    let calls = fs::read_to_string(at("calls")).unwrap();
    let said = [output.stdout, output.stderr].concat();
    Run {
        ok: output.status.success(),
        calls: calls.lines().map(str::to_owned).collect(),
        said: String::from_utf8(said).unwrap(),
    }
}

impl Run {
    /// Whether there were calls that contain these words, in this order.
    fn in_order(&self, words: &[&str]) {
        let mut calls = self.calls.iter();
        for word in words {
            assert!(calls.any(|call| call.contains(word)), "`{word}` is not next in {:#?}\n{}", self.calls, self.said);
        }
    }

    fn never(&self, word: &str) {
        assert!(self.calls.iter().all(|call| !call.contains(word)), "`{word}` in {:#?}\n{}", self.calls, self.said);
    }
}

#[test]
fn a_release_migrates_first_and_is_kept_last() {
    let run = run(&["deploy", "staging"], "", "");
    assert!(run.ok, "{}", run.said);
    run.in_order(&[
        "cargo lambda build --release --arm64",
        "sam package",
        "aws lambda update-function-code --function-name migrator",
        "aws lambda wait function-updated-v2 --function-name migrator",
        "aws lambda invoke --function-name migrator",
        "sam deploy --config-env staging",
        "curl",
        "/ready",
        "/no/such/path",
        "staging/current.yaml s3://restart-life-staging-123456789012/staging/previous.yaml",
        "candidate.yaml s3://restart-life-staging-123456789012/staging/current.yaml",
    ]);
    let deploy = run.calls.iter().find(|call| call.starts_with("sam deploy")).unwrap();
    assert!(deploy.contains("AppEnv=staging") && !deploy.contains("AllAtOnce"), "{deploy}");
}

#[test]
fn nothing_follows_what_has_failed() {
    let rows = [
        ("aws sts*|1|\n", "cargo"),
        ("aws cloudformation*|254|AccessDenied\n", "cargo"),
        ("cargo lambda*|1|\n", "sam"),
        ("sam package*|1|\n", "update-function-code"),
        ("aws lambda update-function-code*|1|\n", "invoke"),
        ("aws lambda wait*|255|\n", "invoke"),
        ("aws lambda invoke*|1|\n", "sam deploy"),
        ("aws lambda invoke*|0|Unhandled\n", "sam deploy"),
        ("sam deploy*|1|\n", "curl"),
    ];
    for (answer, next) in rows {
        let run = run(&["deploy", "staging"], answer, "");
        assert!(!run.ok, "{answer}: {}", run.said);
        run.never(next);
        run.never("current.yaml");
    }
}

#[test]
fn what_does_not_answer_gives_way_to_what_was_there() {
    for answer in ["curl */ready|0|503\n", "curl */no/such/path|0|200\n", "curl */health|7|000\n"] {
        let run = run(&["deploy", "staging"], answer, "");
        assert!(!run.ok, "{answer}");
        run.in_order(&[
            "sam deploy",
            "curl",
            "s3://restart-life-staging-123456789012/staging/current.yaml .local",
            "sam deploy",
        ]);
        let last = run.calls.last().unwrap();
        assert!(last.contains("staging/current.yaml") && last.contains("DeploymentType=AllAtOnce"), "{last}");
    }
    let nothing = run(&["deploy", "staging"], "curl */ready|0|503\naws s3api head-object*|254|\n", "");
    assert!(!nothing.ok);
    assert_eq!(nothing.calls.iter().filter(|call| call.starts_with("sam deploy")).count(), 1);
}

#[test]
fn the_first_release_migrates_when_its_stack_is_there() {
    let run = run(&["deploy", "staging"], "", NO_STACK);
    assert!(run.ok, "{}", run.said);
    run.never("update-function-code");
    run.in_order(&["cargo lambda", "sam deploy", "aws lambda invoke --function-name migrator", "curl"]);
}

#[test]
fn a_key_is_made_once_and_stands_in_no_argument() {
    let made = run(&["setup", "dev"], "aws secretsmanager describe-secret*|254|\naws s3api head-bucket*|254|\n", "");
    assert!(made.ok, "{}", made.said);
    made.in_order(&["s3 mb s3://restart-life-dev-1", "public-access-block", "ssm put-parameter", "create-secret"]);
    made.in_order(&["--value k1:public"]);
    made.never("private");
    assert!(!made.said.contains("private"));
    let failed = "aws secretsmanager describe-secret*|254|\naws secretsmanager create-secret*|1|\n";
    assert!(!run(&["setup", "dev"], failed, "").ok);
    let again = run(&["setup", "dev"], "", "");
    assert!(again.ok);
    again.never("keygen");
    again.never("put-parameter");
    again.never("s3 mb");
}

#[test]
fn going_back_is_at_once_and_is_tried() {
    let run = run(&["rollback", "production"], "", "");
    assert!(run.ok, "{}", run.said);
    run.in_order(&["previous.yaml .local", "DeploymentType=AllAtOnce", "curl", "production/current.yaml"]);
    run.never("cargo");
    run.never("lambda invoke");
}

#[test]
fn what_it_does_not_know_it_does_not_do() {
    for arguments in [&["deploy"][..], &["deploy", "moon"], &["destroy", "dev"], &[]] {
        let run = run(arguments, "", "");
        assert!(!run.ok, "{arguments:?}");
        run.never("cargo");
        run.never("sam");
    }
}
