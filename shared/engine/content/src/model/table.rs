//! The tables of the world: countries, regions, eras, names, shocks, technologies, occupations, illnesses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Event, Lasting, Locale, NameOrder, Schooling};

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
    /// How common it is among those who qualify, in villages.
    pub rural_weight: u16,
    /// The same, in towns and cities.
    pub urban_weight: u16,
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
}
