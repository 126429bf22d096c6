//! Every country and territory a life can begin in, with what a client needs to draw a map.

use axum::routing::get;
use engine::{Content, Country, Locale};
use platform::{
    Answer, Cx, Reply, Route,
    route::{Auth, Cache, Rate},
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /api/v1/catalog/countries`.
pub const ROUTE: Route = Route::get("catalog-countries", "/api/v1/catalog/countries")
    .auth(Auth::Public)
    .rate(Rate::Public)
    .cache(Cache::Public)
    .docs(|operation| {
        operation
            .about("Countries and territories to be born in", "All of ISO 3166-1 and the Arctic station, with region, place on the map, playable years and historical names.")
            .answers_list::<CountryOut>("Sorted by code.")
            .revalidates()
    })
    .build(|| get(countries));

/// A country or territory.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountryOut<'a> {
    /// ISO 3166-1 alpha-2; `XR` for the Arctic station.
    code: &'a str,
    alpha3: &'a str,
    /// Present name, in the language asked for.
    name: &'a str,
    region: RegionOut<'a>,
    /// Degrees, north positive.
    lat: f64,
    /// Degrees, east positive.
    lon: f64,
    /// Years in which a life can begin here.
    valid_years: ValidYears,
    historical_names: Vec<HistoricalNameOut<'a>>,
}

/// A part of the world.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegionOut<'a> {
    id: &'a str,
    name: &'a str,
}

/// First and last year.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValidYears {
    from: u16,
    to: u16,
}

/// What a country was called.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoricalNameOut<'a> {
    from: u16,
    to: u16,
    name: &'a str,
}

impl<'a> CountryOut<'a> {
    fn of(content: &'a Content, locale: Locale, country: &'a Country) -> Self {
        let (from, to) = country.valid.unwrap_or((1800, 2050));
        let region = content.region(&country.region);
        let historical_names = country
            .historical
            .iter()
            .map(|old| HistoricalNameOut { from: old.from, to: old.to, name: old.name.get(locale) })
            .collect();
        Self {
            code: &country.code,
            alpha3: &country.alpha3,
            name: country.name.get(locale),
            region: RegionOut { id: &country.region, name: region.map_or("", |region| region.name.get(locale)) },
            lat: f64::from(country.lat_tenths) / 10.0,
            lon: f64::from(country.lon_tenths) / 10.0,
            valid_years: ValidYears { from, to },
            historical_names,
        }
    }
}

async fn countries(cx: Cx) -> Reply<Vec<CountryOut<'static>>> {
    let (content, locale) = (cx.content(), cx.locale());
    let all: Vec<_> = content.countries().iter().map(|country| CountryOut::of(content, locale, country)).collect();
    Ok(Answer::ok(&all)?.of_release(&cx))
}
