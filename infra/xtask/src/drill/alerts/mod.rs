//! The alerts drill: one thing after the other is broken beside a real Prometheus and a real Alertmanager with our rules and
//! routes, thirty times faster than in earnest. Of each it is shown that the right alert reaches the right people within
//! its time and nobody else's does, that it ends when the thing is mended and they hear of that, too, and that the log and
//! a panel of a dashboard name the cause. In the end every panel of every dashboard must have something to show of all this.

mod crowd;
mod faults;
mod hurry;
mod panels;
mod stage;
mod watch;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testkit::services::{Services, checkout_root};

use self::faults::{FAULTS, Fault, LINGERS, MACHINE, OVER_WITHIN, WEATHER};
use self::stage::Stage;
use self::watch::State;
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

/// How long the gateway is looked at before the first fault: a full window of the rules.
const HEALTHY: Duration = Duration::from_secs(5 * 60 / hurry::FASTER);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// Longest wait for a panel and the log to show what an alert has told already.
const SHOWN_WITHIN: Duration = Duration::from_secs(20);

/// Runs the drill.
pub(crate) fn run() -> Result<()> {
    super::until_interrupted(async |services, interrupt| drill(services, interrupt).await)
}

async fn drill(services: &Services, interrupt: &Interrupt) -> Result<()> {
    let checkout = checkout_root()?;
    let stage = Stage::set(services, interrupt, &checkout).await?;
    let started = Instant::now();
    tokio::time::sleep(HEALTHY).await;
    let mut weather = BTreeSet::new();
    let firing = stage.watch.firing().await?;
    let stranger = firing.iter().find(|labels| !may(name(labels), &[], &mut weather));
    ensure!(stranger.is_none(), "nothing was broken yet, and it fires: {firing:?}");
    let mut figures = Vec::new();
    for fault in &FAULTS {
        let (fired, over) = suffer(&stage, fault, &mut weather).await.with_context(|| fault.name)?;
        say(format_args!(
            "{DIM}{}: {} told the {} after {fired:.1} s, its end {over:.1} s after it was mended{DIM:#}",
            fault.name, fault.alert, fault.told
        ));
        figures.push(format!("{}_fired_s={fired:.1} {}_over_s={over:.1}", fault.name, fault.name));
    }
    let shown = panels::look(&stage.checkout, &stage.watch).await?;
    let requests = stage.clear(interrupt).await?;
    say(format_args!(
        "faults={} faster={} {} queries_shown={shown} requests={requests} machine_was_slow={} seconds={:.0}",
        FAULTS.len(),
        hurry::FASTER,
        figures.join(" "),
        weather.len(),
        started.elapsed().as_secs_f32()
    ));
    ensure!(requests >= 1_000, "the drill did less than it should have");
    Ok(())
}

fn name(labels: &Value) -> &str {
    labels["alertname"].as_str().unwrap_or_default()
}

/// Whether an alert may be there while these are expected. What is the machine's is noted.
fn may(name: &str, expected: &[&str], weather: &mut BTreeSet<String>) -> bool {
    if expected.contains(&name) || LINGERS.iter().any(|(lingers, _)| *lingers == name) {
        return true;
    }
    let is_weather = WEATHER.contains(&name);
    if is_weather {
        weather.insert(name.to_owned());
    }
    is_weather
}

/// In the drill's time, with what a busy machine adds.
fn hurried(in_earnest: Duration) -> Result<Duration> {
    Ok(in_earnest / u32::try_from(hurry::FASTER)? + MACHINE)
}

/// Breaks one thing, waits for its alert, looks for the cause, mends it, and waits for the alert's end. Seconds of both
/// waits.
async fn suffer(stage: &Stage, fault: &Fault, weather: &mut BTreeSet<String>) -> Result<(f32, f32)> {
    let expected: Vec<&str> = [fault.alert].into_iter().chain(fault.also.iter().copied()).collect();
    stage.watch.forget();
    stage.breaks(fault.what).await?;
    let broken = Instant::now();
    let deadline = broken + hurried(Duration::from_secs(60) * fault.within_min)?;
    loop {
        let firing = stage.watch.firing().await?;
        let stranger = firing.iter().find(|labels| !may(name(labels), &expected, weather));
        ensure!(stranger.is_none(), "{} is not what was broken", stranger.unwrap_or(&Value::Null));
        let is_it = |labels: &&Value| {
            name(labels) == fault.alert && fault.label.is_none_or(|(label, value)| labels[label] == value)
        };
        if firing.iter().any(|labels| is_it(&labels)) && stage.watch.was_told(fault.told, fault.alert, State::Firing) {
            break;
        }
        ensure!(Instant::now() < deadline, "{} did not reach the {}; firing: {firing:?}", fault.alert, fault.told);
        tokio::time::sleep(LOOK).await;
    }
    let fired = broken.elapsed();
    cause(stage, fault).await?;
    stage.mend(fault.what).await?;
    let mended = Instant::now();
    let deadline = mended + hurried(OVER_WITHIN)?;
    loop {
        let firing = stage.watch.firing().await?;
        // What is the machine's is not waited for, unless it is what was broken.
        let goes_on = firing.iter().find(|labels| expected.contains(&name(labels)) || !may(name(labels), &[], weather));
        if goes_on.is_none() && stage.watch.was_told(fault.told, fault.alert, State::Resolved) {
            break;
        }
        ensure!(Instant::now() < deadline, "it was mended, and its end is not told; firing: {firing:?}");
        tokio::time::sleep(LOOK).await;
    }
    for (who, alert) in stage.watch.heard() {
        ensure!(may(&alert, &expected, weather), "the {who} heard of {alert}, which is not what was broken");
    }
    Ok((fired.as_secs_f32(), mended.elapsed().as_secs_f32()))
}

/// What whoever is told looks at next: the panel and the log must say what is broken.
async fn cause(stage: &Stage, fault: &Fault) -> Result<()> {
    let deadline = Instant::now() + SHOWN_WITHIN;
    loop {
        let mut missing = Vec::new();
        let (dashboard, title, shows) = fault.panel;
        if !panels::shows(&stage.checkout, &stage.watch, (dashboard, title), shows).await? {
            missing.push(format!("{dashboard}: {title} does not show {shows:?}"));
        }
        let (question, words) = fault.question;
        let answer = stage.ask(question).await?;
        if !words.iter().all(|word| answer.contains(word)) {
            missing.push(format!("{question} does not name {words:?}: {answer}"));
        }
        if missing.is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{}", missing.join("; "));
        tokio::time::sleep(LOOK).await;
    }
}
