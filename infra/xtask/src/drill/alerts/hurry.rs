//! The rules as they are, with time running faster: every duration in them and in the Alertmanager's configuration is divided
//! by the same number. Rates are per second and stay what they are.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Half a minute becomes a second. More, and a busy machine misses looks that the rules count on.
pub(super) const FASTER: u64 = 30;
/// No duration becomes shorter: Prometheus evaluates this often here.
const SHORTEST_MS: u64 = 500;
/// Between two scrapes, and the longest wait for one. In earnest 15 s and 10 s.
const SCRAPE_MS: u64 = 1_000;

/// A text with its durations divided. In PromQL they stand in brackets and after `offset`, in YAML after a key that names
/// one; anything else that looks like one (a name, a sentence) is left alone.
fn hurried(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let yaml = [
            "for: ",
            "keep_firing_for: ",
            "interval: ",
            "group_wait: ",
            "group_interval: ",
            "repeat_interval: ",
            "resolve_timeout: ",
        ];
        let key = line.trim_start().trim_start_matches("- ");
        if let Some(key) = yaml.iter().find(|name| key.starts_with(**name)) {
            let (before, duration) = line.split_once(key).unwrap_or((line, ""));
            return format!("{before}{key}{}", divided(duration.trim()).unwrap_or_else(|| duration.to_owned()));
        }
        let line = replace_after(line, '[', ']');
        line.split(" offset ").enumerate().map(|(index, part)| offset(index, part)).collect()
    });
    lines.map(|line: String| line + "\n").collect()
}

/// What follows the word `offset`, with the word before it.
fn offset(index: usize, part: &str) -> String {
    if index == 0 {
        return part.to_owned();
    }
    let end = part.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(part.len());
    let duration = divided(&part[..end]).unwrap_or_else(|| part[..end].to_owned());
    format!(" offset {duration}{}", &part[end..])
}

fn replace_after(line: &str, open: char, close: char) -> String {
    let mut hurried = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(open) {
        let (inside, behind) = after.split_once(close).unwrap_or((after, ""));
        hurried.push_str(before);
        hurried.push(open);
        hurried.push_str(&divided(inside).unwrap_or_else(|| inside.to_owned()));
        if after.contains(close) {
            hurried.push(close);
        }
        rest = behind;
    }
    hurried + rest
}

/// A duration such as `5m` divided; `None` for what is none.
fn divided(duration: &str) -> Option<String> {
    let (number, unit) = duration.split_at(duration.find(|letter: char| !letter.is_ascii_digit())?);
    let unit_ms: u64 = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    let ms = number.parse::<u64>().ok()? * unit_ms / FASTER;
    Some(format!("{}ms", ms.max(SHORTEST_MS)))
}

/// Writes the rules and both configurations for servers on these ports into a folder.
pub(super) fn write(checkout: &Path, folder: &Path, [metrics, jobs, alerts, receiver]: [u16; 4]) -> Result<()> {
    let rules = folder.join("rules");
    fs::create_dir_all(&rules)?;
    for entry in fs::read_dir(checkout.join("infra/prometheus/rules"))? {
        let path = entry?.path();
        let name = path.file_name().context("a rule file without a name")?;
        fs::write(rules.join(name), hurried(&fs::read_to_string(&path)?))?;
    }
    fs::write(
        folder.join("prometheus.yml"),
        format!(
            "global: {{scrape_interval: {SCRAPE_MS}ms, evaluation_interval: {SHORTEST_MS}ms}}\n\
             rule_files: [rules/*.yaml]\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: [\"127.0.0.1:{alerts}\"]}}]}}]}}\n\
             scrape_configs:\n  - {{job_name: restart-life, static_configs: [{{targets: [\"127.0.0.1:{metrics}\"]}}]}}\n  \
             - {{job_name: pushgateway, honor_labels: true, static_configs: [{{targets: [\"127.0.0.1:{jobs}\"]}}]}}\n"
        ),
    )?;
    let secrets = folder.join("secrets");
    fs::create_dir_all(&secrets)?;
    fs::write(secrets.join("chat-webhook-url"), format!("http://127.0.0.1:{receiver}/chat"))?;
    fs::write(secrets.join("pagerduty-routing-key"), "none")?;
    let manager = fs::read_to_string(checkout.join("infra/alertmanager/alertmanager.yml"))?;
    let manager = hurried(&manager)
        .replace("/etc/alertmanager/secrets", &secrets.to_string_lossy())
        .replacen("global:\n", &format!("global:\n  pagerduty_url: http://127.0.0.1:{receiver}/pager\n"), 1)
        .replace("templates/*.tmpl", &checkout.join("infra/alertmanager/templates/*.tmpl").to_string_lossy());
    fs::write(folder.join("alertmanager.yml"), manager)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_shorter_and_nothing_else_is_touched() {
        let rows = [
            (
                "sum(rate(http_requests_total{status=~\"5..\"}[5m])) > 0.1",
                "sum(rate(http_requests_total{status=~\"5..\"}[10000ms])) > 0.1",
            ),
            ("        for: 15m", "        for: 30000ms"),
            ("  - group_wait: 10s", "  - group_wait: 500ms"),
            ("  - record: slo:error_ratio:5m", "  - record: slo:error_ratio:5m"),
            ("a[1h] / b[6h] offset 1w)", "a[120000ms] / b[720000ms] offset 20160000ms)"),
            ("  group_by: [alertname]", "  group_by: [alertname]"),
            ("- weekdays: [\"monday:friday\"]", "- weekdays: [\"monday:friday\"]"),
        ];
        for (as_it_is, faster) in rows {
            assert_eq!(hurried(as_it_is), format!("{faster}\n"));
        }
    }
}
