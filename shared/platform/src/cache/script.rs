//! Lua scripts, the only commands that requests send: one script is one round trip, whatever it does.

use redis::{Cmd, ToRedisArgs};

use super::slot;

/// A script, known to Redis by its SHA-1.
#[derive(Debug)]
pub struct Script {
    code: &'static str,
    sha: String,
    repeatable: bool,
}

impl Script {
    /// A script that does no harm when it runs twice: it is sent again when a connection dies under it.
    pub fn repeatable(code: &'static str) -> Self {
        Self { repeatable: true, ..Self::once(code) }
    }

    /// A script that is never sent again after it may have run.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes scripts")]
    pub fn once(code: &'static str) -> Self {
        let sha = redis::Script::new(code).get_hash().to_owned();
        Self { code, sha, repeatable: false }
    }

    /// A call of it on a first key. In a cluster this key decides which node answers.
    pub fn on(&self, key: &str) -> Call<'_> {
        Call { script: self, slot: slot::of(key.as_bytes()), keys: vec![key.to_owned()], args: Vec::new() }
    }
}

/// One call of a script with its keys and arguments.
#[derive(Debug)]
pub struct Call<'a> {
    script: &'a Script,
    slot: u16,
    keys: Vec<String>,
    args: Vec<Vec<u8>>,
}

impl Call<'_> {
    /// With one more key.
    ///
    /// # Panics
    /// In debug builds, when the key is in another slot than the first: a cluster would refuse the call (CROSSSLOT).
    /// So every test against a single server proves this for clusters, too.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        debug_assert_eq!(slot::of(key.as_bytes()), self.slot, "{key} and {} are in different slots", self.keys[0]);
        self.keys.push(key.to_owned());
        self
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl ToRedisArgs) -> Self {
        arg.write_redis_args(&mut self.args);
        self
    }

    /// The slot of its keys.
    pub(super) fn slot(&self) -> u16 {
        self.slot
    }

    /// Whether it may be sent again after it may have run.
    pub(super) fn is_repeatable(&self) -> bool {
        self.script.repeatable
    }

    /// The call by the script's hash: the normal case.
    pub(super) fn evalsha(&self) -> Cmd {
        self.command("EVALSHA", &self.script.sha)
    }

    /// The call with the whole script, for a Redis that does not know it (and knows it from then on).
    pub(super) fn eval(&self) -> Cmd {
        self.command("EVAL", self.script.code)
    }

    #[expect(clippy::disallowed_methods, reason = "this module owns every command")]
    fn command(&self, verb: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(verb);
        command.arg(script).arg(self.keys.len()).arg(&self.keys).arg(&self.args);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "different slots")]
    fn keys_of_two_players_cannot_meet_in_one_call() {
        let _ = Script::once("return 1").on("rl:test:{a}:stamp").key("rl:test:{b}:stamp");
    }

    #[test]
    fn keys_of_one_player_can() {
        let script = Script::once("return 1");
        let call = script.on("rl:test:{a}:stamp").key("rl:test:{a}:rate:play").arg(7).arg("x");
        let packed = call.evalsha().get_packed_command();
        let text = String::from_utf8(packed).expect("text");
        let words: Vec<_> = text.lines().filter(|line| !line.starts_with(['*', '$'])).collect();
        let sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
        assert_eq!(words, ["EVALSHA", sha, "2", "rl:test:{a}:stamp", "rl:test:{a}:rate:play", "7", "x"]);
    }
}
