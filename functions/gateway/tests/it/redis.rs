//! The way to Redis: what a call costs on a server and on a cluster, and what happens when the way breaks.

use std::{net::SocketAddr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use platform::cache::{
    Called, Redis,
    script::{Call, Script},
};
use testkit::{
    database,
    proxy::Proxy,
    services::{Profile, RedisCluster, Sandbox},
};
use tokio::io::AsyncReadExt as _;

/// A slot of the first master, and a tag in it.
const SLOT: u16 = 5061;
const TAG: &str = "bar";

/// A script that no Redis has seen before: counts its calls under its key.
fn fresh_script() -> Script {
    let code = format!("-- {}\nreturn redis.call('INCR', KEYS[1])", uuid::Uuid::new_v4());
    Script::new("test", Box::leak(code.into_boxed_str()))
}

/// A call of it about somebody whose slot is that of `tag`; each script counts under keys of its own.
fn about<'a>(script: &'a Script, tag: &str) -> Call<'a> {
    let mut call = script.call();
    call.key(format!("rl:test:{{{tag}}}:{script:p}:{}", std::process::id()));
    call
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_315_200, 0).expect("a moment")
}

async fn run(redis: &Redis, call: &Call<'_>) -> Called<i64> {
    redis.run(noon(), call).await
}

fn called(value: i64, round_trips: u32) -> Called<i64> {
    Called { value: Some(value), round_trips }
}

fn connect(url: &str) -> Redis {
    Redis::connect_lazy(url).expect("a URL")
}

/// A proxy to the tests' Redis, and the URL through it.
async fn proxied() -> (Proxy, Redis) {
    let url = database::redis_url().await.expect("Redis");
    let (before, rest) = url.split_once('@').expect("a password");
    let (target, database) = rest.split_once('/').expect("a database");
    let proxy = Proxy::to(target.parse::<SocketAddr>().expect("an address")).await.expect("a proxy");
    let redis = connect(&format!("{before}@{}/{database}", proxy.address()));
    (proxy, redis)
}

/// A cluster that a test may break.
async fn own_cluster() -> (Sandbox, RedisCluster) {
    let start = || {
        let sandbox = Sandbox::new()?;
        let cluster = sandbox.services().redis_cluster(Profile::Test)?;
        anyhow::Ok((sandbox, cluster))
    };
    tokio::task::spawn_blocking(start).await.expect("no panic").expect("a cluster")
}

#[tokio::test]
async fn a_warm_call_is_one_round_trip_on_a_server_and_on_a_cluster() {
    let server = connect(&database::redis_url().await.expect("Redis"));
    let cluster = connect(&database::redis_cluster_url().await.expect("a cluster"));
    // A cluster is asked for its layout once; a script is sent whole once.
    for (redis, cold) in [(server, 2), (cluster, 3)] {
        let script = fresh_script();
        let call = about(&script, "somebody");
        assert_eq!(run(&redis, &call).await, called(1, cold));
        for count in 2..10 {
            assert_eq!(run(&redis, &call).await, called(count, 1));
        }
        assert!(redis.is_reachable(noon()).await);
    }
}

#[tokio::test]
async fn players_of_all_masters_are_served_in_one_round_trip() {
    let redis = connect(&database::redis_cluster_url().await.expect("a cluster"));
    let script = fresh_script();
    let players: Vec<_> = (0..100).map(|player| format!("player-{player}")).collect();
    let mut cold = 0;
    for player in &players {
        let first = run(&redis, &about(&script, player)).await;
        assert_eq!(first.value, Some(1));
        cold += first.round_trips - 1;
    }
    assert_eq!(cold, 1 + 3, "the layout once, the script once a master");
    for player in &players {
        assert_eq!(run(&redis, &about(&script, player)).await, called(2, 1));
    }
}

#[tokio::test]
async fn a_slot_that_moves_is_followed_and_every_step_is_counted() {
    let (_sandbox, cluster) = own_cluster().await;
    let redis = connect(&cluster.url);
    let [from, to, _] = cluster.masters.as_slice() else { panic!("three masters") };
    let id = |master: &testkit::services::Master| master.ask("CLUSTER MYID").expect("an id").trim().to_owned();
    assert_eq!(from.ask(&format!("CLUSTER KEYSLOT {TAG}")).expect("a slot"), SLOT.to_string());
    let script = fresh_script();
    let call = about(&script, TAG);
    assert_eq!(run(&redis, &call).await.value, Some(1));
    assert_eq!(from.ask("FLUSHALL").expect("flushed"), "OK");

    // On its way: what is not here any more is asked for there.
    to.ask(&format!("CLUSTER SETSLOT {SLOT} IMPORTING {}", id(from))).expect("importing");
    from.ask(&format!("CLUSTER SETSLOT {SLOT} MIGRATING {}", id(to))).expect("migrating");
    let asked = run(&redis, &call).await;
    assert_eq!(asked.value, Some(1));
    assert!((2..=3).contains(&asked.round_trips), "{asked:?}: refused, then asked; perhaps with the script");
    assert_eq!(run(&redis, &call).await, called(2, 2), "an ASK changes no layout");

    // Arrived: one redirection, one look at the layout, and all is as before.
    for master in [to, from] {
        master.ask(&format!("CLUSTER SETSLOT {SLOT} NODE {}", id(to))).expect("moved");
    }
    assert_eq!(run(&redis, &call).await, called(3, 2));
    assert_eq!(run(&redis, &call).await, called(4, 2));
    assert_eq!(run(&redis, &call).await, called(5, 1));
}

