//! The reckoning: with all processes left alone, every acknowledged write must be there, once, and answer as it did.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use testkit::player::{Event, State};
use tokio::task::JoinSet;

use super::caller::Caller;
use super::client::Run;
use super::world::{self, Life, Player, Write};
use crate::drill::dice::Dice;
use crate::drill::ledger::Verdict;
use crate::drill::wire::Request;

/// Who asks again, at once.
const AUDITORS: usize = 16;

/// Asks again for every answer, and for every life and list as a whole.
pub(super) async fn audit(run: &Arc<Run>, mut dice: Dice) -> Result<Verdict> {
    let mut auditors = JoinSet::new();
    for number in 0..AUDITORS {
        let run = Arc::clone(run);
        let dice = dice.split();
        auditors.spawn(async move {
            let mut auditor =
                Auditor { caller: Caller::new(Arc::clone(&run.fleet), dice), verdict: Verdict::default() };
            let players = &run.world.players;
            let lives =
                players.iter().flat_map(|player| player.all_lives().into_iter().map(move |life| (player, life)));
            for (player, life) in lives.skip(number).step_by(AUDITORS) {
                auditor.life(player, &life).await.with_context(|| format!("life {}", life.id))?;
            }
            for player in players.iter().skip(number).step_by(AUDITORS) {
                auditor.list(player).await?;
            }
            anyhow::Ok(auditor.verdict)
        });
    }
    let mut verdict = Verdict::default();
    while let Some(audited) = auditors.join_next().await {
        verdict.add(audited??);
    }
    Ok(verdict)
}

struct Auditor {
    caller: Caller,
    verdict: Verdict,
}

impl Auditor {
    /// Each write makes the list of characters one version newer, and nothing else does.
    async fn list(&mut self, player: &Player) -> Result<()> {
        let list = Request::get("/api/v1/characters", &player.token, "en", None);
        let now = self.caller.insist(&list).await?.answer.version().context("a list without a version")?;
        let told = player.roster.floor().acked();
        self.verdict.lose(positive(told - now), || format!("lost: a list is at version {now}, was told {told}"));
        self.verdict.double(positive(now - told), || format!("doubled: a list is at version {now}, was told {told}"));
        Ok(())
    }

    /// Every version was made by one acknowledged write, no year was lived twice, and everything told has happened.
    async fn life(&mut self, player: &Player, life: &Life) -> Result<()> {
        let (id, acks) = (&life.id, life.acks());
        let answer = self.caller.insist(&Request::get(&state_path(id), &player.token, "en", None)).await?.answer;
        let state: State = world::data(&answer)?;

        let mut expected = 1;
        let mut age = 0;
        for ack in &acks {
            let version = ack.version;
            self.verdict
                .double(u64::from(version < expected), || format!("doubled: {id} was made version {version} twice"));
            self.verdict.double(positive(version - expected), || {
                format!("doubled: {id} got to version {version} by more writes than were acknowledged after {expected}")
            });
            expected = version + 1;
            let lived = ack.age.saturating_sub(age);
            self.verdict.double(u64::from(lived.saturating_sub(ack.years)), || {
                format!("doubled: {id} lived {lived} years in version {version}, {} were asked for", ack.years)
            });
            age = ack.age;
        }
        let (told, now) = (expected - 1, state.version);
        self.verdict
            .lose(positive(told - now), || format!("lost: {id} was acknowledged at version {told}, is at {now}"));
        self.verdict.double(positive(now - told), || format!("doubled: {id} is at version {now}, was told {told}"));

        let mut untold: BTreeMap<_, _> = acks.iter().flat_map(|ack| ack.events.iter().cloned()).collect();
        for event in self.events(player, id).await? {
            match untold.remove(&event.event_seq) {
                Some(told) if told == event.event_id => {}
                Some(told) => self.verdict.lose(1, || format!("lost: {id} event {} was {told}", event.event_seq)),
                None => {
                    self.verdict.double(1, || format!("doubled: {id} event {} ({})", event.event_seq, event.event_id));
                }
            }
        }
        let gone = u64::try_from(untold.len()).unwrap_or(u64::MAX);
        self.verdict.lose(gone, || format!("lost: {id} events {untold:?}"));
        for ack in &acks {
            self.again(player, ack).await?;
        }
        Ok(())
    }

    async fn events(&mut self, player: &Player, id: &str) -> Result<Vec<Event>> {
        #[derive(Deserialize)]
        struct Page {
            data: Vec<Event>,
            meta: Meta,
        }
        #[derive(Deserialize)]
        struct Meta {
            next_cursor: Option<String>,
        }
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/game/events/{id}?limit=100&order=age_asc{cursor}");
            let answer = self.caller.insist(&Request::get(&path, &player.token, "en", None)).await?.answer;
            let page: Page = serde_json::from_slice(&answer.body).with_context(|| answer.text())?;
            all.extend(page.data);
            match page.meta.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }

    /// A repeated key gets the first answer, byte for byte.
    async fn again(&mut self, player: &Player, ack: &Write) -> Result<()> {
        let first = &ack.answer;
        self.verdict.acked += 1;
        self.verdict.retried += u64::from(ack.repeated);
        self.verdict.replayed += u64::from(ack.repeated && first.replayed);
        let request = Request::post(&ack.path, &player.token, &ack.key, &ack.body);
        let now = self.caller.insist(&request).await?.answer;
        let same = now.replayed && (now.status, &now.etag, &now.body) == (first.status, &first.etag, &first.body);
        self.verdict.lose(u64::from(!same), || {
            format!("lost: {} {}\n  then {}\n  now  {}", ack.path, ack.body, first.text(), now.text())
        });
        Ok(())
    }
}

fn state_path(id: &str) -> String {
    format!("/api/v1/game/state/{id}")
}

fn positive(difference: i64) -> u64 {
    u64::try_from(difference).unwrap_or_default()
}
