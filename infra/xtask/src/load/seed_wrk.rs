//! `cargo xtask load seed-wrk`: what the cache tiers are worth, by the seed's own command.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use testkit::services::{Services, checkout_root};

use super::scrape::{Reads, peak_rss_mib};
use super::stack::{Stack, Tiers};
use super::wrk::{Figures, Wrk};
use super::{SKEW, make_players};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

/// Where `--write` puts the table.
const REPORT: &str = "docs/performance/seed-wrk.md";
/// The script, from the checkout's root.
const SCRIPT: &str = "infra/load/characters.lua";
/// Seconds of unmeasured requests before each measured run.
const WARM_UP_S: u64 = 2;
/// A run with fewer requests than this a second has measured something else.
const FLOOR_PER_SECOND: u64 = 100;

/// How much to do.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct SeedWrkArgs {
    /// Seconds of each of the three runs; the seed's own line has 30.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Players who ask.
    #[arg(long, default_value_t = 500)]
    players: usize,
    /// Characters of each player.
    #[arg(long, default_value_t = 3)]
    characters: usize,
    /// A Redis Cluster of three masters instead of one server.
    #[arg(long)]
    cluster: bool,
    /// Write the table to docs/performance/seed-wrk.md.
    #[arg(long)]
    write: bool,
}

/// One configuration and what came of it.
struct Row {
    tiers: Tiers,
    figures: Figures,
    reads: Reads,
    rss_mib: f64,
}

pub(super) async fn run(args: SeedWrkArgs, services: &Services, interrupt: &Interrupt) -> Result<()> {
    let root = checkout_root()?;
    let program = tokio::task::spawn_blocking(testkit::services::wrk).await??;
    let tokens = services.local_dir().join("load-tokens");
    let wrk = Wrk { program, script: root.join(SCRIPT), tokens };
    let stack = Stack::prepare(services, args.cluster, interrupt).await?;

    let mut rows = Vec::new();
    for tiers in [Tiers::None, Tiers::L2, Tiers::L1AndL2] {
        let gateway = stack.serve(tiers).await?;
        if rows.is_empty() {
            say(format_args!("{DIM}making {} players{DIM:#}", args.players));
            let mut tokens = String::new();
            for (player, _) in make_players(&gateway.url(), args.players, args.characters).await? {
                writeln!(tokens, "{}", player.token().await)?;
            }
            testkit::record::write_private(&wrk.tokens, tokens.as_bytes())?;
        }
        say(format_args!("{DIM}{}: {} s{DIM:#}", tiers.name(), args.seconds));
        wrk.run(&gateway.url(), WARM_UP_S, interrupt).await?;
        let before = Reads::of(&gateway.metrics_url()).await?;
        let figures = wrk.run(&gateway.url(), args.seconds, interrupt).await?;
        let reads = Reads::of(&gateway.metrics_url()).await?.since(before);
        rows.push(Row { tiers, figures, reads, rss_mib: peak_rss_mib(&gateway.process)? });
        gateway.stop(interrupt).await?;
    }
    testkit::record::remove(&wrk.tokens)?;

    let table = table(&rows);
    say(&table);
    if args.write {
        std::fs::write(root.join(REPORT), report(args, &table)).with_context(|| format!("cannot write {REPORT}"))?;
    }
    say(last_line(&rows));
    for row in &rows {
        let (name, figures) = (row.tiers.name(), row.figures);
        ensure!(figures.errors() == 0, "{name}: {} requests had no good answer", figures.errors());
        ensure!(figures.requests >= FLOOR_PER_SECOND * args.seconds, "{name}: only {} requests", figures.requests);
    }
    Ok(())
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| tiers | requests/s | p50, ms | p95, ms | p99, ms | errors | read without SQL | of it L1 | peak RSS, MiB |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for Row { tiers, figures, reads, rss_mib } in rows {
        let [p50, p95, p99] = figures.latencies_ms();
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "| {} | {:.0} | {p50:.1} | {p95:.1} | {p99:.1} | {} | {:.1} % | {:.1} % | {rss_mib:.0} |",
            tiers.name(),
            figures.rate(),
            figures.errors(),
            reads.hit_ratio() * 100.0,
            reads.l1_ratio() * 100.0,
        );
    }
    table
}

fn last_line(rows: &[Row]) -> String {
    let mut line = String::new();
    for Row { tiers, figures, reads, rss_mib } in rows {
        let key = tiers.key();
        let [p50, p95, p99] = figures.latencies_ms();
        let _ = write!(
            line,
            "{key}_requests={} {key}_rps={:.0} {key}_p50_ms={p50:.1} {key}_p95_ms={p95:.1} {key}_p99_ms={p99:.1} \
             {key}_errors={} {key}_hit_ratio={:.4} {key}_rss_mib={rss_mib:.0} ",
            figures.requests,
            figures.rate(),
            figures.errors(),
            reads.hit_ratio(),
        );
    }
    line.trim_end().to_owned()
}

fn report(args: SeedWrkArgs, table: &str) -> String {
    let SeedWrkArgs { seconds, players, characters, cluster, .. } = args;
    let cluster = if cluster { " --cluster" } else { "" };
    let line = Wrk::line(seconds, Path::new(SCRIPT));
    format!(
        "# The seed's wrk line\n\n\
         Written by the command; do not edit.\n\n\
         ```sh\ncargo xtask load seed-wrk --seconds {seconds} --players {players} --characters {characters}{cluster} --write\n```\n\n\
         It runs `{line}` against a release build, once for each set of cache tiers, after {WARM_UP_S} s of warm-up. \
         {players} players with {characters} characters each ask for their lists; who asks follows Zipf with skew {SKEW}. \
         wrk, gateway, PostgreSQL and Redis share one machine: compare the rows, not the figures with another machine's. \
         Rate limits are counted on every request, tokens are verified, and what L1 holds is validated by Redis.\n\n{table}"
    )
}