#[tokio::test]
async fn a_dead_master_costs_its_own_players_only() {
    let (_sandbox, cluster) = own_cluster().await;
    let redis = connect(&cluster.url);
    let script = fresh_script();
    let tags: Vec<_> = (0..60).map(|number| format!("player-{number}")).collect();
    for tag in &tags {
        assert_eq!(run(&redis, &about(&script, tag)).await.value, Some(1));
    }
    let dead = cluster.masters[1].process.clone();
    dead.signal(testkit::process::Signal::KILL).expect("killed");
    assert!(tokio::task::spawn_blocking(move || dead.wait_gone(Duration::from_secs(5))).await.expect("no panic"));
    let mut lost = 0;
    for tag in &tags {
        match run(&redis, &about(&script, tag)).await.value {
            Some(count) => assert_eq!(count, 2),
            None => lost += 1,
        }
    }
    assert!((1..50).contains(&lost), "{lost} of 60 players belonged to the dead master");
    assert!(!redis.is_reachable(noon()).await);
    // Its breaker is open, the others' are not: nothing waits, and nothing is asked in vain.
    for tag in &tags {
        let called = run(&redis, &about(&script, tag)).await;
        assert!(called.value.is_none() || called.round_trips <= 2, "{called:?}");
        assert!(called.value.is_some() || called.round_trips <= 1, "{called:?}");
    }
}

#[tokio::test]
async fn a_connection_that_died_is_replaced_within_the_call() {
    let (proxy, redis) = proxied().await;
    let script = fresh_script();
    let call = about(&script, "somebody");
    assert_eq!(run(&redis, &call).await, called(1, 2));
    for break_ in 2..5 {
        proxy.reset();
        // The reset is on its way; every call succeeds, before and after it arrives.
        while proxy.connections() < break_ {
            assert!(run(&redis, &call).await.value.is_some());
        }
    }
}

#[tokio::test]
async fn after_an_idle_spell_a_half_open_connection_costs_a_moment_and_no_call() {
    let (proxy, redis) = proxied().await;
    let script = fresh_script();
    let call = about(&script, "somebody");
    assert_eq!(run(&redis, &call).await, called(1, 2));
    proxy.strand();
    let later = noon() + TimeDelta::seconds(31);
    assert_eq!(redis.run::<i64>(later, &call).await, called(2, 2), "once in vain, once over a new connection");
    assert_eq!(proxy.connections(), 2);
    assert_eq!(redis.run::<i64>(later, &call).await, called(3, 1));
}

#[tokio::test]
async fn a_connection_that_falls_silent_in_mid_traffic_costs_one_call_and_one_second() {
    let (proxy, redis) = proxied().await;
    let script = fresh_script();
    let call = about(&script, "somebody");
    assert_eq!(run(&redis, &call).await, called(1, 2));
    proxy.strand();
    assert_eq!(run(&redis, &call).await, Called { value: None, round_trips: 1 });
    assert_eq!(run(&redis, &call).await, Called { value: None, round_trips: 0 }, "left alone");
    assert_eq!(redis.insist::<i64>(noon(), &call, 1).await, called(2, 1), "what must be said is said");
    let later = noon() + TimeDelta::milliseconds(1001);
    assert_eq!(redis.run::<i64>(later, &call).await, called(3, 1), "at once, over the new connection");
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn rediss_speaks_tls_from_the_first_byte() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    for url in [format!("rediss://localhost:{port}"), format!("rediss+cluster://localhost:{port}")] {
        let redis = connect(&url);
        let script = fresh_script();
        let call = about(&script, "somebody");
        let (called, first_byte) = tokio::join!(run(&redis, &call), async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.read_u8().await.expect("a byte")
        });
        assert_eq!(first_byte, 0x16, "a TLS handshake record");
        assert_eq!(called, Called { value: None, round_trips: 0 });
    }
}
