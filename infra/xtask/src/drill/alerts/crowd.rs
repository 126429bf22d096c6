//! Those who play while things break: readers, one who lives life after life, one who asks for what is not there or no more,
//! and, when told to, one who guesses passwords.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use testkit::player::{Player, SeededChooser, Spec};
use tokio::task::JoinSet;

/// Time between two requests of a reader, and of who guesses.
const PAUSE: Duration = Duration::from_millis(40);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two lives, and between two odd requests.
const REST: Duration = Duration::from_millis(500);

/// What the drill tells the crowd, and what it has done.
#[derive(Default)]
pub(super) struct Traffic {
    pub(super) requests: AtomicU64,
    pub(super) over: AtomicBool,
    /// Whether somebody guesses passwords.
    pub(super) guessing: AtomicBool,
}

/// Lets all of them in.
pub(super) async fn enter(url: &str, traffic: &Arc<Traffic>) -> Result<JoinSet<()>> {
    let mut crowd = JoinSet::new();
    for number in 0..2 {
        crowd.spawn(read(Reader::new(url, number).await?, Arc::clone(traffic)));
    }
    crowd.spawn(stumble(Reader::new(url, 2).await?, Arc::clone(traffic)));
    crowd.spawn(guess(url.to_owned(), Arc::clone(traffic)));
    crowd.spawn(live(url.to_owned(), Arc::clone(traffic)));
    Ok(crowd)
}

/// Somebody with a life.
struct Reader {
    client: Client,
    token: String,
    /// Places to look at.
    urls: [String; 4],
    /// Where the life goes on.
    advance: String,
    nowhere: String,
}

impl Reader {
    async fn new(url: &str, number: u64) -> Result<Self> {
        let player = Player::register(url).await?;
        let character = player.create_character(&Spec::new("林安", "CN", 1962)).await?;
        player.start(&character.character_id, character.version).await?;
        let id = character.character_id;
        let urls = [
            format!("{url}/api/v1/characters"),
            format!("{url}/api/v1/game/state/{id}"),
            format!("{url}/api/v1/game/events/{id}?limit={}", 10 + number),
            format!("{url}/api/v1/characters/{id}"),
        ];
        Ok(Self {
            client: Client::builder().timeout(PATIENCE).build()?,
            token: player.token().await,
            urls,
            advance: format!("{url}/api/v1/game/advance/{id}"),
            nowhere: format!("{url}/nothing/here"),
        })
    }

    /// What comes back is the metrics' business.
    async fn send(&self, request: RequestBuilder, traffic: &Traffic) {
        let _ = request.bearer_auth(&self.token).header("x-client-version", "1.4.2").send().await;
        traffic.requests.fetch_add(1, Ordering::Relaxed);
    }
}

/// Looks at a life over and over.
async fn read(reader: Reader, traffic: Arc<Traffic>) {
    for url in reader.urls.iter().cycle() {
        if traffic.over.load(Ordering::Relaxed) {
            return;
        }
        reader.send(reader.client.get(url), &traffic).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks for a path that is not there, moves on from a state that is no more, creates one character twice.
async fn stumble(reader: Reader, traffic: Arc<Traffic>) {
    let create = reader.urls[0].clone();
    while !traffic.over.load(Ordering::Relaxed) {
        reader.send(reader.client.get(&reader.nowhere), &traffic).await;
        let stale = reader.client.post(&reader.advance).header("idempotency-key", "stale");
        reader.send(stale.json(&json!({"expected_version": 1, "mode": "steady"})), &traffic).await;
        let again = reader.client.post(&create).header("idempotency-key", "again");
        reader.send(again.json(&json!(Spec::new("重试", "CN", 1990))), &traffic).await;
        tokio::time::sleep(REST).await;
    }
}

/// Tries passwords while it may.
async fn guess(url: String, traffic: Arc<Traffic>) {
    let client = Client::new();
    while !traffic.over.load(Ordering::Relaxed) {
        if traffic.guessing.load(Ordering::Relaxed) {
            let body = json!({"username": "somebody_else", "password": "correct horse battery"});
            let _ = client.post(format!("{url}/api/v1/auth/login")).timeout(PATIENCE).json(&body).send().await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Lives one life after the other, so that there are writes; what goes wrong in it is begun anew.
async fn live(url: String, traffic: Arc<Traffic>) {
    let mut seed = 0;
    while !traffic.over.load(Ordering::Relaxed) {
        seed += 1;
        if let Ok(player) = Player::register(&url).await {
            let spec = Spec::new("Ann Lin", "GB", 1950);
            let _ = player.live_to_the_end(&spec, &mut SeededChooser::new(seed)).await;
        }
        tokio::time::sleep(REST).await;
    }
}
