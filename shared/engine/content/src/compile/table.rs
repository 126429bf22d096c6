//! The tables of the world.

use std::collections::BTreeMap;

use super::achievement;
use super::ids::{Ids, Kind};
use super::reader::{Fields, Node};
use super::report::Rule;
use super::society;
use super::source::Document;
use super::trade::{illness, occupation};
use crate::model::{
    Country, Era, HistoricalName, LAST_YEAR, Living, LocalName, NameOrder, NamePool, Region, Rules, Shock, Technology,
};

/// Reads every table into the rules; mistakes go to the report.
pub(super) fn read(documents: &[Document<'_>], ids: &Ids<'_>, rules: &mut Rules) {
    for document in documents {
        let root = document.fields();
        match document.file() {
            "rules/regions.toml" => rules.regions = rows(&root, region),
            "rules/countries.toml" => {
                rules.countries =
                    root.need("country").map(|list| list.list_of(|row| country(row, ids))).unwrap_or_default();
                rules.countries.sort_by(|a, b| a.code.cmp(&b.code));
                root.finish();
            }
            "rules/eras.toml" => {
                rules.eras = root.need("era").map(|list| list.list_of(|row| era(row, ids))).unwrap_or_default();
                root.finish();
            }
            "rules/names.toml" => rules.name_pools = rows(&root, |id, fields| name_pool(id, fields, ids)),
            "rules/shocks.toml" => rules.shocks = rows(&root, |id, fields| shock(id, fields, ids)),
            "rules/technologies.toml" => rules.technologies = rows(&root, |id, fields| technology(id, fields, ids)),
            "rules/occupations.toml" => rules.occupations = rows(&root, |id, fields| occupation(id, fields, ids)),
            "rules/conditions.toml" => rules.illnesses = rows(&root, |id, fields| illness(id, fields, ids)),
            "rules/achievements.toml" => achievement::read(&root, ids, rules),
            "rules/society.toml" => society::read(root, ids, rules),
            _ => {}
        }
    }
}

/// The rows of a table whose keys are ids, sorted by id.
pub(super) fn rows<T>(root: &Fields<'_>, read: impl Fn(&str, &Fields<'_>) -> Option<T>) -> Vec<T> {
    let mut sorted: Vec<_> = root.entries().collect();
    sorted.sort_by_key(|(_, id, _)| *id);
    let read_row = |id: &str, node: Node<'_>| {
        let fields = node.fields()?;
        let row = read(id, &fields);
        fields.finish();
        row
    };
    sorted.into_iter().filter_map(|(_, id, node)| read_row(id, node)).collect()
}

/// A list of ids that must exist.
pub(super) fn references(node: Option<Node<'_>>, kind: Kind, ids: &Ids<'_>) -> Vec<String> {
    let resolve = |item: Node<'_>| ids.resolve(kind, item.string()?, item.at());
    node.map(|list| list.list_of(resolve)).unwrap_or_default()
}

fn local_name(fields: &Fields<'_>, zh: &'static str, en: &'static str) -> Option<LocalName> {
    let (zh, en) = (fields.need(zh), fields.need(en));
    Some(LocalName { zh: zh?.string()?.to_owned(), en: en?.string()?.to_owned() })
}

fn name(fields: &Fields<'_>) -> Option<LocalName> {
    let inner = fields.need("name")?.fields()?;
    let name = local_name(&inner, "zh-CN", "en");
    inner.finish();
    name
}

fn region(id: &str, fields: &Fields<'_>) -> Option<Region> {
    Some(Region { id: id.to_owned(), name: name(fields)? })
}

fn country(row: Node<'_>, ids: &Ids<'_>) -> Option<Country> {
    let fields = row.fields()?;
    let (code, alpha3) = (fields.need("code"), fields.need("alpha3"));
    let (numeric, region) = (fields.need("numeric"), fields.need("region"));
    let (lat, lon) = (fields.need("lat"), fields.need("lon"));
    let country = Country {
        code: code?.string()?.to_owned(),
        alpha3: alpha3?.string()?.to_owned(),
        numeric: numeric?.word("a number of up to three digits", |digits| digits.parse().ok())?,
        name: name(&fields)?,
        region: region.and_then(|node| ids.resolve(Kind::Region, node.string()?, node.at()))?,
        lat_tenths: lat?.tenths()?,
        lon_tenths: lon?.tenths()?,
        valid: fields.get("valid").and_then(Node::range),
        historical: fields.get("historical").map(|list| list.list_of(historical_name)).unwrap_or_default(),
    };
    fields.finish();
    Some(country)
}

fn historical_name(row: Node<'_>) -> Option<HistoricalName> {
    let fields = row.fields()?;
    let (from, to) = (fields.need("from"), fields.need("to"));
    let name = local_name(&fields, "zh-CN", "en");
    fields.finish();
    Some(HistoricalName { from: from?.int()?, to: to?.int()?, name: name? })
}

