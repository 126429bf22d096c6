//! The plans that the server says it ran, and what they touched.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use platform::store::STATEMENTS;
use serde_json::Value;
use sqlx::PgConnection;

/// Runs of each statement, by its name.
pub(crate) type Seen = BTreeMap<&'static str, Vec<Run>>;

/// One run of a statement.
#[derive(Debug)]
pub(crate) struct Run {
    /// The plan's nodes with their indexes and tables, without figures.
    shape: String,
    /// Buffers that it found or read.
    buffers: u64,
    /// The plan with its figures, one node a line.
    text: String,
}

/// From now on the server logs the plan of everything that new sessions run.
pub(crate) async fn log_from_now(admin: &mut PgConnection) -> Result<()> {
    let settings = [
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_buffers", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_format", "json"),
    ];
    for (name, value) in settings {
        let sql = format!("ALTER ROLE postgres SET {name} = '{value}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *admin).await?;
    }
    Ok(())
}

/// The server's log.
pub(crate) struct Log(PathBuf);

impl Log {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// How long it is now.
    pub(crate) fn end(&self) -> Result<usize> {
        Ok(self.text()?.len())
    }

    /// Every known statement that was run since the log was so long; `seed` is known, too.
    pub(crate) fn since(&self, from: usize, seed: &str) -> Result<Seen> {
        let text = self.text()?;
        let mut seen = Seen::new();
        for entry in text[from..].split("  plan:\n").skip(1) {
            // The server indents every line of an entry after the first.
            let json: String = entry.lines().map_while(|line| line.strip_prefix('\t')).collect();
            let explained: Value = serde_json::from_str(&json).with_context(|| format!("not a plan: {json}"))?;
            let sql = explained["Query Text"].as_str().context("a plan of nothing")?;
            let known = STATEMENTS.iter().find(|statement| statement.sql == sql).map(|statement| statement.name);
            let Some(name) = known.or((sql == seed).then_some("seed-characters-attributes")) else { continue };
            let (mut shape, mut text) = (String::new(), String::new());
            draw(&explained["Plan"], 0, &mut shape, &mut text);
            seen.entry(name).or_default().push(Run { shape, buffers: altogether(&explained["Plan"]), text });
        }
        ensure!(!seen.is_empty(), "the server logged no plan: is auto_explain installed?");
        Ok(seen)
    }

    fn text(&self) -> Result<String> {
        let bytes = fs::read(&self.0).with_context(|| format!("cannot read {}", self.0.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// What a statement touched. The root's figure has all but the changes whose rows nobody reads: those are made at the
/// very end.
fn altogether(root: &Value) -> u64 {
    let below = root["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let unread = below.iter().filter(|plan| {
        let name = plan["Subplan Name"].as_str().and_then(|name| name.strip_prefix("CTE "));
        name.is_some_and(|name| !scans(root, name))
    });
    touched(root) + unread.map(touched).sum::<u64>()
}

/// Whether any node reads this CTE.
fn scans(plan: &Value, cte: &str) -> bool {
    plan["CTE Name"] == cte || plan["Plans"].as_array().into_iter().flatten().any(|below| scans(below, cte))
}

/// Shared buffers found in the cache or read into it, with everything below.
fn touched(plan: &Value) -> u64 {
    let count = |name: &str| plan[name].as_u64().unwrap_or_default();
    count("Shared Hit Blocks") + count("Shared Read Blocks")
}

fn draw(plan: &Value, depth: usize, shape: &mut String, text: &mut String) {
    let word = |name: &str| plan[name].as_str().unwrap_or_default();
    let mut node = word("Node Type").to_owned();
    for (name, link) in
        [("Operation", ": "), ("Index Name", " using "), ("Relation Name", " on "), ("CTE Name", " on ")]
    {
        if !word(name).is_empty() {
            node.push_str(link);
            node.push_str(word(name));
        }
    }
    let indent = "  ".repeat(depth);
    shape.push_str(&format!("{indent}{node}\n"));
    text.push_str(&format!(
        "{indent}{node}  (rows={} loops={} buffers={})\n",
        plan["Actual Rows"],
        plan["Actual Loops"],
        touched(plan)
    ));
    for child in plan["Plans"].as_array().into_iter().flatten() {
        draw(child, depth + 1, shape, text);
    }
}

/// The run in the middle, by what it touched.
fn median(runs: &[Run]) -> Option<&Run> {
    let mut by_cost: Vec<_> = runs.iter().collect();
    by_cost.sort_by_key(|run| run.buffers);
    by_cost.get(by_cost.len() / 2).copied()
}

/// Buffers that a statement may touch more because its rows lie on other pages: new rows go where there is room.
const PLACEMENT: u64 = 2;

/// What has grown from the first size to a later one, in words.
///
/// A lookup walks from an index's root to a leaf and from there to the row: at the smallest size that is three buffers
/// or more, and one more when the tree gains a level, which takes some 200 times as many rows. So a third more is what a
/// tree may cost, and [`PLACEMENT`] more for where the rows happen to lie. Anything that reads in proportion to a table
/// is far beyond.
pub(crate) fn compare(sizes: &[(u64, Seen)], wanted: &[&str]) -> Vec<String> {
    let Some(((_, first), later)) = sizes.split_first() else { return vec!["nothing was looked at".to_owned()] };
    let mut grown: Vec<String> =
        wanted.iter().filter(|name| !first.contains_key(*name)).map(|name| format!("{name} was never run")).collect();
    for (name, runs) in first {
        let Some(base) = median(runs) else { continue };
        let allowed = base.buffers + base.buffers.div_ceil(3) + PLACEMENT;
        for (events, seen) in later {
            let Some(now) = seen.get(name).and_then(|runs| median(runs)) else {
                grown.push(format!("{name} was not run at {events} events"));
                continue;
            };
            if now.shape != base.shape {
                grown.push(format!(
                    "{name} has another plan at {events} events:\n{}instead of\n{}",
                    now.text, base.text
                ));
            }
            if now.buffers > allowed {
                grown.push(format!(
                    "{name} touches {} buffers at {events} events, {} before",
                    now.buffers, base.buffers
                ));
            }
        }
    }
    grown
}

/// The figures as a table, and each plan as it was at the largest size.
#[expect(clippy::print_stdout, reason = "the drill's figures")]
pub(crate) fn render(sizes: &[(u64, Seen)]) {
    let Some((_, last)) = sizes.last() else { return };
    for (name, runs) in last {
        if let Some(run) = median(runs) {
            println!("\n{name}, runs={}:\n{}", runs.len(), run.text.trim_end());
        }
    }
    println!();
    let heads: Vec<_> = sizes.iter().map(|(events, _)| format!(" {events} events |")).collect();
    println!("| statement |{}\n| --- |{}", heads.concat(), " ---: |".repeat(sizes.len()));
    for name in last.keys() {
        let cells = sizes.iter().map(|(_, seen)| {
            let buffers = seen.get(name).and_then(|runs| median(runs)).map(|run| run.buffers.to_string());
            format!(" {} |", buffers.unwrap_or_default())
        });
        println!("| {name} |{}", cells.collect::<String>());
    }
}
