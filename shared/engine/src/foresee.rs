//! What can be said of an event when only a little is known of a life: whether that little already rules it out.
//!
//! Conditions are read with three answers: yes, no, and "depends on what is not known". A set built from this may hold an
//! event too many, never one too few.

use content::{
    Cond, Event, Fact, Gender, Missing, Num, Quantity, RelationSet, Rules, Settlement, SlotSource, Stage, Terrain,
};

use crate::content::tech;

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
            Cond::Tech(id) => self
                .spot
                .zip(self.rules)
                .map(|((year, region), rules)| tech(rules, id).is_some_and(|tech| tech.available(region, year))),
            Cond::InRegion(ids) => self.spot.map(|(_, region)| ids.iter().any(|id| id == region)),
            Cond::InCountry(codes) => self.country.map(|country| codes.iter().any(|code| code == country)),
            Cond::Mode(_)
            | Cond::Happened(_)
            | Cond::Lasting(_)
            | Cond::Flag(_)
            | Cond::Condition(_)
            | Cond::BornIn(_)
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
            Fact::Abroad | Fact::Over => None,
        }
    }

    fn number(&self, num: &Num) -> Option<i32> {
        match num {
            Num::Const(number) => Some(*number),
            Num::Of(Quantity::Age) => self.age.map(i32::from),
            Num::Of(Quantity::Year) => self.spot.map(|(year, _)| year.into()),
            Num::Of(Quantity::JobYears | Quantity::JobRank) => {
                self.standing.and_then(|known| (!known.facts()[1]).then_some(0))
            }
            Num::Add(left, right) => Some(self.number(left)?.saturating_add(self.number(right)?)),
            Num::Sub(left, right) => Some(self.number(left)?.saturating_sub(self.number(right)?)),
            Num::Mul(left, right) => Some(self.number(left)?.saturating_mul(self.number(right)?)),
            Num::Of(_) | Num::Person(..) | Num::YearsAgo(_) | Num::Count(_) | Num::Met(_) => None,
        }
    }
}

/// Facts for which sets of events are kept, as bits; whatever a condition asks beyond them is `OTHER`.
mod asks {
    pub(super) const AGE: u8 = 1;
    pub(super) const SPOT: u8 = 2;
    pub(super) const COUNTRY: u8 = 4;
    pub(super) const HOME: u8 = 8;
    pub(super) const STANDING: u8 = 16;
    pub(super) const OTHER: u8 = 128;
}

/// What is left to ask of a condition once every set has been asked: the parts of it that no single set decides.
pub(crate) fn undecided(when: &Cond) -> Vec<Cond> {
    match when {
        Cond::And(left, right) => [undecided(left), undecided(right)].concat(),
        part => {
            let facts = facts_of(part);
            let decided = facts & asks::OTHER == 0 && facts.count_ones() <= 1;
            if decided { Vec::new() } else { vec![part.clone()] }
        }
    }
}

/// The facts that a condition asks for.
fn facts_of(cond: &Cond) -> u8 {
    match cond {
        Cond::Const(_) => 0,
        Cond::Not(inner) => facts_of(inner),
        Cond::And(left, right) | Cond::Or(left, right) => facts_of(left) | facts_of(right),
        Cond::Compare(left, _, right) => facts_of_number(left) | facts_of_number(right),
        Cond::Stage(_) => asks::AGE,
        Cond::Settlement(_) | Cond::Terrain(_) | Cond::Is(Fact::Rural | Fact::Coastal) => asks::HOME,
        Cond::Gender(_) | Cond::Is(Fact::Employed | Fact::Retired | Fact::Enrolled | Fact::Married) => asks::STANDING,
        Cond::Shock(_) | Cond::Tech(_) | Cond::InRegion(_) => asks::SPOT,
        Cond::InCountry(_) => asks::COUNTRY,
        _ => asks::OTHER,
    }
}

fn facts_of_number(num: &Num) -> u8 {
    match num {
        Num::Const(_) => 0,
        Num::Of(Quantity::Age) => asks::AGE,
        Num::Of(Quantity::Year) => asks::SPOT,
        Num::Add(left, right) | Num::Sub(left, right) | Num::Mul(left, right) => {
            facts_of_number(left) | facts_of_number(right)
        }
        _ => asks::OTHER,
    }
}

/// The relations of which somebody must be known, each as a set of which one is enough.
pub(crate) fn company_needed(event: &Event, undecided: &[Cond]) -> Vec<RelationSet> {
    let slots = event.slots.iter().filter_map(|slot| match &slot.source {
        SlotSource::Find { among, or: Missing::Skip, .. } => Some(*among),
        _ => None,
    });
    let asked = undecided.iter().filter_map(|cond| match cond {
        Cond::Any(among, _) => Some(*among),
        _ => None,
    });
    slots.chain(asked).collect()
}

/// Two answers, of which one that is `decisive` is enough.
fn either(left: Option<bool>, right: Option<bool>, decisive: bool) -> Option<bool> {
    if left == Some(decisive) || right == Some(decisive) {
        return Some(decisive);
    }
    left.and(right)
}
