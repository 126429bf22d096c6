//! What both stores of sessions promise: one suite, run over Postgres and over DynamoDB.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use platform::{
    ids::{SessionId, UserId},
    session::{GRACE, NEWEST, NewSession, Refreshed, Session, SessionStore as _, Sessions, Turn},
};
use serde_json::json;
use testkit::app::TestApp;
use uuid::Uuid;

use crate::story::on_both_stores;

on_both_stores! {
    what_is_opened_is_found_until_it_ends_and_by_its_owner_only,
    the_newest_hundred_that_stand_are_listed_newest_first,
    a_token_is_turned_and_its_successor_after_it,
    a_token_is_answered_again_to_the_end_of_its_grace,
    an_old_token_is_known_as_reused,
    what_is_no_token_of_the_session_changes_nothing,
    a_session_is_refreshed_until_it_ends_and_not_at_its_end,
    of_twenty_at_once_one_turns_and_the_others_are_told,
    a_session_is_revoked_once_by_its_owner,
    all_sessions_but_one_are_revoked_however_many,
    a_refresh_brings_no_revoked_session_back,
}

const FAMILY: [u8; 32] = [7; 32];

/// The store, and players without sessions. Postgres wants them to exist.
struct Case {
    store: Sessions,
    user: UserId,
    stranger: UserId,
    now: DateTime<Utc>,
}

impl Case {
    async fn of(app: &TestApp) -> Self {
        let store = app.ctx().sessions();
        let mut users = Vec::new();
        for username in ["owner", "stranger"] {
            let body = json!({"username": username, "password": "correct horse battery"});
            let answer = app.post("/api/v1/auth/register", &body).send().await.data();
            let user = UserId(answer["user"]["user_id"].as_str().and_then(|id| id.parse().ok()).expect("an id"));
            assert_eq!(store.revoke_all(user, None).await.expect("revoked").len(), 1);
            users.push(user);
        }
        Self { store, user: users[0], stranger: users[1], now: app.ctx().now() }
    }

    /// Opens session number `n`: the later ones are the newer ones, and wait for the secret `n`.
    async fn open(&self, user: UserId, n: u8, expires_at: DateTime<Utc>) -> Session {
        let session = Session {
            user_id: user,
            session_id: SessionId(Uuid::from_u128((u128::from(n) << 80) | (user.0.as_u128() & 0xffff_ffff))),
            platform: "web".to_owned(),
            device_id: None,
            device_name: None,
            created_at: self.now,
            refreshed_at: self.now,
            expires_at,
        };
        let new = NewSession { session: session.clone(), family_hash: FAMILY, refresh_hash: [n; 32] };
        self.store.open(&new).await.expect("opened");
        session
    }

    /// A session of the owner's for a day.
    async fn session(&self, n: u8) -> SessionId {
        self.open(self.user, n, self.now + TimeDelta::days(1)).await.session_id
    }

    async fn get(&self, session: SessionId, at: DateTime<Utc>) -> Option<Session> {
        self.store.get(self.user, session, at).await.expect("an answer")
    }

    async fn listed(&self, user: UserId) -> Vec<SessionId> {
        let listed = self.store.list(user, self.now).await.expect("a list");
        listed.into_iter().map(|session| session.session_id).collect()
    }

    async fn refresh(&self, session: SessionId, turn: &Turn) -> Refreshed {
        self.store.refresh(self.user, session, turn).await.expect("an answer")
    }

