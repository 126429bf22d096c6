//! Two hundred lives at once, over TCP: all end, all replay, and no event comes back before its time.

use std::collections::HashMap;

use engine::{Content, Input, Status};
use platform::{
    Ctx,
    config::Config,
    ids::{CharacterId, UserId},
    store::{Db, lives},
};
use testkit::player::{Player, SeededChooser, Spec};

use crate::server::{Server, settings};

const LIVES: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_lives_end_and_replay() {
    let settings = settings().await;
    let server = Server::start(&settings);
    let mut running = tokio::task::JoinSet::new();
    for number in 0..LIVES {
        let url = server.url.clone();
        running.spawn(async move { live(&url, number).await });
    }
    let mut ended = 0;
    while let Some(life) = running.join_next().await {
        life.expect("no panic");
        ended += 1;
    }
    assert_eq!(ended, LIVES);

    let setting = |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let ctx = Ctx::new(Config::from_lookup(setting).expect("valid settings")).expect("usable settings");
    let all: Vec<(UserId, CharacterId)> =
        sqlx::query_as("SELECT user_id, character_id FROM lives").fetch_all(ctx.db()).await.expect("a read");
    assert_eq!(all.len(), LIVES);
    for (user, character) in all {
        assert_sound(ctx.db(), user, character).await;
    }
}

/// From different places and times, to the end.
async fn live(url: &str, number: usize) {
    const PLACES: &[&str] = &["CN", "IN", "US", "NG", "BR", "SE", "JP", "AU", "EG", "FR"];
    let years = [1800, 1850, 1900, 1930, 1962, 1990, 2020, 2050];
    let spec = Spec::new(format!("第{number}人"), PLACES[number % PLACES.len()], years[number % years.len()]);
    let player = Player::register(url).await.expect("registered");
    let mut chooser = SeededChooser::new(number as u64);
    let life = player.live_to_the_end(&spec, &mut chooser).await.expect("a whole life");
    assert!(life.state.is_over());
}

/// The stored life is the one its log gives, and its events keep their limits.
async fn assert_sound(db: &Db, user: UserId, character: CharacterId) {
    let content = Content::builtin();
    let stored = lives::owned_by(db, user, character).await.expect("a read").expect("a life");
    assert_eq!(stored.life.status, Status::Dead);
    let log = lives::log(db, user, character, stored.version).await.expect("a read");
    assert!(matches!(log.first().map(|entry| &entry.input), Some(Input::Birth { .. })));
    let replayed = engine::replay(|_| Some(content), &log).expect("a sound log");
    assert_eq!((replayed.verified, replayed.life.as_ref()), (engine::Verified::Recomputed, Some(&stored.life)));

    let events: Vec<(i32, i16, String)> =
        sqlx::query_as("SELECT seq, age, event_id FROM events WHERE character_id = $1 ORDER BY seq")
            .bind(character)
            .fetch_all(db)
            .await
            .expect("a read");
    let mut last_age: HashMap<&str, i16> = HashMap::new();
    for (place, (seq, age, event)) in events.iter().enumerate() {
        assert_eq!(usize::try_from(*seq).ok(), Some(place + 1), "events are numbered without a gap");
        let definition = content.event_def(event).unwrap_or_else(|| panic!("{event} is not in the content"));
        if let Some(before) = last_age.insert(event, *age) {
            let rest = i16::try_from(definition.limits.cooldown_years).expect("a short rest");
            assert!(age - before >= rest, "{event} at {before} and again at {age}, within {rest} years");
        }
    }
}
