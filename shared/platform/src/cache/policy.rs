//! What the cache keeps, by class of data: for how long, how much of it in the process, and how it makes room. Each
//! class is one environment variable such as `CACHE_GAME_STATE="ttl=60s,max_bytes=32MiB,eviction=lru,compress=lz4"`.

use std::{str::FromStr, time::Duration};

use super::{compress::Compress, l1::Eviction};

/// A class of data with a policy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Compiled content of other releases, by its hash. Immutable.
    Content,
    /// Profiles, and each player's list of characters.
    UserData,
    /// Characters' relationships.
    CharacterData,
    /// Where lives stand, with their newest events.
    GameState,
    /// Unlocks and progress.
    Achievements,
    /// Rankings and aggregates shared by many.
    Leaderboard,
}

impl Class {
    /// All of them, in the order of [`Class::index`].
    pub const ALL: [Self; 6] =
        [Self::Content, Self::UserData, Self::CharacterData, Self::GameState, Self::Achievements, Self::Leaderboard];

    /// As in keys of Redis and labels of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::UserData => "user_data",
            Self::CharacterData => "character_data",
            Self::GameState => "game_state",
            Self::Achievements => "achievements",
            Self::Leaderboard => "leaderboard",
        }
    }

    /// Its place in [`Class::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// How one class is cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// How long Redis keeps a value and its stamp, 1 s to 1 day, and at least as long as a fence can stand (11 s by
    /// default). Bounds what a failover of Redis, or a writer cut off from it, can cost; nothing else, for reads are
    /// validated.
    pub ttl: Duration,
    /// Bytes this process may hold, overhead included; 0 holds nothing.
    pub max_bytes: u64,
    /// Who goes when it is full.
    pub eviction: Eviction,
    /// Whether values are compressed in Redis and in the process.
    pub compress: Compress,
}

impl FromStr for CachePolicy {
    type Err = String;

    /// Reads `key=value` pairs separated by commas; each of the four must be there once.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut fields = Fields::default();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            fields.take(pair)?;
        }
        fields.finish()
    }
}

impl CachePolicy {
    /// As [`CachePolicy::from_str`], where what `text` leaves out is as in `default`.
    pub(crate) fn parse_over(default: &str, text: &str) -> Result<Self, String> {
        let named: Vec<_> = text.split(',').filter_map(|pair| pair.split('=').next()).map(str::trim).collect();
        let kept = default.split(',').filter(|pair| !named.iter().any(|name| pair.starts_with(&format!("{name}="))));
        kept.chain(text.split(',')).collect::<Vec<_>>().join(",").parse()
    }
}

#[derive(Default)]
struct Fields {
    ttl: Option<Duration>,
    max_bytes: Option<u64>,
    eviction: Option<Eviction>,
    compress: Option<Compress>,
}

const EXPECTED: &str = "must be like ttl=60s,max_bytes=32MiB,eviction=lru,compress=lz4, each at most once";

impl Fields {
    fn take(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').ok_or(EXPECTED)?;
        let repeated = match name {
            "ttl" => self.ttl.replace(seconds(value)?).is_some(),
            "max_bytes" => self.max_bytes.replace(bytes(value)?).is_some(),
            "eviction" => {
                self.eviction.replace(value.parse().map_err(|_| "eviction must be lru, lfu or fifo")?).is_some()
            }
            "compress" => self.compress.replace(compress(value)?).is_some(),
            _ => return Err(EXPECTED.to_owned()),
        };
        if repeated { Err(EXPECTED.to_owned()) } else { Ok(()) }
    }

    fn finish(self) -> Result<CachePolicy, String> {
        match (self.ttl, self.max_bytes, self.eviction, self.compress) {
            (Some(ttl), Some(max_bytes), Some(eviction), Some(compress)) => {
                Ok(CachePolicy { ttl, max_bytes, eviction, compress })
            }
            _ => Err(EXPECTED.to_owned()),
        }
    }
}

fn compress(text: &str) -> Result<Compress, String> {
    match text {
        "lz4" => Ok(Compress::Lz4),
        "none" => Ok(Compress::Never),
        _ => Err("compress must be lz4 or none".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.strip_suffix('s').and_then(|number| number.parse().ok());
    let seconds = seconds.filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "ttl must be 1s to 86400s".to_owned())
}

fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.find(|byte: char| !byte.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let unit = match unit {
        "" | "B" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1_u64 << 30),
        _ => None,
    };
    let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    bytes.filter(|bytes| *bytes <= 64 << 30).ok_or_else(|| "max_bytes must be 0 to 64GiB, like 32MiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "ttl=60s,max_bytes=32MiB,eviction=lru,compress=lz4";

    #[test]
    fn what_is_left_out_is_as_in_the_default() {
        let policy = CachePolicy::parse_over(DEFAULT, "max_bytes=0, eviction=fifo").expect("valid");
        assert_eq!((policy.ttl, policy.max_bytes, policy.eviction), (Duration::from_secs(60), 0, Eviction::Fifo));
        assert_eq!(CachePolicy::parse_over(DEFAULT, DEFAULT).expect("valid").max_bytes, 32 << 20);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "ttl=0s",
            "ttl=1m",
            "max_bytes=lots",
            "max_bytes=99999GiB",
            "eviction=arc",
            "compress=gzip",
            "ttl",
            "ttl=1s,ttl=2s",
            "colour=red",
        ] {
            assert!(CachePolicy::parse_over(DEFAULT, text).is_err(), "{text}");
        }
    }
}
