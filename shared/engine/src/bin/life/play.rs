//! Living a whole life without a player: options are taken by dice of their own.

use anyhow::Context;
use engine::{
    Content, Dice, EventRecord, Life, LifeSpec, LogEntry, Mode, Mortality, OnPending, PendingDecision, Purpose, Seed,
    Status, YearInput, advance, birth_entry, decide, new_life, start,
};

/// Who is born where and when.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Birth {
    /// 32 hex digits.
    #[arg(long, default_value = "00000000000000000000000000000001")]
    pub(crate) seed: Seed,
    /// ISO 3166-1 alpha-2; any country if absent.
    #[arg(long)]
    pub(crate) country: Option<String>,
    /// 1800-2050; any year if absent.
    #[arg(long)]
    pub(crate) year: Option<u16>,
    /// aggressive, steady or conservative.
    #[arg(long, default_value = "steady", value_parser = mode)]
    pub(crate) mode: Mode,
    /// Die as readily as the tables say.
    #[arg(long)]
    pub(crate) realistic: bool,
}

fn mode(word: &str) -> Result<Mode, String> {
    Mode::from_word(word).ok_or_else(|| format!("{word} is not a mode"))
}

impl Birth {
    /// Anybody, anywhere, at any time.
    pub(crate) const fn any(mode: Mode) -> Self {
        Self { seed: Seed([1; 16]), country: None, year: None, mode, realistic: false }
    }

    /// The seed of one of many lives.
    pub(crate) fn seed_of(&self, number: u32) -> Seed {
        let step = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Seed(u128::from_be_bytes(self.seed.0).wrapping_add(step).to_be_bytes())
    }

    /// The wishes, the open ones filled in by the seed.
    pub(crate) fn spec(&self, content: &Content) -> anyhow::Result<LifeSpec> {
        let mut roll = Dice::new(self.seed, 0).roll(Purpose::Birth, u64::MAX);
        let year = roll.between(1800, 2050);
        let year = self.year.map_or_else(|| u16::try_from(year), Ok)?;
        let born = |country: &&content::Country| country.valid.is_none_or(|(from, to)| (from..=to).contains(&year));
        let countries: Vec<_> = content.countries().iter().filter(born).collect();
        let place = usize::try_from(roll.below(countries.len() as u64))?;
        let country = self.country.clone().or_else(|| Some(countries.get(place)?.code.clone()));
        Ok(LifeSpec {
            name: "Lin".to_owned(),
            country: country.context("nobody is born in that year")?,
            birth_year: year,
            gender: None,
            ethnicity: None,
            mortality: if self.realistic { Mortality::Realistic } else { Mortality::Gentle },
            ranked: false,
            content_filter: Vec::new(),
        })
    }
}

/// A life that is over.
pub(crate) struct Lived {
    pub(crate) life: Life,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) events: Vec<EventRecord>,
}

/// Lives a life to its end; `choose` answers each decision with the place of an option, whose default is taken if it is
/// not open; `watch` sees the life after each year with what was over since it last looked.
pub(crate) fn live(
    content: &Content,
    birth: &Birth,
    choose: impl Fn(&Life, &PendingDecision) -> usize,
    mut watch: impl FnMut(&Life, &[EventRecord]),
) -> anyhow::Result<Lived> {
    let life = new_life(content, birth.spec(content)?, birth.seed)?;
    let mut lived = Lived { log: vec![birth_entry(content, &life)], life, events: Vec::new() };
    let mut seen = 0;
    while lived.life.status != Status::Dead {
        let life = &lived.life;
        let step = match (&life.pending, life.status) {
            (_, Status::Draft) => start(content, life)?,
            (Some(pending), _) => {
                let chosen = pending.options.get(choose(life, pending)).filter(|option| option.available);
                let option = chosen.map_or(&pending.default_option, |option| &option.option_id);
                decide(content, life, pending.decision_id, option, false)?
            }
            (None, _) => advance(content, life, YearInput { mode: birth.mode, on_pending: OnPending::Refuse })?,
        };
        lived.life = step.life;
        lived.log.push(step.entry);
        lived.events.extend(step.events);
        if step.year_complete {
            watch(&lived.life, &lived.events[seen..]);
            seen = lived.events.len();
        }
    }
    Ok(lived)
}
