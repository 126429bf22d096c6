//! The questions of `infra/log-analysis`: each is there for Insights, Loki and jq, and jq answers it over the recorded log as
//! it should.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use testkit::services::jq;

const FOLDER: &str = "infra/log-analysis";
/// What a question is made of, in a folder of its name.
const PARTS: [&str; 4] = ["insights.txt", "logql.txt", "query.jq", "expected.jsonl"];
/// What the questions that are about somebody are asked.
const ASKED: [(&str, [&str; 3]); 2] = [
    ("user-last-hour", ["--arg", "user", "01a20651-0b3f-73e8-a21c-ed0f4fd2d037"]),
    ("request-trail", ["--arg", "request", "late-3"]),
];

/// Every part that is missing, every answer that is not the expected one, every question the README does not know.
pub(super) fn check(checkout: &Path) -> Result<Vec<String>> {
    let jq = jq()?;
    let folder = checkout.join(FOLDER);
    let readme = fs::read_to_string(folder.join("README.md")).context("the questions have no README")?;
    let mut found = Vec::new();
    for question in questions(&folder)? {
        let missing = PARTS.into_iter().filter(|part| !folder.join(&question).join(part).is_file());
        found.extend(missing.map(|part| format!("{question}: {part} is missing")));
        if !readme.contains(&format!("({question}/query.jq)")) {
            found.push(format!("{question}: the README does not name it"));
        }
        found.extend(answer_differs(&jq, checkout, &question)?);
    }
    Ok(found)
}

fn questions(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<_> = entries
        .iter()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// Asks as the README says.
fn answer_differs(jq: &Path, checkout: &Path, question: &str) -> Result<Option<String>> {
    let mut ask = Command::new(jq);
    ask.current_dir(checkout).args(["-cnR", "-L", FOLDER, "-f", &format!("{FOLDER}/{question}/query.jq")]);
    ask.args(ASKED.iter().filter(|(name, _)| *name == question).flat_map(|(_, arguments)| arguments));
    let output = ask.arg(format!("{FOLDER}/sample.jsonl")).stdin(Stdio::null()).output().context("cannot run jq")?;
    if !output.status.success() {
        return Ok(Some(format!("{question}: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    let answer = String::from_utf8_lossy(&output.stdout);
    let expected = fs::read_to_string(checkout.join(FOLDER).join(question).join("expected.jsonl")).unwrap_or_default();
    let lines = answer.lines().count().max(expected.lines().count());
    let differs = (0..lines).find(|line| answer.lines().nth(*line) != expected.lines().nth(*line));
    Ok(differs.map(|line| {
        let told = answer.lines().nth(line).unwrap_or("nothing");
        format!("{question}: line {} of the answer is not the expected one: {told}", line + 1)
    }))
}
