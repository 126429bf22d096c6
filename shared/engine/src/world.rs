//! The world by year and region, worked out once from the tables of the content so that a life's year reads one
//! row instead of searching five tables.

use std::sync::OnceLock;

use content::{BIRTH_YEARS, LAST_YEAR, Living, MAX_AGE, Rules, Society};

use crate::local::Local;
use crate::reach::Reach;
use crate::year::expected_deaths;

/// The first year of the tables: the ancestors of those born in 1800.
const FIRST_YEAR: u16 = BIRTH_YEARS.0 - 60;
/// Where the tables end, conditions go on towards these, half the way in about this many years.
const BEST_EXPECTANCY: i32 = 88;
const HALF_WAY_YEARS: i32 = 110;

/// How people live in one region in one year.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) living: Living,
    pub(crate) society: Society,
    /// Risk of death, percent of the usual, all shocks together.
    pub(crate) hazard_pct: u32,
    /// Wages, percent of the usual, all shocks together.
    pub(crate) wage_pct: u32,
}

/// Everything worked out from the rules.
#[derive(Debug)]
pub(crate) struct World {
    regions: usize,
    rows: Vec<Row>,
    /// By year and region, as the rows.
    locals: Vec<OnceLock<Local>>,
    /// What can happen to whom, where and when.
    pub(crate) reach: Reach,
    /// Deaths within a year in 100,000, by life expectancy and age.
    deaths: Vec<[u32; MAX_AGE as usize + 1]>,
}

impl World {
    pub(crate) fn new(rules: &Rules) -> Self {
        let rows = (FIRST_YEAR..=LAST_YEAR)
            .flat_map(|year| rules.regions.iter().map(move |region| row(rules, &region.id, year)));
        let ages =
            |expectancy| std::array::from_fn(|age| expected_deaths(expectancy, u16::try_from(age).unwrap_or(MAX_AGE)));
        Self {
            regions: rules.regions.len(),
            rows: rows.collect(),
            locals: std::iter::repeat_with(OnceLock::new).take(years() * rules.regions.len()).collect(),
            reach: Reach::new(rules),
            deaths: (0..=100).map(ages).collect(),
        }
    }

    pub(crate) fn row(&self, region: usize, year: u16) -> &Row {
        &self.rows[year_at(year) * self.regions + region.min(self.regions - 1)]
    }

    pub(crate) fn local(&self, rules: &Rules, region: usize, year: u16) -> &Local {
        let region = region.min(self.regions - 1);
        let local = &self.locals[year_at(year) * self.regions + region];
        local.get_or_init(|| Local::new(rules, region, year, &self.row(region, year).living))
    }

    pub(crate) fn deaths(&self, expectancy: u16, age: u16) -> u32 {
        self.deaths[usize::from(expectancy.min(100))][usize::from(age.min(MAX_AGE))]
    }
}

/// How many years the tables cover.
pub(crate) fn years() -> usize {
    usize::from(LAST_YEAR - FIRST_YEAR) + 1
}

/// The place of a year among them; what lies outside is as the nearest.
pub(crate) fn year_at(year: u16) -> usize {
    usize::from(year.clamp(FIRST_YEAR, LAST_YEAR) - FIRST_YEAR)
}

fn row(rules: &Rules, region: &str, year: u16) -> Row {
    let striking = || rules.shocks.iter().filter(|shock| shock.strikes(region, year));
    let society = rules.periods.iter().find(|period| year <= period.years.1).or(rules.periods.last());
    Row {
        living: living(rules, region, year),
        society: society.and_then(|period| period.regions.get(region)).copied().unwrap_or(Society::FALLBACK),
        hazard_pct: striking().fold(100, |percent, shock| percent * u32::from(shock.hazard_pct) / 100),
        wage_pct: striking().fold(100, |percent, shock| percent * u32::from(shock.wage_pct) / 100),
    }
}

/// Living conditions: between two anchors in proportion, beyond the last on towards the best.
fn living(rules: &Rules, region: &str, year: u16) -> Living {
    let anchored = |era: &content::Era| {
        let row = era.regions.get(region)?;
        Some((i32::from(row.as_of.or(era.anchor)?), *row))
    };
    let rows: Vec<(i32, Living)> = rules.eras.iter().filter_map(anchored).collect();
    let year = i32::from(year);
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        let era = rules.eras.iter().find(|era| year <= i32::from(era.years.1)).or(rules.eras.last());
        return era.and_then(|era| era.regions.get(region)).copied().unwrap_or(DEFAULT_LIVING);
    };
    if year <= first.0 {
        return first.1;
    }
    match rows.windows(2).find(|pair| year <= pair[1].0) {
        Some(pair) => between(&pair[0].1, &pair[1].1, year - pair[0].0, pair[1].0 - pair[0].0),
        None => between(&last.1, &best(&last.1), year - last.0, 2 * HALF_WAY_YEARS),
    }
}

/// What conditions tend to.
fn best(row: &Living) -> Living {
    let expectancy = u16::try_from(BEST_EXPECTANCY).unwrap_or(88);
    Living {
        life_expectancy: row.life_expectancy.max(expectancy),
        infant_death_pm: row.infant_death_pm.min(2),
        schooling_pct: 100,
        secondary_pct: row.secondary_pct.max(97),
        tertiary_pct: row.tertiary_pct.max(65),
        marriage_age: row.marriage_age.max(30),
        urban_pct: row.urban_pct.max(85),
        ..*row
    }
}

fn between(from: &Living, to: &Living, step: i32, run: i32) -> Living {
    let part = |a: u16, b: u16| {
        let (a, b) = (i32::from(a), i32::from(b));
        u16::try_from(a + (b - a) * step.min(run) / run.max(1)).unwrap_or(0)
    };
    Living {
        life_expectancy: part(from.life_expectancy, to.life_expectancy),
        infant_death_pm: part(from.infant_death_pm, to.infant_death_pm),
        school_start_age: part(from.school_start_age, to.school_start_age),
        schooling_pct: part(from.schooling_pct, to.schooling_pct),
        secondary_pct: part(from.secondary_pct, to.secondary_pct),
        tertiary_pct: part(from.tertiary_pct, to.tertiary_pct),
        marriage_age: part(from.marriage_age, to.marriage_age),
        wage_growth_pm: if step * 2 < run { from.wage_growth_pm } else { to.wage_growth_pm },
        urban_pct: part(from.urban_pct, to.urban_pct),
        as_of: None,
    }
}

/// Never used with linted content, which covers every region in every era.
const DEFAULT_LIVING: Living = Living {
    life_expectancy: 60,
    infant_death_pm: 60,
    school_start_age: 7,
    schooling_pct: 70,
    secondary_pct: 40,
    tertiary_pct: 10,
    marriage_age: 25,
    wage_growth_pm: 10,
    urban_pct: 40,
    as_of: None,
};
