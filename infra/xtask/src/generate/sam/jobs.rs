//! The jobs: a function each, started by the clock or by a queue's messages, and watched.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};

use super::super::gateway::Job;
use super::super::routes::{Secret, SessionAccess, pascal_case};
use super::{GRACE_S, cron, description, fill, policy, sessions_statement};

/// Longest a function may run at all, s.
const LONGEST_S: u32 = 900;

/// How many times a queue's messages outlive their function, as AWS advises.
const VISIBILITY: u32 = 6;

/// Jobs that end sessions: the job table does not say.
const ENDS_SESSIONS: [&str; 1] = ["finish-account-deletions"];

/// The setting that some jobs need, and the condition of the template that it is set.
const WEBHOOK: (&str, &str) = ("OUTBOX_WEBHOOK_URL", "HasWebhook");

/// The jobs' template.
pub(super) fn template(jobs: &[Job]) -> Result<String> {
    for id in ENDS_SESSIONS {
        ensure!(jobs.iter().any(|job| job.id == id), "no job is called {id}, which may end sessions");
    }
    let functions: Result<Vec<_>> =
        jobs.iter().map(|job| function(job, jobs).with_context(|| format!("the job {}", job.id))).collect();
    let secrets = secrets(jobs);
    let parameters: String = secrets.iter().map(|secret| secret.parameters()).collect();
    let conditions: String = secrets.iter().map(|secret| secret.conditions()).collect();
    Ok(fill(
        include_str!("jobs.yaml"),
        &[
            ("shared\n", include_str!("parameters.yaml")),
            ("parameters\n", &parameters),
            ("conditions\n", &conditions),
            // Each function by itself: some are outside it.
            ("globals\n", &fill(include_str!("globals.yaml"), &[("network\n", "")])),
            ("jobs\n", &functions?.join("\n")),
        ],
    ))
}

/// Their place in the root template.
pub(super) fn application(jobs: &[Job]) -> String {
    let parameters: String = secrets(jobs).iter().map(|secret| secret.passed_on()).collect();
    fill(
        include_str!("jobs_application.yaml"),
        &[("shared\n", include_str!("passed_on.yaml")), ("parameters\n", &parameters)],
    )
}

/// What any job is given, each once.
fn secrets(jobs: &[Job]) -> BTreeSet<Secret> {
    jobs.iter().flat_map(given).copied().collect()
}

/// What a job is given: here there are queues, so who fills one leaves the work, and what it takes, to who empties it.
fn given(job: &Job) -> &[Secret] {
    if job.fills.is_some() { &[] } else { &job.secrets }
}

/// A job's function, what starts it, and what watches it.
fn function(job: &Job, jobs: &[Job]) -> Result<String> {
    ensure!(job.timeout_s <= LONGEST_S, "Lambda ends every function after {LONGEST_S} s, it wants {}", job.timeout_s);
    let timeout_s = (job.timeout_s + GRACE_S).min(LONGEST_S);
    let mut statements = String::new();
    if ENDS_SESSIONS.contains(&&*job.id) {
        statements += &sessions_statement(SessionAccess::Write);
    }
    let (when, cron, trigger, connection, alarm) = match (&job.schedule, &job.queue) {
        (Some(schedule), None) => {
            let overdue = if cron::is_daily(schedule) { include_str!("job_overdue.yaml") } else { "" };
            let cron = cron::expression(schedule)?;
            let trigger = include_str!("job_schedule_trigger.yaml");
            (format!("{schedule} (UTC)"), cron, trigger, include_str!("job_schedule.yaml"), overdue)
        }
        (None, Some(queue)) => {
            statements += include_str!("queue_statement.yaml");
            let alarm = include_str!("job_dead_letters.yaml");
            (format!("messages of {queue}"), String::new(), "", include_str!("job_queue.yaml"), alarm)
        }
        _ => bail!("it needs either a schedule or a queue"),
    };
    let mut variables: String = given(job).iter().map(|secret| secret.variables()).collect();
    let filled = job.fills.as_deref().map(|queue| consumer(queue, jobs)).transpose()?;
    if let (Some(queue), Some(consumer)) = (&job.fills, &filled) {
        statements += &fill(include_str!("queue_fill_statement.yaml"), &[("Filled", consumer)]);
        variables += &format!("          {}_QUEUE_URL: !Ref {consumer}Queue\n", queue.to_uppercase().replace('-', "_"));
    }
    let network = if job.stores { indented(include_str!("network.yaml")) } else { String::new() };
    if !job.stores {
        variables += include_str!("job_outside.yaml");
    }
    if !variables.is_empty() {
        variables = format!("      Environment:\n        Variables:\n{variables}");
    }
    let condition = match job.needs.as_deref() {
        None => String::new(),
        Some(setting) if setting == WEBHOOK.0 => format!("    Condition: {}\n", WEBHOOK.1),
        Some(setting) => bail!("no condition of the template says that {setting} is set"),
    };
    let whole = fill(
        include_str!("job.yaml"),
        &[
            ("network", &network),
            ("trigger", trigger),
            ("variables", &variables),
            ("connection", connection),
            ("alarm\n", alarm),
            ("policy", &policy(&statements)),
        ],
    );
    let queue = job.queue.as_deref().unwrap_or_default();
    Ok(fill(
        &whole,
        &[
            ("condition\n", &condition),
            ("Id", &logical_id(job)),
            ("id", &job.id),
            ("when", &when),
            ("cron", &cron),
            ("queue", queue),
            ("tries", &job.tries.unwrap_or_default().to_string()),
            ("summary", &description(&job.summary)),
            ("timeout", &timeout_s.to_string()),
            ("visibility", &(timeout_s * VISIBILITY).to_string()),
        ],
    ))
}