    /// From the secret `presented` to the secret `next`.
    fn turn(&self, presented: u8, next: u8, after: TimeDelta) -> Turn {
        let now = self.now + after;
        let expires_at = now + TimeDelta::days(1);
        let (presented_hash, next_hash) = ([presented; 32], [next; 32]);
        Turn { family_hash: FAMILY, presented_hash, salt: [next; 16], next_hash, now, expires_at }
    }
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

async fn what_is_opened_is_found_until_it_ends_and_by_its_owner_only(app: TestApp) {
    let case = Case::of(&app).await;
    let end = case.now + seconds(60);
    let session = Session {
        user_id: case.user,
        session_id: SessionId(app.ctx().new_id()),
        platform: "wechat".to_owned(),
        device_id: Some("设备-1".to_owned()),
        device_name: Some(String::new()),
        created_at: case.now + TimeDelta::microseconds(1),
        refreshed_at: case.now + TimeDelta::microseconds(1),
        expires_at: end,
    };
    let new = NewSession { session: session.clone(), family_hash: FAMILY, refresh_hash: [1; 32] };
    case.store.open(&new).await.expect("opened");
    let id = session.session_id;
    assert_eq!(case.get(id, case.now).await.as_ref(), Some(&session));
    assert_eq!(case.store.list(case.user, case.now).await.expect("a list"), std::slice::from_ref(&session));
    // DynamoDB deletes what has ended within days; for us it is gone at once.
    assert!(case.get(id, end - TimeDelta::microseconds(1)).await.is_some());
    assert!(case.get(id, end).await.is_none());
    assert_eq!(case.store.list(case.user, end).await.expect("a list"), []);
    assert_eq!(case.store.get(case.stranger, id, case.now).await.expect("an answer"), None);
    assert_eq!(case.listed(case.stranger).await, []);
    assert!(case.get(SessionId(Uuid::from_u128(1)), case.now).await.is_none());
}

async fn the_newest_hundred_that_stand_are_listed_newest_first(app: TestApp) {
    let case = &Case::of(&app).await;
    let end = |n: u8| if n > 105 { case.now } else { case.now + seconds(1) };
    // Out of order, the newest five ended, and one too many that stand.
    let opened = join_all((1..=110).rev().map(|n| async move { case.open(case.user, n, end(n)).await })).await;
    case.open(case.stranger, 111, case.now + seconds(1)).await;
    let listed = case.listed(case.user).await;
    assert_eq!(i32::try_from(listed.len()), Ok(NEWEST));
    let expected: Vec<_> = opened[5..105].iter().map(|session| session.session_id).collect();
    assert_eq!(listed, expected);
}

async fn a_token_is_turned_and_its_successor_after_it(app: TestApp) {
    let case = Case::of(&app).await;
    let opened = case.open(case.user, 1, case.now + TimeDelta::days(1)).await;
    let id = opened.session_id;
    let first = case.turn(1, 2, seconds(5));
    let turned = Session { refreshed_at: first.now, expires_at: first.expires_at, ..opened };
    assert_eq!(case.refresh(id, &first).await, Refreshed::Turned(turned.clone()));
    assert_eq!(case.get(id, first.now).await, Some(turned.clone()));
    let second = case.turn(2, 3, seconds(5));
    assert!(matches!(case.refresh(id, &second).await, Refreshed::Turned(_)));
}

async fn a_token_is_answered_again_to_the_end_of_its_grace(app: TestApp) {
    let case = Case::of(&app).await;
    let id = case.session(1).await;
    let Refreshed::Turned(turned) = case.refresh(id, &case.turn(1, 2, seconds(0))).await else { panic!("not turned") };
    for after in [seconds(0), seconds(9), GRACE] {
        // Another salt and successor: those of the one that turned are given.
        let again = case.refresh(id, &case.turn(1, 9, after)).await;
        assert_eq!(again, Refreshed::Again(turned.clone(), [2; 16]), "after {after}");
    }
    let late = case.turn(1, 9, GRACE + TimeDelta::microseconds(1));
    assert_eq!(case.refresh(id, &late).await, Refreshed::Reused(turned));
}

async fn an_old_token_is_known_as_reused(app: TestApp) {
    let case = Case::of(&app).await;
    let id = case.session(1).await;
    case.refresh(id, &case.turn(1, 2, seconds(0))).await;
    let Refreshed::Turned(turned) = case.refresh(id, &case.turn(2, 3, seconds(1))).await else { panic!("not turned") };
    // Its successor was used: it is old, however soon it comes.
    assert_eq!(case.refresh(id, &case.turn(1, 9, seconds(1))).await, Refreshed::Reused(turned.clone()));
    // The store only says so; who asked ends the session.
    assert_eq!(case.get(id, case.now).await, Some(turned));
}

async fn what_is_no_token_of_the_session_changes_nothing(app: TestApp) {
    let case = Case::of(&app).await;
    let id = case.session(1).await;
    let opened = case.get(id, case.now).await;
    let good = case.turn(1, 2, seconds(1));
    let made_up = Turn { family_hash: [8; 32], ..good.clone() };
    assert_eq!(case.refresh(id, &made_up).await, Refreshed::Unknown);
    let foreign = case.store.refresh(case.stranger, id, &good).await;
    assert_eq!(foreign.expect("an answer"), Refreshed::Unknown);
    assert_eq!(case.refresh(SessionId(Uuid::from_u128(1)), &good).await, Refreshed::Unknown);
    assert_eq!(case.get(id, case.now).await, opened);
    assert_eq!((case.listed(case.user).await, case.listed(case.stranger).await), (vec![id], vec![]));
    assert!(matches!(case.refresh(id, &good).await, Refreshed::Turned(_)));
}

async fn a_session_is_refreshed_until_it_ends_and_not_at_its_end(app: TestApp) {
    let case = Case::of(&app).await;
    let end = case.now + seconds(60);
    let id = case.open(case.user, 1, end).await.session_id;
    assert_eq!(case.refresh(id, &case.turn(1, 2, seconds(60))).await, Refreshed::Unknown);
    let last = Turn { expires_at: end + seconds(1), ..case.turn(1, 2, seconds(60) - TimeDelta::microseconds(1)) };
    assert!(matches!(case.refresh(id, &last).await, Refreshed::Turned(_)));
    // Ended, its tokens are nothing: neither the present one nor the one within its grace.
    assert_eq!(case.refresh(id, &case.turn(2, 3, seconds(61))).await, Refreshed::Unknown);
    assert_eq!(case.refresh(id, &case.turn(1, 3, seconds(61))).await, Refreshed::Unknown);
}

async fn of_twenty_at_once_one_turns_and_the_others_are_told(app: TestApp) {
    let case = &Case::of(&app).await;
    let id = case.session(1).await;
    let answers = join_all((0..20).map(|n| async move { case.refresh(id, &case.turn(1, 100 + n, seconds(1))).await }));
    let answers = answers.await;
    let turned: Vec<_> = answers.iter().filter(|answer| matches!(answer, Refreshed::Turned(_))).collect();
    assert_eq!(turned.len(), 1, "{answers:?}");
    let salts: Vec<_> = answers
        .iter()
        .filter_map(|answer| if let Refreshed::Again(_, salt) = answer { Some(*salt) } else { None })
        .collect();
    assert_eq!(salts.len(), 19, "{answers:?}");
    // The salt of the winner: its successor, which has the same number, is the one that is waited for.
    let next = Turn { presented_hash: [salts[0][0]; 32], ..case.turn(1, 2, seconds(2)) };
    assert!(matches!(case.refresh(id, &next).await, Refreshed::Turned(_)));
    assert!(salts.iter().all(|salt| *salt == salts[0]));
}

async fn a_session_is_revoked_once_by_its_owner(app: TestApp) {
    let case = Case::of(&app).await;
    let (id, other) = (case.session(1).await, case.session(2).await);
    assert!(!case.store.revoke(case.stranger, id).await.expect("an answer"));
    assert!(case.get(id, case.now).await.is_some());
    assert!(case.store.revoke(case.user, id).await.expect("an answer"));
    assert!(!case.store.revoke(case.user, id).await.expect("an answer"));
    assert!(case.get(id, case.now).await.is_none());
    assert_eq!(case.refresh(id, &case.turn(1, 2, seconds(1))).await, Refreshed::Unknown);
    assert_eq!(case.listed(case.user).await, [other]);
}

async fn all_sessions_but_one_are_revoked_however_many(app: TestApp) {
    let case = &Case::of(&app).await;
    let mut ids = join_all((1..=60).map(|n| case.session(n))).await;
    // Also what has ended and nobody has deleted yet.
    ids.push(case.open(case.user, 61, case.now).await.session_id);
    let theirs = case.open(case.stranger, 99, case.now + seconds(1)).await.session_id;
    let kept = ids.remove(30);
    let mut ended = case.store.revoke_all(case.user, Some(kept)).await.expect("revoked");
    ended.sort();
    assert_eq!(ended, ids);
    assert_eq!(case.listed(case.user).await, [kept]);
    assert_eq!(case.store.revoke_all(case.user, Some(kept)).await.expect("revoked"), []);
    assert_eq!(case.store.revoke_all(case.user, None).await.expect("revoked"), [kept]);
    assert_eq!((case.listed(case.user).await, case.listed(case.stranger).await), (vec![], vec![theirs]));
}

async fn a_refresh_brings_no_revoked_session_back(app: TestApp) {
    let case = &Case::of(&app).await;
    let ids = join_all((1..=10).map(|n| case.session(n))).await;
    join_all(ids.iter().zip(1..).map(|(id, n)| async move {
        let turn = case.turn(n, n + 100, seconds(1));
        let (refreshed, revoked) = tokio::join!(case.refresh(*id, &turn), case.store.revoke(case.user, *id));
        assert!(matches!(refreshed, Refreshed::Turned(_) | Refreshed::Unknown), "{refreshed:?}");
        assert!(revoked.expect("an answer"));
        assert!(case.get(*id, case.now).await.is_none());
    }))
    .await;
    assert_eq!(case.store.revoke_all(case.user, None).await.expect("revoked"), []);
}
