//! What can be said of an event when only a little is known of a life: whether that little already rules it out.
//!
//! Conditions are read with three answers: yes, no, and "depends on what is not known". A set built from this may hold an
//! event too many, never one too few.

use content::{Cond, Event, Fact, Gender, Num, Quantity, Rules, Settlement, Stage, Terrain};

use crate::reach::Standing;

/// The little that is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'a> {
    pub(crate) age: Option<u16>,
    /// Year and region; `rules` must be at hand.
    pub(crate) spot: Option<(u16, &'a str)>,
    pub(crate) rules: Option<&'a Rules>,
    pub(crate) country: Option<&'a str>,
    pub(crate) home: Option<(Settlement, Terrain)>,
    pub(crate) standing: Option<Standing>,
    /// Nothing of note has happened this year.
    pub(crate) quiet: bool,
}

impl Known<'_> {
    /// Whether the event is possible, for all that is known.
    pub(crate) fn allows(&self, event: &Event) -> bool {
        self.in_scope(event) && event.when.as_ref().is_none_or(|when| self.holds(when) != Some(false))
    }

    fn in_scope(&self, event: &Event) -> bool {
        let scope = &event.scope;
        let within = |(from, to): (u16, u16), number: u16| (from..=to).contains(&number);
        let among = |list: &[String], id: &str| list.iter().any(|other| other == id);
        self.age.is_none_or(|age| within(scope.ages, age))
            && self.spot.is_none_or(|(year, region)| {
                within(scope.years, year)
                    && (scope.regions.is_empty() || among(&scope.regions, region))
                    && !among(&scope.not_regions, region)
            })
            && self.home.is_none_or(|(settlement, terrain)| {
                (scope.terrain.is_empty() || scope.terrain.contains(&terrain))
                    && !scope.not_terrain.contains(&terrain)
                    && (scope.settlement.is_empty() || scope.settlement.contains(&settlement))
            })
    }

    /// What the condition comes to, if what is known decides it.
    fn holds(&self, cond: &Cond) -> Option<bool> {
        match cond {
            Cond::Const(holds) => Some(*holds),
            Cond::Not(inner) => self.holds(inner).map(|holds| !holds),
            Cond::And(left, right) => either(self.holds(left), self.holds(right), false),
            Cond::Or(left, right) => either(self.holds(left), self.holds(right), true),
            Cond::Compare(left, op, right) => Some(op.holds(self.number(left)?, self.number(right)?)),
            Cond::Stage(stage) => self.age.map(|age| Stage::of_age(age) == *stage),
            Cond::Settlement(size) => self.home.map(|(settlement, _)| settlement == *size),
            Cond::Terrain(land) => self.home.map(|(_, terrain)| terrain == *land),
            Cond::Gender(gender) => self.standing.map(|known| known.facts()[0] == (*gender == Gender::Male)),
            Cond::Is(fact) => self.fact(*fact),
            Cond::News(_) => self.quiet.then_some(false),
            Cond::Job(_) | Cond::Trade(_) => self.standing.and_then(|known| (!known.facts()[1]).then_some(false)),
            Cond::Shock(id) => self.spot.zip(self.rules).map(|((year, region), rules)| {
                rules.shocks.iter().any(|shock| shock.id == *id && shock.strikes(region, year))
            }),
            Cond::Tech(id) => self.spot.zip(self.rules).map(|((year, region), rules)| {
                rules.technologies.iter().any(|tech| tech.id == *id && tech.available(region, year))
            }),
            Cond::InRegion(ids) => self.spot.map(|(_, region)| ids.iter().any(|id| id == region)),
            Cond::InCountry(codes) => self.country.map(|country| codes.iter().any(|code| code == country)),
            Cond::Mode(_)
            | Cond::Happened(_)
            | Cond::Lasting(_)
            | Cond::Flag(_)
            | Cond::Condition(_)
            | Cond::Any(..)
            | Cond::All(..)
            | Cond::Person(..) => None,
        }
    }

    fn fact(&self, fact: Fact) -> Option<bool> {
        match fact {
            Fact::Rural => self.home.map(|(settlement, _)| settlement == Settlement::Village),
            Fact::Coastal => self.home.map(|(_, terrain)| matches!(terrain, Terrain::Coast | Terrain::Island)),
            Fact::Employed => self.standing.map(|known| known.facts()[1]),
            Fact::Retired => self.standing.map(|known| known.facts()[2]),
            Fact::Enrolled => self.standing.map(|known| known.facts()[3]),
            Fact::Married => self.standing.map(|known| known.facts()[4]),
            Fact::OwnAccount => self.standing.and_then(|known| (!known.facts()[1]).then_some(false)),
            Fact::Abroad => None,
        }
    }

    fn number(&self, num: &Num) -> Option<i32> {
        match num {
            Num::Const(number) => Some(*number),
            Num::Of(Quantity::Age) => self.age.map(i32::from),
            Num::Of(Quantity::Year) => self.spot.map(|(year, _)| year.into()),
            Num::Of(Quantity::JobYears | Quantity::JobRank) => self.standing.and_then(|known| (!known.facts()[1]).then_some(0)),
            Num::Add(left, right) => Some(self.number(left)?.saturating_add(self.number(right)?)),
            Num::Sub(left, right) => Some(self.number(left)?.saturating_sub(self.number(right)?)),
            Num::Mul(left, right) => Some(self.number(left)?.saturating_mul(self.number(right)?)),
            Num::Of(_) | Num::Person(..) | Num::YearsAgo(_) | Num::Count(_) => None,
        }
    }
}

/// Two answers, of which one that is `decisive` is enough.
fn either(left: Option<bool>, right: Option<bool>, decisive: bool) -> Option<bool> {
    if left == Some(decisive) || right == Some(decisive) {
        return Some(decisive);
    }
    left.and(right)
}
