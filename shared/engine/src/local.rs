//! What the tables come to in one region in one year, worked out when a life is first lived there and then: which
//! illnesses are about and what medicine can do, who can find what work.

use std::sync::OnceLock;

use content::{Gender, Habit, Illness, Living, Occupation, Onset, Rules, Schooling, Settlement, Treatment};

use crate::content::tech;

/// The tables of a region and a year.
#[derive(Debug)]
pub(crate) struct Local {
    /// Illnesses that come of themselves.
    pub(crate) endemic: Vec<Endemic>,
    /// The best treatment of each illness, by place among its treatments.
    best: Vec<Option<usize>>,
    /// Work open to each kind of applicant, once one has looked for it.
    work: [OnceLock<Openings>; OPENINGS],
    region: usize,
    year: u16,
}

/// An illness that is about: how often it comes to whom.
#[derive(Debug)]
pub(crate) struct Endemic {
    /// Its place among the illnesses.
    pub(crate) illness: usize,
    /// First and last age.
    pub(crate) ages: (u16, u16),
    /// New cases a year in 100,000 people, at the first and at the last age.
    pub(crate) per_100k: (u64, u64),
    pub(crate) hereditary: bool,
    pub(crate) habit: Option<Habit>,
    pub(crate) stress: bool,
    /// Infections live on poverty, and on their time: in fortieths of the usual.
    pub(crate) of_poverty: Option<u64>,
    /// Something all but ends it.
    pub(crate) prevented: bool,
}

impl Endemic {
    fn new(place: usize, illness: &Illness, onset: &Onset, living: &Living, prevented: bool) -> Self {
        let infectious = matches!(illness.cause.as_str(), "infection" | "respiratory") && illness.hazard_pct > 150;
        let short_lives = 80_u64.saturating_sub(living.life_expectancy.into()).clamp(4, 55);
        Self {
            illness: place,
            ages: onset.ages,
            per_100k: (onset.per_100k.0.into(), onset.per_100k.1.into()),
            hereditary: onset.hereditary,
            habit: onset.habit,
            stress: onset.stress,
            of_poverty: infectious.then_some(short_lives),
            prevented,
        }
    }
}

/// Work open to a kind of applicant, in the order of the rules.
#[derive(Debug)]
pub(crate) struct Openings {
    pub(crate) all: Vec<Opening>,
    /// The weights of all together, skills unknown.
    pub(crate) total: u64,
}

/// Work open to a kind of applicant.
#[derive(Debug)]
pub(crate) struct Opening {
    /// Its place among the occupations.
    pub(crate) occupation: usize,
    /// How common it is among such people.
    pub(crate) common: u64,
    /// The weights up to and with this one, skills unknown.
    pub(crate) up_to: u64,
}

/// What is taken for the skill of somebody whose skills are unknown, and what is added to any.
const USUAL_SKILL: u64 = 30;
const ANY_SKILL: u64 = 40;

impl Opening {
    /// How often somebody so skilled takes the work up.
    pub(crate) fn weight(&self, skill: u8) -> u64 {
        self.common * (ANY_SKILL + u64::from(skill))
    }
}

impl Local {
    pub(crate) fn new(rules: &Rules, region: usize, year: u16, living: &Living) -> Self {
        let id = rules.regions[region].id.as_str();
        let has = |name: &String| tech(rules, name).is_some_and(|tech| tech.available(id, year));
        let best = |illness: &Illness| illness.treatments.iter().rposition(|treatment| has(&treatment.tech));
        Self {
            endemic: (0..)
                .zip(&rules.illnesses)
                .filter_map(|(place, illness)| {
                    let onset = illness.onset.as_ref()?;
                    let here = (onset.years.0..=onset.years.1).contains(&year)
                        && (onset.regions.is_empty() || onset.regions.iter().any(|other| other == id));
                    let prevented = onset.prevented_by.as_ref().is_some_and(has);
                    here.then(|| Endemic::new(place, illness, onset, living, prevented))
                })
                .collect(),
            best: rules.illnesses.iter().map(best).collect(),
            work: [const { OnceLock::new() }; OPENINGS],
            region,
            year,
        }
    }

    /// The best that medicine can do about an illness.
    pub(crate) fn treatment<'c>(&self, illness: &'c Illness, place: usize) -> Option<&'c Treatment> {
        illness.treatments.get((*self.best.get(place)?)?)
    }

    /// Work open to people of that schooling and gender there.
    pub(crate) fn openings(&self, rules: &Rules, schooling: Schooling, gender: Gender, home: Settlement) -> &Openings {
        let town = usize::from(home != Settlement::Village);
        let kind = (schooling as usize * 2 + gender as usize) * 2 + town;
        let region = rules.regions[self.region].id.as_str();
        self.work[kind].get_or_init(|| Openings::new(rules, region, self.year, kind))
    }
}

/// Kinds of applicants: by schooling, gender, village or town.
const OPENINGS: usize = Schooling::ALL.len() * Gender::ALL.len() * 2;

impl Openings {
    fn new(rules: &Rules, region: &str, year: u16, kind: usize) -> Self {
        let (schooling, gender) = (Schooling::ALL[kind / 4], Gender::ALL[kind / 2 % 2]);
        let (mut all, mut total) = (Vec::new(), 0);
        for (occupation, work) in rules.occupations.iter().enumerate() {
            let common = common(work, region, year, schooling, gender, kind.is_multiple_of(2));
            if common > 0 {
                total += common * (ANY_SKILL + USUAL_SKILL);
                all.push(Opening { occupation, common, up_to: total });
            }
        }
        Self { all, total }
    }
}

/// How common work is among such people there and then; 0 if it is not open to them.
fn common(work: &Occupation, region: &str, year: u16, schooling: Schooling, gender: Gender, rural: bool) -> u64 {
    let let_in = match gender {
        Gender::Female => work.women_from,
        Gender::Male => work.men_from,
    };
    let here = work.regions.is_empty() || work.regions.iter().any(|id| id == region);
    if year < let_in || !here || work.needs > schooling || !(work.years.0..=work.years.1).contains(&year) {
        return 0;
    }
    // Schooling that was paid for is usually used.
    let fitting = if work.needs == schooling { 4 } else { 1 };
    fitting * u64::from(if rural { work.rural_weight } else { work.urban_weight })
}
