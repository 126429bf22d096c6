//! Lua scripts, the only commands that requests send: one script is one round trip, whatever it does.

use redis::{Cmd, ToRedisArgs};

use super::{active::Seen, slot};

/// A script, known to Redis by its SHA-1.
///
/// Every script must bear to run twice with the same keys and arguments: a connection may die between the script and
/// its answer, and then the call is sent again.
#[derive(Debug)]
pub struct Script {
    name: &'static str,
    code: &'static str,
    sha: String,
}

impl Script {
    /// A script; its name is for traces.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes scripts")]
    pub fn new(name: &'static str, code: &'static str) -> Self {
        Self { name, code, sha: redis::Script::new(code).get_hash().to_owned() }
    }

    /// A call of it, still without keys and arguments.
    pub fn call(&self) -> Call<'_> {
        Call { script: self, slot: None, keys: Vec::new(), args: Vec::new(), replicas: 0, seen: None }
    }
}

/// One call of a script with its keys and arguments.
#[derive(Debug)]
pub struct Call<'a> {
    script: &'a Script,
    slot: Option<u16>,
    keys: Vec<String>,
    args: Vec<Vec<u8>>,
    replicas: u8,
    seen: Option<Seen>,
}

impl Call<'_> {
    /// With one more key. The first one decides which node of a cluster answers.
    ///
    /// # Panics
    /// In debug builds, when the key is in another slot than the first: a cluster would refuse the call (CROSSSLOT).
    /// So every test against a single server proves this for clusters, too.
    pub fn key(&mut self, key: impl Into<String>) -> &mut Self {
        let key = key.into();
        let own = slot::of(key.as_bytes());
        let slot = *self.slot.get_or_insert(own);
        debug_assert_eq!(slot, own, "{key} and {} are in different slots", self.keys[0]);
        self.keys.push(key);
        self
    }

    /// With one more argument.
    pub fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        arg.write_redis_args(&mut self.args);
        self
    }

    /// Counts as done only when so many replicas have it, too: a failover to one of them then forgets nothing of it.
    pub fn confirmed_by(&mut self, replicas: u8) -> &mut Self {
        self.replicas = replicas;
        self
    }

    /// Says in the same round trip that a player is there; whether that is heard changes nothing.
    pub fn seeing(&mut self, seen: Seen) -> &mut Self {
        self.seen = Some(seen);
        self
    }

    /// Who is said to be there.
    pub(super) fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    /// The script's name.
    pub(crate) fn name(&self) -> &'static str {
        self.script.name
    }

    /// How many replicas must have it.
    pub(super) fn replicas(&self) -> u8 {
        self.replicas
    }

    /// The slot of its keys; any will do for a call without keys.
    pub(super) fn slot(&self) -> u16 {
        self.slot.unwrap_or_default()
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
        Script::new("one", "return 1").call().key("rl:test:{a}:stamp").key("rl:test:{b}:stamp");
    }

    #[test]
    fn a_call_is_by_hash_until_redis_asks_for_the_code() {
        let script = Script::new("one", "return 1");
        let mut call = script.call();
        call.key("rl:test:{a}:stamp").arg(7).key("rl:test:{a}:rate:play").arg("x");
        let words = |command: Cmd| {
            let text = String::from_utf8(command.get_packed_command()).expect("text");
            text.lines().filter(|line| !line.starts_with(['*', '$'])).map(str::to_owned).collect::<Vec<_>>()
        };
        let rest = ["2", "rl:test:{a}:stamp", "rl:test:{a}:rate:play", "7", "x"];
        let sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
        assert_eq!(words(call.evalsha()), [["EVALSHA", sha].as_slice(), &rest].concat());
        assert_eq!(words(call.eval()), [["EVAL", "return 1"].as_slice(), &rest].concat());
    }
}
