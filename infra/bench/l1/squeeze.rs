//! Compression of real game states: bytes before and after, and the time it takes.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use engine::{Content, EventRecord, Life, LifeSpec, Mode, OnPending, Seed, Status, YearInput};

use crate::compress::{Compress, pack, unpack};

const AGES: [u16; 4] = [0, 20, 40, 80];
/// Lives that are measured at each age.
const LIVES: usize = 50;
const ROUNDS: u32 = 20;

/// One way to compress, and back.
struct Codec {
    name: &'static str,
    pack: fn(&[u8]) -> Result<Vec<u8>>,
    unpack: fn(&[u8], usize) -> Result<Vec<u8>>,
}

const CODECS: [Codec; 4] = [
    Codec {
        name: "none",
        pack: |value| Ok(pack(value, Compress::Never).into()),
        unpack: |packed, size| Ok(unpack(packed, size)?.into()),
    },
    Codec {
        name: "lz4",
        pack: |value| Ok(pack(value, Compress::Lz4).into()),
        unpack: |packed, size| Ok(unpack(packed, size)?.into()),
    },
    Codec { name: "zstd 1", pack: |value| Ok(zstd::bulk::compress(value, 1)?), unpack: zstd_back },
    Codec { name: "zstd 3", pack: |value| Ok(zstd::bulk::compress(value, 3)?), unpack: zstd_back },
];

fn zstd_back(packed: &[u8], size: usize) -> Result<Vec<u8>> {
    Ok(zstd::bulk::decompress(packed, size)?)
}

pub(crate) fn measure() -> Result<()> {
    println!("\ncompression of game states, means of {LIVES} lives; ns an operation");
    println!("{:10}{:8}{:>8}{:>8}{:>8}{:>8}", "age", "", "bytes", "packed", "pack", "unpack");
    for age in AGES {
        report(&age.to_string(), &states(age)?)?;
    }
    // Where it begins to pay: pieces of a middle-aged life.
    for size in [256, 512, 1024, 2048] {
        let pieces: Vec<_> = states(40)?.iter().filter_map(|state| state.get(..size).map(<[u8]>::to_vec)).collect();
        for codec in CODECS.iter().filter(|codec| codec.name.starts_with("zstd 1")) {
            row(&format!("first {size}"), codec, &pieces)?;
        }
        let lz4 = Codec {
            name: "lz4",
            pack: |value| Ok(lz4_flex::block::compress(value)),
            unpack: |packed, size| Ok(lz4_flex::block::decompress(packed, size)?),
        };
        row(&format!("first {size}"), &lz4, &pieces)?;
    }
    Ok(())
}

fn report(age: &str, states: &[Vec<u8>]) -> Result<()> {
    CODECS.iter().try_for_each(|codec| row(age, codec, states))
}

fn row(age: &str, codec: &Codec, states: &[Vec<u8>]) -> Result<()> {
    let (mut packed_bytes, mut pack_ns, mut unpack_ns) = (0, 0.0, 0.0);
    for state in states {
        let packed = (codec.pack)(state)?;
        ensure!((codec.unpack)(&packed, state.len())? == *state, "{} gives back something else", codec.name);
        packed_bytes += packed.len();
        pack_ns += nanos(|| (codec.pack)(black_box(state)))?;
        unpack_ns += nanos(|| (codec.unpack)(black_box(&packed), state.len()))?;
    }
    let of = |sum: f64| sum / states.len() as f64;
    let bytes: usize = states.iter().map(Vec::len).sum();
    println!(
        "{age:10}{:8}{:8.0}{:8.0}{:8.0}{:8.0}",
        codec.name,
        of(bytes as f64),
        of(packed_bytes as f64),
        of(pack_ns),
        of(unpack_ns)
    );
    Ok(())
}

/// The quickest of the rounds.
fn nanos(mut run: impl FnMut() -> Result<Vec<u8>>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        black_box(run()?);
        best = best.min(started.elapsed().as_nanos() as f64);
    }
    Ok(best)
}

/// States as they are stored: JSON of the life and of the events of its last move.
fn states(age: u16) -> Result<Vec<Vec<u8>>> {
    let lives = (0_u128..).filter_map(|seed| live_to(age, Seed(seed.to_be_bytes())).transpose());
    lives.take(LIVES).map(|lived| lived.and_then(|(life, recent)| encode(&life, &recent))).collect()
}

fn encode(life: &Life, recent: &[EventRecord]) -> Result<Vec<u8>> {
    let (life, recent) = (serde_json::to_string(life)?, serde_json::to_string(recent)?);
    Ok(format!(r#"{{"life":{life},"recent":{recent}}}"#).into_bytes())
}

/// A life at this age, unless it ends before.
fn live_to(age: u16, seed: Seed) -> Result<Option<(Life, Vec<EventRecord>)>> {
    let content = Content::builtin();
    let spec = LifeSpec {
        name: "李明".into(),
        country: "CN".into(),
        birth_year: 1950,
        gender: None,
        ethnicity: None,
        mortality: Default::default(),
        ranked: true,
        content_filter: Vec::new(),
    };
    let mut step = engine::start(content, &engine::new_life(content, spec, seed)?)?;
    while u16::from(step.life.age) < age || !step.year_complete {
        if step.life.status == Status::Dead {
            return Ok(None);
        }
        step = engine::advance(content, &step.life, YearInput { mode: Mode::Steady, on_pending: OnPending::Default })?;
    }
    Ok(Some((step.life, step.events)))
}
