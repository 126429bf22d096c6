//! The tables of the world: countries, regions, eras, names, shocks, technologies, occupations, illnesses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Achievement, Event, Habit, Lasting, Locale, NameOrder, Schooling, Skill, Society, Trade};

/// Everything the rules of life need to know, free of language except for proper names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rules {
    /// Sorted by id.
    pub events: Vec<Event>,
    /// Lasting effects, sorted by id.
    pub lasting: Vec<Lasting>,
    /// Sorted by code.
    pub countries: Vec<Country>,
    /// Sorted by id.
    pub regions: Vec<Region>,
    /// In order of time, without gaps from 1800 to 2170.
    pub eras: Vec<Era>,
    /// Sorted by id.
    pub name_pools: Vec<NamePool>,
    /// Sorted by id.
    pub shocks: Vec<Shock>,
    /// Sorted by id.
    pub technologies: Vec<Technology>,
    /// Sorted by id.
    pub occupations: Vec<Occupation>,
    /// Sorted by id.
    pub illnesses: Vec<Illness>,
    /// How money, law and custom work, in order of time.
    pub periods: Vec<Period>,
    /// Ways people took when they left their country.
    pub routes: Vec<Route>,
    /// Sorted by id.
    pub achievements: Vec<Achievement>,
}

/// A proper name in every language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalName {
    /// Chinese.
    pub zh: String,
    /// English, or the romanised form.
    pub en: String,
}

impl LocalName {
    /// The name as this language writes it.
    #[must_use]
    pub fn get(&self, locale: Locale) -> &str {
        match locale {
            Locale::ZhCn => &self.zh,
            Locale::En => &self.en,
        }
    }
}

/// A country or territory of ISO 3166-1, or the Arctic station `XR`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: String,
    /// ISO 3166-1 alpha-3.
    pub alpha3: String,
    /// ISO 3166-1 numeric.
    pub numeric: u16,
    /// Present name.
    pub name: LocalName,
    /// Region id.
    pub region: String,
    /// Latitude in tenths of a degree, north positive.
    pub lat_tenths: i16,
    /// Longitude in tenths of a degree, east positive.
    pub lon_tenths: i16,
    /// Years in which a life can be born here, if not all.
    pub valid: Option<(u16, u16)>,
    /// Earlier names, in order of time.
    pub historical: Vec<HistoricalName>,
}

/// What a country was called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HistoricalName {
    /// First year.
    pub from: u16,
    /// Last year.
    pub to: u16,
    /// The name of the time.
    pub name: LocalName,
}

impl Country {
    /// The name in use in that year.
    #[must_use]
    pub fn name_in(&self, year: u16) -> &LocalName {
        self.historical.iter().find(|old| (old.from..=old.to).contains(&year)).map_or(&self.name, |old| &old.name)
    }
}

/// A part of the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Region {
    /// Stable name.
    pub id: String,
    /// Name.
    pub name: LocalName,
}

/// A span of history and how people lived in it, region by region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Era {
    /// Stable name.
    pub id: String,
    /// Name.
    pub name: LocalName,
    /// First and last year.
    pub years: (u16, u16),
    /// The year its rows describe: conditions of the years between two anchors lie between their rows. An era
    /// without an anchor is the same from its first year to its last.
    pub anchor: Option<u16>,
    /// Living conditions by region id; every region is present.
    pub regions: BTreeMap<String, Living>,
}

/// How people live in a region and era.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Living {
    /// Life expectancy at birth, years.
    pub life_expectancy: u16,
    /// Deaths in the first year, per mille.
    pub infant_death_pm: u16,
    /// Age at which school starts.
    pub school_start_age: u16,
    /// Share who start school, percent.
    pub schooling_pct: u16,
    /// Share of those who go on to secondary school, percent.
    pub secondary_pct: u16,
    /// Share of those who go on to university, percent.
    pub tertiary_pct: u16,
    /// Usual age at marriage.
    pub marriage_age: u16,
    /// Growth of real wages a year, per mille.
    pub wage_growth_pm: i16,
    /// Share living in towns and cities, percent.
    pub urban_pct: u16,
    /// The year this row describes, where it is another than its era's anchor.
    pub as_of: Option<u16>,
}

/// A span of years in which money, law and custom work alike, region by region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Period {
    /// First and last year.
    pub years: (u16, u16),
    /// By region id; every region is present.
    pub regions: BTreeMap<String, Society>,
}

/// A way people took when they left their country.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Route {
    /// First and last year.
    pub years: (u16, u16),
    /// Regions left.
    pub from: Vec<String>,
    /// Codes of the countries gone to.
    pub to: Vec<String>,
    /// How many took it, against the other routes open to them.
    pub weight: u16,
}

