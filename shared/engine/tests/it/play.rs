//! Living whole lives by dice of the test's own.

use engine::{
    Content, Life, LifeSpec, LogEntry, Mode, Mortality, OnPending, Seed, Status, Step, YearInput, advance, birth_entry,
    decide, new_life, start,
};

/// A life with everything that was written down about it.
#[derive(Debug)]
pub(crate) struct Lived {
    pub(crate) life: Life,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) steps: Vec<Step>,
}

pub(crate) fn seed(number: u64) -> Seed {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    Seed(bytes)
}

pub(crate) fn spec(content: &Content, number: u64) -> LifeSpec {
    let born: Vec<_> = content.countries().iter().filter(|country| country.valid.is_none()).collect();
    let country = born[usize::try_from(number * 7 % born.len() as u64).unwrap()];
    LifeSpec {
        name: "林安".to_owned(),
        country: country.code.clone(),
        birth_year: 1800 + u16::try_from(number * 37 % 251).unwrap(),
        gender: None,
        ethnicity: None,
        mortality: if number.is_multiple_of(3) { Mortality::Realistic } else { Mortality::Gentle },
        ranked: true,
        content_filter: Vec::new(),
    }
}

/// Lives a whole life; `choose` picks among the available options.
pub(crate) fn live(
    content: &Content,
    spec: LifeSpec,
    seed: Seed,
    mode: Mode,
    mut choose: impl FnMut(&Life, usize) -> usize,
) -> Lived {
    let life = new_life(content, spec, seed).unwrap();
    let mut lived = Lived { log: vec![birth_entry(content, &life)], life, steps: Vec::new() };
    while lived.life.status != Status::Dead {
        let life = &lived.life;
        let step = match (&life.pending, life.status) {
            (_, Status::Draft) => start(content, life),
            (Some(pending), _) => {
                let open: Vec<_> = pending.options.iter().filter(|option| option.available).collect();
                let option = open[choose(life, open.len()) % open.len()];
                decide(content, life, pending.decision_id, &option.option_id, false)
            }
            (None, _) => advance(content, life, YearInput { mode, on_pending: OnPending::Refuse }),
        };
        let step = step.unwrap();
        lived.life = step.life.clone();
        lived.log.push(step.entry.clone());
        lived.steps.push(step);
        assert!(lived.steps.len() < 2_000, "a life that never ends");
    }
    lived
}

/// The same, with options by a simple rule that differs from life to life.
pub(crate) fn live_number(content: &Content, number: u64) -> Lived {
    let mode = Mode::ALL[usize::try_from(number % 3).unwrap()];
    let mut turn = usize::try_from(number).unwrap();
    live(content, spec(content, number), seed(number), mode, move |_, _| {
        turn = turn.wrapping_mul(31).wrapping_add(7);
        turn >> 3
    })
}
