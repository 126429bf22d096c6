//! Compression of real game states: bytes before and after, and the time it takes.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use engine::{Content, EventRecord, Life, LifeSpec, Mode, OnPending, Seed, Status, YearInput};
use zstd::bulk::{Compressor, Decompressor};

use crate::compress::{Compress, pack, unpack};

const AGES: [u16; 4] = [0, 20, 40, 80];
/// Lives that are measured at each age.
const LIVES: usize = 50;
const ROUNDS: u32 = 20;
/// Bytes of the beginnings, to see from where on it pays.
const SIZES: [usize; 4] = [256, 512, 1024, 2048];

type Pack = Box<dyn FnMut(&[u8]) -> Result<Vec<u8>>>;
type Unpack = Box<dyn FnMut(&[u8], usize) -> Result<Vec<u8>>>;

/// One way to compress, and back. Contexts are kept from call to call.
struct Codec {
    name: &'static str,
    pack: Pack,
    unpack: Unpack,
}

/// What ships.
fn ours(name: &'static str, how: Compress) -> Codec {
    Codec {
        name,
        pack: Box::new(move |value| Ok(pack(value, how).into())),
        unpack: Box::new(|packed, size| Ok(unpack(packed, size)?.into())),
    }
}

/// LZ4 blocks of any size, however little that helps.
fn lz4() -> Codec {
    Codec {
        name: "lz4",
        pack: Box::new(|value| Ok(lz4_flex::block::compress(value))),
        unpack: Box::new(|packed, size| Ok(lz4_flex::block::decompress(packed, size)?)),
    }
}

fn zstd(name: &'static str, level: i32) -> Result<Codec> {
    let (mut there, mut back) = (Compressor::new(level)?, Decompressor::new()?);
    Ok(Codec {
        name,
        pack: Box::new(move |value| Ok(there.compress(value)?)),
        unpack: Box::new(move |packed, size| Ok(back.decompress(packed, size)?)),
    })
}

pub(crate) fn measure() -> Result<()> {
    println!("\ncompression of game states, means of {LIVES} lives; ns an operation");
    println!("{:12}{:8}{:>8}{:>8}{:>8}{:>8}", "age", "", "bytes", "packed", "pack", "unpack");
    let (none, packed) = (ours("none", Compress::Never), ours("lz4", Compress::Lz4));
    let mut codecs = [none, packed, zstd("zstd 1", 1)?, zstd("zstd 3", 3)?];
    for age in AGES {
        let states = states(age)?;
        codecs.iter_mut().try_for_each(|codec| row(&age.to_string(), codec, &states))?;
    }
    // Where it begins to pay: beginnings of a middle-aged life.
    let (mut codecs, whole) = ([lz4(), zstd("zstd 1", 1)?], states(40)?);
    for size in SIZES {
        let pieces: Vec<_> = whole.iter().filter_map(|state| state.get(..size).map(<[u8]>::to_vec)).collect();
        codecs.iter_mut().try_for_each(|codec| row(&format!("first {size}"), codec, &pieces))?;
    }
    Ok(())
}

fn row(what: &str, codec: &mut Codec, states: &[Vec<u8>]) -> Result<()> {
    let (mut packed_bytes, mut pack_ns, mut unpack_ns) = (0, 0.0, 0.0);
    for state in states {
        let packed = (codec.pack)(state)?;
        ensure!((codec.unpack)(&packed, state.len())? == *state, "{} gives back something else", codec.name);
        packed_bytes += packed.len();
        pack_ns += nanos(|| (codec.pack)(black_box(state)))?;
        unpack_ns += nanos(|| (codec.unpack)(black_box(&packed), state.len()))?;
    }
    let bytes: usize = states.iter().map(Vec::len).sum();
    let means = [bytes as f64, packed_bytes as f64, pack_ns, unpack_ns].map(|sum| sum / states.len() as f64);
    println!("{what:12}{:8}{}", codec.name, means.map(|mean| format!("{mean:8.0}")).concat());
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
    while step.life.age < age || !step.year_complete {
        if step.life.status == Status::Dead {
            return Ok(None);
        }
        step = engine::advance(content, &step.life, YearInput { mode: Mode::Steady, on_pending: OnPending::Default })?;
    }
    Ok(Some((step.life, step.events)))
}