/// The names of a part of the world, or of single countries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NamePool {
    /// Stable name.
    pub id: String,
    /// Region ids it serves, except in countries that have a pool of their own.
    pub regions: Vec<String>,
    /// Codes of the countries it serves before any pool of their region does.
    pub countries: Vec<String>,
    /// How the parts are put together.
    pub order: NameOrder,
    /// Family names; empty where people have none.
    pub family: Vec<LocalName>,
    /// Given names of women.
    pub female: Vec<LocalName>,
    /// Given names of men.
    pub male: Vec<LocalName>,
}

/// A war, an epidemic, a crash: felt by everybody there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shock {
    /// Stable name.
    pub id: String,
    /// Name.
    pub name: LocalName,
    /// Where; empty is everywhere.
    pub regions: Vec<String>,
    /// First and last year.
    pub years: (u16, u16),
    /// Risk of death, percent of the usual.
    pub hazard_pct: u16,
    /// Wages, percent of the usual.
    pub wage_pct: u16,
}

impl Shock {
    /// Whether it is under way.
    #[must_use]
    pub fn strikes(&self, region: &str, year: u16) -> bool {
        (self.years.0..=self.years.1).contains(&year)
            && (self.regions.is_empty() || self.regions.iter().any(|id| id == region))
    }
}

/// Something that was not always there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Technology {
    /// Stable name.
    pub id: String,
    /// First year of wide availability.
    pub year: u16,
    /// Where that year was another.
    pub years: BTreeMap<String, u16>,
}

impl Technology {
    /// Whether people there could have it.
    #[must_use]
    pub fn available(&self, region: &str, year: u16) -> bool {
        year >= self.years.get(region).copied().unwrap_or(self.year)
    }
}

/// A way to earn a living.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Occupation {
    /// Stable name.
    pub id: String,
    /// Least schooling.
    pub needs: Schooling,
    /// First and last year in which people take it up.
    pub years: (u16, u16),
    /// Pay, percent of the local median wage.
    pub wage_pct: u16,
    /// Pay by year where it changed with the times: years in order, percent between them in proportion.
    pub wages: Vec<(u16, u16)>,
    /// How common it is among those who qualify, in villages.
    pub rural_weight: u16,
    /// The same, in towns and cities.
    pub urban_weight: u16,
    /// The kind of work.
    pub trade: Trade,
    /// What makes one good at it.
    pub skill: Skill,
    /// Least skill to be taken on, 0-100.
    pub least_skill: u8,
    /// How often one can be promoted, 0-4.
    pub ranks: u8,
    /// Risk of death while in it, percent of the usual.
    pub hazard_pct: u16,
    /// The year from which women were let in.
    pub women_from: u16,
    /// The year from which men took it up.
    pub men_from: u16,
    /// On one's own account: nobody dismisses or promotes, and the market decides.
    pub own_account: bool,
    /// Only in these regions, unless empty.
    pub regions: Vec<String>,
}

/// An illness or an injury.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Illness {
    /// Stable name.
    pub id: String,
    /// How long it lasts; 0 is for life.
    pub years: u16,
    /// Risk of death while it lasts, percent of the usual.
    pub hazard_pct: u16,
    /// Physical health lost each year.
    pub physical: i16,
    /// Mental health lost each year.
    pub mental: i16,
    /// What it is called when it kills.
    pub cause: String,
    /// How it comes of itself, if it does.
    pub onset: Option<Onset>,
    /// What medicine can do about it, the best last.
    pub treatments: Vec<Treatment>,
}

/// How often an illness comes of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Onset {
    /// First and last age.
    pub ages: (u16, u16),
    /// New cases a year in 100,000 people, at the first and at the last age.
    pub per_100k: (u32, u32),
    /// First and last year.
    pub years: (u16, u16),
    /// Only in these regions, unless empty.
    pub regions: Vec<String>,
    /// Three times as likely in the families where it runs.
    pub hereditary: bool,
    /// The habit that makes it likelier.
    pub habit: Option<Habit>,
    /// Stress makes it likelier.
    pub stress: bool,
    /// A technology that all but ends it.
    pub prevented_by: Option<String>,
}

/// What medicine can do about an illness.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Treatment {
    /// The technology it takes.
    pub tech: String,
    /// How much of the harm it takes away, percent.
    pub relief_pct: u16,
    /// Chance in percent, each year, that it cures.
    pub cure_pct: u16,
    /// Days of wages it costs a year, before any insurance.
    pub cost_days: u16,
}
