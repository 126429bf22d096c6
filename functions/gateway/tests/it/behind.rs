//! Looks into Redis, and changes what is there, behind the back of the application.

use redis::FromRedisValue;
use secrecy::ExposeSecret as _;
use testkit::app::TestApp;

/// Redis forgets this deployment.
pub(crate) async fn forget_all(app: &TestApp) {
    let _: Vec<i64> = on_every_key(app, "return redis.call('DEL', KEYS[1])", "").await;
}

/// Redis forgets what it knew of sessions.
pub(crate) async fn forget_sessions(app: &TestApp) {
    let keys: Vec<i64> = on_keys(app, ":sid:", "return redis.call('DEL', KEYS[1])", "").await;
    assert!(!keys.is_empty(), "nothing was known of sessions");
}

/// All that Redis holds of a player: `<key> = <content>`.
pub(crate) async fn held_of(app: &TestApp, player: &str) -> Vec<String> {
    let script = "local content
        if redis.call('TYPE', KEYS[1]).ok == 'hash' then
            content = table.concat(redis.call('HGETALL', KEYS[1]), ' ')
        else
            content = redis.call('GET', KEYS[1])
        end
        return KEYS[1] .. ' = ' .. content";
    on_keys(app, &format!("{{{player}}}"), script, "").await
}

/// A fence on every stamp that ends `seconds` from now.
pub(crate) async fn fence_all(app: &TestApp, seconds: i64) {
    let script = "if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
        local deadline = (redis.call('TIME')[1] + ARGV[1]) * 1000000
        redis.call('HDEL', KEYS[1], 'v', 'fill')
        return redis.call('HSET', KEYS[1], 'f:dead', string.format('%.0f', deadline))";
    let _: Vec<i64> = on_every_key(app, script, &seconds.to_string()).await;
}

/// How many fences stand, those that outlived their deadline included.
pub(crate) async fn fences(app: &TestApp) -> i64 {
    let script = "if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
        local fences = 0
        for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
            if string.sub(name, 1, 2) == 'f:' then fences = fences + 1 end
        end
        return fences";
    on_every_key::<i64>(app, script, "").await.into_iter().sum()
}

/// All stamps end this soon.
pub(crate) async fn stamps_end_in(app: &TestApp, milliseconds: u32) {
    let script = "return redis.call('PEXPIRE', KEYS[1], ARGV[1])";
    let _: Vec<i64> = on_every_key(app, script, &milliseconds.to_string()).await;
}

/// Every value keeps its version and becomes something that nobody can read.
pub(crate) async fn spoil_values(app: &TestApp) {
    let script = "if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return 0 end
        local version = string.match(redis.call('GET', KEYS[1]), '^%d+ ')
        redis.call('SET', KEYS[1], version .. 'spoilt', 'KEEPTTL')
        return 1";
    let spoilt: Vec<i64> = on_every_key(app, script, "").await;
    assert!(spoilt.contains(&1), "no value is cached");
}

/// Every key but what is known of sessions and of who is about: these stories are about lives.
async fn on_every_key<T: FromRedisValue>(app: &TestApp, script: &str, argument: &str) -> Vec<T> {
    let answers = on_keys(app, "", script, argument).await;
    assert!(!answers.is_empty(), "nothing is cached");
    answers
}

#[expect(clippy::disallowed_methods, reason = "the test looks into Redis behind the back of the application")]
async fn on_keys<T: FromRedisValue>(app: &TestApp, with: &str, script: &str, argument: &str) -> Vec<T> {
    let config = app.ctx().config();
    let url = config.redis_url.as_ref().expect("a Redis").expose_secret();
    let client = redis::Client::open(url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let pattern = format!("rl:{}:*", config.redis_namespace);
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.expect("keys");
    let is_of_a_life = |key: &String| !key.contains(":sid:") && !key.contains(":active:");
    let wanted = |key: &String| if with.is_empty() { is_of_a_life(key) } else { key.contains(with) };
    let mut answers = Vec::new();
    for key in keys.into_iter().filter(wanted) {
        let script = redis::Script::new(script);
        answers.push(script.key(key).arg(argument).invoke_async(&mut connection).await.expect("done"));
    }
    answers
}