fn logical_id(job: &Job) -> String {
    format!("Job{}", pascal_case(&job.id))
}

/// Who works on a queue's messages: the queue is called after it.
fn consumer(queue: &str, jobs: &[Job]) -> Result<String> {
    let consumer = jobs.iter().find(|job| job.queue.as_deref() == Some(queue));
    Ok(logical_id(consumer.with_context(|| format!("nobody works on the queue {queue}"))?))
}

/// Two columns further to the right.
fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "rows are written where they are read")]
    fn job(row: Value) -> Job {
        let mut whole = json!({ "id": "send-outbox", "summary": "What it does", "timeout_s": 30 });
        whole.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    /// The resources of a job's part, by name and type.
    fn resources(row: Value) -> Vec<(String, String)> {
        let text = function(&job(row), &[]).unwrap();
        assert!(!text.replace("@timeout", "").contains('@'), "{text}");
        let names = text.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
        let names = names.filter(|name| !name.starts_with(' '));
        let types = text.lines().filter_map(|line| line.strip_prefix("    Type: "));
        names.map(str::to_owned).zip(types.map(str::to_owned)).collect()
    }

    fn check(row: Value, expected: &[(&str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(name, kind)| (format!("JobSendOutbox{name}"), format!("AWS::{kind}"))).collect();
        assert_eq!(resources(row), expected);
    }

    #[test]
    fn the_clock_starts_a_job_and_its_silence_is_heard() {
        check(
            json!({ "schedule": "15 2 * * *" }),
            &[
                ("", "Serverless::Function"),
                ("Logs", "Logs::LogGroup"),
                ("Schedule", "Events::Rule"),
                ("Permission", "Lambda::Permission"),
                ("Failed", "CloudWatch::Alarm"),
                ("Overdue", "CloudWatch::Alarm"),
            ],
        );
        let weekly = resources(json!({ "schedule": "15 2 * * 1" }));
        assert!(weekly.iter().all(|(name, _)| !name.ends_with("Overdue")), "{weekly:?}");
    }

    #[test]
    fn a_queue_starts_a_job_with_what_it_could_not_do_kept() {
        let row = json!({ "queue": "outbox", "tries": 5 });
        check(
            row.clone(),
            &[
                ("", "Serverless::Function"),
                ("Logs", "Logs::LogGroup"),
                ("Queue", "SQS::Queue"),
                ("DeadLetters", "SQS::Queue"),
                ("Messages", "Lambda::EventSourceMapping"),
                ("Failed", "CloudWatch::Alarm"),
                ("DeadLettered", "CloudWatch::Alarm"),
            ],
        );
        let text = function(&job(row), &[]).unwrap();
        for line in [
            "FunctionResponseTypes: [ReportBatchItemFailures]",
            "VisibilityTimeout: 192",
            "maxReceiveCount: 5",
            "Value: outbox }",
        ] {
            assert!(text.contains(line), "{line}");
        }
        assert!(text.contains("Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]"));
    }

    #[test]
    fn who_fills_a_queue_may_send_to_it_and_leaves_the_secret_to_who_empties_it() {
        let fills = job(json!({ "schedule": "* * * * *", "fills": "outbox", "secrets": ["webhook_key"],
            "needs": "OUTBOX_WEBHOOK_URL" }));
        let empties = job(json!({ "id": "post-it", "queue": "outbox", "secrets": ["webhook_key"], "stores": false }));
        let jobs = [fills, empties];
        let (fills, empties) = (function(&jobs[0], &jobs).unwrap(), function(&jobs[1], &jobs).unwrap());
        assert!(
            fills.contains("Action: [sqs:SendMessage]\n              Resource: !GetAtt JobPostItQueue.Arn"),
            "{fills}"
        );
        assert!(fills.contains("OUTBOX_QUEUE_URL: !Ref JobPostItQueue") && !fills.contains("OUTBOX_WEBHOOK_KEY"));
        assert!(fills.contains("Type: AWS::Events::Rule\n    Condition: HasWebhook\n"), "{fills}");
        assert!(fills.contains("VpcConfig:") && !fills.contains("nobody@localhost"), "{fills}");
        assert!(empties.contains("OUTBOX_WEBHOOK_KEY: !If") && !empties.contains("sqs:SendMessage"), "{empties}");
        assert!(!empties.contains("VpcConfig:") && empties.contains("nobody@localhost"), "{empties}");
        let alone = function(&jobs[0], &jobs[..1]).unwrap_err().to_string();
        assert!(alone.contains("nobody works on the queue outbox"), "{alone}");
    }

    #[test]
    fn what_lambda_cannot_run_is_refused() {
        let rows = [
            (json!({}), "either"),
            (json!({ "schedule": "15 2 * * *", "queue": "outbox" }), "either"),
            (json!({ "schedule": "15 2 * * *", "timeout_s": 901 }), "900 s"),
            (json!({ "schedule": "15 2 * * *", "needs": "LOG_LEVEL" }), "LOG_LEVEL"),
        ];
        for (row, complaint) in rows {
            let error = function(&job(row), &[]).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
        let longest = function(&job(json!({ "schedule": "15 2 * * *", "timeout_s": 900 })), &[]).unwrap();
        assert!(longest.contains("Timeout: 900\n"));
    }

    #[test]
    fn only_who_ends_sessions_may() {
        let other = job(json!({ "schedule": "15 2 * * *" }));
        assert!(!function(&other, &[]).unwrap().contains("dynamodb:"));
        let ends = job(json!({ "id": ENDS_SESSIONS[0], "schedule": "15 2 * * *" }));
        assert!(function(&ends, &[]).unwrap().contains("dynamodb:DeleteItem"));
        assert!(template(&[other]).unwrap_err().to_string().contains(ENDS_SESSIONS[0]));
    }
}
