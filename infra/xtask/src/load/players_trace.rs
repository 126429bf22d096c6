//! `cargo xtask load players-trace`: sessions as people play them, and how many of their reads need no SQL.
//!
//! A session is one player's: the list of characters, where a life stands, what has happened in it, then a few moves,
//! each followed by what a client shows after it. Who plays follows Zipf's law. Every answer is checked: it may not be
//! refused, and no read may be older than what the player was last told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testkit::player::{Chooser, Player, SeededChooser, Spec, State};
use testkit::services::Services;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::scrape::{Reads, peak_rss_mib};
use super::stack::{Stack, Tiers};
use super::zipf::Zipf;
use super::{SKEW, make_players};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

/// The share of reads that must be answered without SQL.
const HIT_RATIO: f64 = 0.95;
/// Reads of cached aggregates in a session, at least: the list, the life, and the life again after a move.
const READS_PER_SESSION: f64 = 3.0;
/// Most moves of a session.
const MOVES: f64 = 4.0;
/// Sessions at once.
const AT_ONCE: u64 = 16;

/// How much to do.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct PlayersTraceArgs {
    /// Sessions to play.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..))]
    sessions: u32,
    /// Players there are.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..))]
    players: u32,
    /// Decides who plays and what they choose.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A Redis Cluster of three masters instead of one server.
    #[arg(long)]
    cluster: bool,
    /// With a Redis that does not answer: all must be as right, and the hit ratio is not judged.
    #[arg(long)]
    without_redis: bool,
}

/// One player, with the life being lived.
struct Seat {
    player: Player,
    state: State,
    chooser: SeededChooser,
}

/// What the sessions did.
#[derive(Default)]
struct Volume {
    reads: u64,
    writes: u64,
    deaths: u64,
}

pub(super) async fn run(args: PlayersTraceArgs, services: &Services, interrupt: &Interrupt) -> Result<()> {
    let stack = Stack::prepare(services, args.cluster, interrupt).await?;
    let tiers = if args.without_redis { Tiers::RedisAway } else { Tiers::L1AndL2 };
    let gateway = stack.serve(tiers).await?;
    say(format_args!("{DIM}making {} players{DIM:#}", args.players));
    let mut seats = Vec::new();
    for (seed, (player, lives)) in (args.seed..).zip(make_players(&gateway.url(), args.players as usize, 1).await?) {
        let life = lives.first().context("a player without a life")?;
        let state = player.state(life).await?;
        seats.push(Mutex::new(Seat { player, state, chooser: SeededChooser::new(seed) }));
    }
    let before = Reads::of(&gateway.metrics_url()).await?;
    let started = Instant::now();
    let volume = play(args, Arc::new(seats)).await?;
    let seconds = started.elapsed().as_secs_f32();
    let reads = Reads::of(&gateway.metrics_url()).await?.since(before);
    let rss_mib = peak_rss_mib(&gateway.process)?;
    gateway.stop(interrupt).await?;
    say(format_args!(
        "tiers={} sessions={} reads={} writes={} deaths={} errors=0 stale=0 aggregate_reads={:.0} hit_ratio={:.4} \
         l1_hit_ratio={:.4} rss_mib={rss_mib:.0} seconds={seconds:.1}",
        tiers.key(),
        args.sessions,
        volume.reads,
        volume.writes,
        volume.deaths,
        reads.total(),
        reads.hit_ratio(),
        reads.l1_ratio(),
    ));
    let floor = f64::from(args.sessions) * READS_PER_SESSION;
    ensure!(reads.total() >= floor, "only {:.0} reads of cached aggregates, {floor:.0} expected", reads.total());
    ensure!(volume.writes >= u64::from(args.sessions), "less than one move a session");
    ensure!(
        args.without_redis || reads.hit_ratio() > HIT_RATIO,
        "{:.2} % of the reads were answered without SQL, {:.0} % expected",
        reads.hit_ratio() * 100.0,
        HIT_RATIO * 100.0
    );
    Ok(())
}

/// Plays all sessions, some at once, one at a time for each player.
async fn play(args: PlayersTraceArgs, seats: Arc<Vec<Mutex<Seat>>>) -> Result<Volume> {
    let left = Arc::new(AtomicUsize::new(args.sessions as usize));
    let mut hands = JoinSet::new();
    for hand in 0..AT_ONCE {
        let (seats, left) = (Arc::clone(&seats), Arc::clone(&left));
        let mut zipf = Zipf::new(seats.len(), SKEW, args.seed.wrapping_mul(AT_ONCE).wrapping_add(hand));
        hands.spawn(async move {
            let mut volume = Volume::default();
            let take = |left: usize| left.checked_sub(1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                let mut seat = seats[zipf.draw()].lock().await;
                let moves = 1.0 + (zipf.fraction() * MOVES).floor();
                session(&mut seat, moves, &mut volume).await?;
            }
            anyhow::Ok(volume)
        });
    }
    let mut all = Volume::default();
    while let Some(volume) = hands.join_next().await {
        let Volume { reads, writes, deaths } = volume??;
        all.reads += reads;
        all.writes += writes;
        all.deaths += deaths;
    }
    Ok(all)
}

/// One session; fails on the first answer that is refused or too old.
async fn session(seat: &mut Seat, moves: f64, volume: &mut Volume) -> Result<()> {
    seat.list(volume).await?;
    seat.look(volume).await?;
    let mut made = 0.0;
    while made < moves {
        seat.go_on(volume).await?;
        seat.look(volume).await?;
        made += 1.0;
    }
    seat.list(volume).await
}

impl Seat {
    /// The list of characters, in which this life is as far as it is.
    async fn list(&self, volume: &mut Volume) -> Result<()> {
        let list: Vec<Value> = self.player.get("/characters").await?.data()?;
        volume.reads += 1;
        let listed = list.iter().find(|character| character["character_id"] == self.state.character_id);
        let listed = listed.context("the list lacks a character")?;
        ensure!(listed["age"] == self.state.age, "stale: the list says {listed}, the life is {}", self.state.age);
        Ok(())
    }

    /// What a client shows after a move: the life, and the newest that happened in it.
    async fn look(&self, volume: &mut Volume) -> Result<()> {
        let id = &self.state.character_id;
        let state = self.player.state(id).await?;
        ensure!(state.version >= self.state.version, "stale: version {} after {}", state.version, self.state.version);
        let events: Vec<Value> = self.player.get(&format!("/game/events/{id}")).await?.data()?;
        let newest = events.first().and_then(|event| event["age"].as_i64());
        ensure!(newest <= Some(i64::from(self.state.age)), "an event from the future: {newest:?}");
        volume.reads += 2;
        Ok(())
    }

    /// Answers the open decision, or lives a year; after a death begins again.
    async fn go_on(&mut self, volume: &mut Volume) -> Result<()> {
        let State { character_id: id, version, .. } = &self.state;
        self.state = if self.state.is_over() {
            volume.deaths += 1;
            let character = self.player.create_character(&Spec::new("林安", "CN", 1962)).await?;
            self.player.start(&character.character_id, character.version).await?
        } else if let Some(decision) = self.state.pending_decisions.first() {
            let option = self.chooser.option(decision)?;
            self.player.decide(id, *version, decision, &option).await?.state
        } else {
            let mode = self.chooser.mode(&self.state);
            self.player.advance(id, *version, mode, 1).await?.state
        };
        volume.writes += 1;
        Ok(())
    }
}