fn era(row: Node<'_>, ids: &Ids<'_>) -> Option<Era> {
    let fields = row.fields()?;
    let (id, years) = (fields.need("id"), fields.need("years"));
    let default = fields.get("default").and_then(|node| living(node, None));
    let table = fields.get("region").and_then(Node::fields);
    let mut regions = BTreeMap::new();
    for (at, region, node) in table.iter().flat_map(Fields::entries) {
        if let (Some(region), Some(living)) = (ids.resolve(Kind::Region, region, at), living(node, default)) {
            regions.insert(region, living);
        }
    }
    for region in ids.all(Kind::Region) {
        match default {
            Some(living) => _ = regions.entry(region.to_owned()).or_insert(living),
            None if regions.contains_key(region) => {}
            None => row.report(Rule::Coverage, format!("the era says nothing about {region}")),
        }
    }
    let anchor = fields.get("anchor").and_then(|node| node.int_in(1700, LAST_YEAR));
    let era = Era { id: id?.string()?.to_owned(), name: name(&fields)?, years: years?.range()?, anchor, regions };
    fields.finish();
    Some(era)
}

/// A row of living conditions; what it leaves out is taken from the default.
fn living(node: Node<'_>, default: Option<Living>) -> Option<Living> {
    let fields = node.fields()?;
    let number = |key: &'static str, fallback: Option<u16>, high: u16| match fallback {
        None => fields.need(key)?.int_in(0, high),
        Some(_) => fields.get(key).map_or(fallback, |node| node.int_in(0, high)),
    };
    let growth = match default {
        None => fields.need("wage_growth_pm").and_then(|node| node.int_in(-50, 100)),
        Some(row) => fields.get("wage_growth_pm").map_or(Some(row.wage_growth_pm), |node| node.int_in(-50, 100)),
    };
    let read = [
        number("life_expectancy", default.map(|row| row.life_expectancy), 95),
        number("infant_death_pm", default.map(|row| row.infant_death_pm), 600),
        number("school_start_age", default.map(|row| row.school_start_age), 12),
        number("schooling_pct", default.map(|row| row.schooling_pct), 100),
        number("secondary_pct", default.map(|row| row.secondary_pct), 100),
        number("tertiary_pct", default.map(|row| row.tertiary_pct), 100),
        number("marriage_age", default.map(|row| row.marriage_age), 45),
        number("urban_pct", default.map(|row| row.urban_pct), 100),
    ];
    let as_of = fields.get("as_of").and_then(|node| node.int_in(1700, LAST_YEAR));
    fields.finish();
    Some(Living {
        as_of,
        life_expectancy: read[0]?,
        infant_death_pm: read[1]?,
        school_start_age: read[2]?,
        schooling_pct: read[3]?,
        secondary_pct: read[4]?,
        tertiary_pct: read[5]?,
        marriage_age: read[6]?,
        wage_growth_pm: growth?,
        urban_pct: read[7]?,
    })
}

fn name_pool(id: &str, fields: &Fields<'_>, ids: &Ids<'_>) -> Option<NamePool> {
    let names = |key: &'static str| -> Vec<LocalName> {
        let row = |node: Node<'_>| {
            let fields = node.fields()?;
            let name = local_name(&fields, "zh", "en");
            fields.finish();
            name
        };
        fields.need(key).map(|list| list.list_of(row)).unwrap_or_default()
    };
    let pool = NamePool {
        id: id.to_owned(),
        regions: references(fields.get("regions"), Kind::Region, ids),
        countries: references(fields.get("countries"), Kind::Country, ids),
        order: fields.need("order")?.word("an order of names", NameOrder::from_word)?,
        family: names("family"),
        female: names("female"),
        male: names("male"),
    };
    if pool.regions.is_empty() && pool.countries.is_empty() {
        fields.report(Rule::MissingKey, "a pool needs regions or countries");
    }
    if pool.female.is_empty() || pool.male.is_empty() {
        fields.report(Rule::BadValue, "a pool needs given names for women and for men");
        return None;
    }
    Some(pool)
}

fn shock(id: &str, fields: &Fields<'_>, ids: &Ids<'_>) -> Option<Shock> {
    let (years, hazard, wage) = (fields.need("years"), fields.need("hazard_pct"), fields.need("wage_pct"));
    Some(Shock {
        id: id.to_owned(),
        name: name(fields)?,
        regions: references(fields.get("regions"), Kind::Region, ids),
        years: years?.range()?,
        hazard_pct: hazard?.int_in(50, 1000)?,
        wage_pct: wage?.int_in(10, 200)?,
    })
}

fn technology(id: &str, fields: &Fields<'_>, ids: &Ids<'_>) -> Option<Technology> {
    let table = fields.get("years").and_then(Node::fields);
    let years = table
        .iter()
        .flat_map(Fields::entries)
        .filter_map(|(at, region, node)| Some((ids.resolve(Kind::Region, region, at)?, node.int_in(0, LAST_YEAR)?)));
    Some(Technology { id: id.to_owned(), years: years.collect(), year: fields.need("year")?.int_in(0, LAST_YEAR)? })
}
