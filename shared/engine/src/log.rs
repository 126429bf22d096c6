//! The log of a life: every input, what came of it, and a hash chain over both.
//!
//! `hash = SHA-256(previous hash ‖ seq ‖ age ‖ rules_version ‖ content_hash ‖ input ‖ outcome)`, each part with its
//! length as eight little-endian bytes in front, so no two logs share their bytes. Entry 0 is the birth.

use content::{ContentHash, Mode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dice::Seed;
use crate::life::{LifeSpec, Standing};
use crate::record::DecisionId;

/// The version of the rules of life. Raise it with any change that alters a golden life.
pub const RULES_VERSION: u32 = 2;

/// What a player, or nobody, put in.
///
/// The chain hashes an input as it is written here: a field added later, here or in [`LifeSpec`], must be left
/// out of the JSON while it has its default, or no older log would link up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Input {
    /// The life was dealt.
    Birth {
        /// The wishes.
        spec: LifeSpec,
        /// The dice.
        seed: Seed,
    },
    /// The life began.
    Start,
    /// A year was lived.
    Year {
        /// How.
        mode: Mode,
        /// What to do with a decision still waiting.
        on_pending: OnPending,
    },
    /// A decision was taken.
    Decide {
        /// Which.
        decision_id: DecisionId,
        /// The answer.
        option_id: String,
        /// The time was up: the default is taken, whatever the answer.
        late: bool,
    },
    /// The standing plan was set, or given up for the usual one.
    Plan {
        /// The plan; nothing is what is usual.
        standing: Option<Standing>,
    },
}

/// What to do with a decision still waiting when a year is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnPending {
    /// Refuse the year.
    #[default]
    Refuse,
    /// Take the default first.
    Default,
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// 0 is the birth.
    pub seq: u32,
    /// The age at which it was written.
    pub age: u16,
    /// What was put in.
    pub input: Input,
    /// The rules it was lived under.
    pub rules_version: u32,
    /// The content it was lived under.
    pub content_hash: ContentHash,
    /// What came of it: canonical JSON.
    pub outcome: Vec<u8>,
    /// The link.
    #[serde(with = "hex_hash")]
    pub hash: [u8; 32],
}

impl LogEntry {
    pub(crate) fn new(
        previous: &[u8],
        seq: u32,
        age: u16,
        input: Input,
        content_hash: ContentHash,
        outcome: Vec<u8>,
    ) -> Self {
        let mut entry = Self { seq, age, input, rules_version: RULES_VERSION, content_hash, outcome, hash: [0; 32] };
        entry.hash = entry.link(previous);
        entry
    }

    /// The hash this entry must have after `previous`.
    #[must_use]
    pub fn link(&self, previous: &[u8]) -> [u8; 32] {
        let input = canonical(&self.input);
        let parts: [&[u8]; 7] = [
            previous,
            &self.seq.to_le_bytes(),
            &self.age.to_le_bytes(),
            &self.rules_version.to_le_bytes(),
            &self.content_hash.0,
            &input,
            &self.outcome,
        ];
        let mut sha = Sha256::new();
        for part in parts {
            sha.update((part.len() as u64).to_le_bytes());
            sha.update(part);
        }
        sha.finalize().into()
    }
}

/// The bytes of a value: JSON with fields in order of declaration and maps in order of their keys.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A hash as 64 hex digits, wherever state is written as JSON.
pub(crate) mod hex_hash {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        serializer.serialize_str(&hex)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let hex = String::deserialize(deserializer)?;
        hex.parse().map(|hash: content::ContentHash| hash.0).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::{Budget, Habits, Mortality, Plan};

    /// Logs already written hash these bytes: they can never change.
    #[test]
    fn inputs_are_written_as_ever() {
        let spec = LifeSpec {
            name: "林安".to_owned(),
            country: "CN".to_owned(),
            birth_year: 1962,
            gender: None,
            ethnicity: None,
            mortality: Mortality::Gentle,
            ranked: true,
            content_filter: vec!["war".to_owned()],
        };
        let rows = [
            (
                Input::Birth { spec, seed: Seed([0xAB; 16]) },
                r#"{"kind":"birth","spec":{"name":"林安","country":"CN","birth_year":1962,"gender":null,"ethnicity":null,"mortality":"gentle","ranked":true,"content_filter":["war"]},"seed":"abababababababababababababababab"}"#,
            ),
            (Input::Start, r#"{"kind":"start"}"#),
            (
                Input::Year { mode: Mode::Steady, on_pending: OnPending::Refuse },
                r#"{"kind":"year","mode":"steady","on_pending":"refuse"}"#,
            ),
            (
                Input::Decide { decision_id: DecisionId(7), option_id: "lend".to_owned(), late: false },
                r#"{"kind":"decide","decision_id":7,"option_id":"lend","late":false}"#,
            ),
            (Input::Plan { standing: None }, r#"{"kind":"plan","standing":null}"#),
            (
                Input::Plan {
                    standing: Some(Standing {
                        plan: Plan::usual(content::Stage::Youth),
                        habits: Habits::default(),
                        budget: Budget::USUAL,
                    }),
                },
                r#"{"kind":"plan","standing":{"plan":{"study":1,"work":4,"exercise":1,"art":0,"social":2,"family":1,"rest":1},"habits":{"sleep":"moderate","diet":"moderate","exercise":"little","drink":"none","smoke":"none"},"budget":{"living":35,"education":5,"health":10,"leisure":15,"gifts":5,"invest":10}}}"#,
            ),
        ];
        for (input, written) in rows {
            assert_eq!(String::from_utf8_lossy(&canonical(&input)), written);
        }
    }
}
