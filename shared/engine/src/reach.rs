//! Which events a year can bring at all.
//!
//! Of hundreds of events a few dozen are possible for a life of that age, in that year, there. For each such fact alone
//! the events it allows are worked out once, as a set of bits, when a life first needs it; a year lays the sets over one
//! another and asks only the events that are left.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use content::{Cond, Event, EventIx, MAX_AGE, News, RelationSet, Rules, Settlement, Terrain, Tier};

use crate::foresee::{Known, company_needed, undecided};
use crate::life::Life;
use crate::world::{year_at, years};

/// Events, a bit for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventSet(Box<[u64]>);

impl EventSet {
    /// The events of which this is so.
    fn of(events: &[Event], allows: impl Fn(&Event) -> bool) -> Self {
        let word = |chunk: &[Event]| {
            chunk.iter().enumerate().fold(0, |word, (bit, event)| word | u64::from(allows(event)) << bit)
        };
        Self(events.chunks(64).map(word).collect())
    }

    pub(crate) fn contains(&self, ix: EventIx) -> bool {
        let (word, bit) = place(ix);
        self.0[word] & bit != 0
    }

    fn insert(&mut self, ix: EventIx) {
        let (word, bit) = place(ix);
        self.0[word] |= bit;
    }

    pub(crate) fn remove(&mut self, ix: EventIx) {
        let (word, bit) = place(ix);
        self.0[word] &= !bit;
    }

    pub(crate) fn remove_all(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(word, other)| *word &= !other);
    }
}

fn place(ix: EventIx) -> (usize, u64) {
    (usize::from(ix.0 / 64), 1 << (ix.0 % 64))
}

/// Events that are possible only while the others of theirs have not happened this year.
#[derive(Debug, Default)]
struct Rivals {
    groups: BTreeMap<String, EventSet>,
    quotas: BTreeMap<String, EventSet>,
}

/// Where and how a life is lived, as far as sets of events are kept for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) age: u16,
    pub(crate) year: u16,
    /// The place of the region among the regions.
    pub(crate) region: usize,
    /// The place of the country among the countries; their number for one that is not among them.
    pub(crate) country: usize,
    pub(crate) home: (Settlement, Terrain),
    pub(crate) standing: Standing,
    pub(crate) news: &'a [News],
    /// The relations of all who are known, living or dead.
    pub(crate) company: RelationSet,
}

/// What somebody is to others and to the law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing(u8);

impl Standing {
    /// How many there are.
    const COUNT: u8 = 32;

    pub(crate) fn of(life: &Life) -> Self {
        let facts = [
            life.gender == content::Gender::Male,
            life.career.is_some(),
            life.retired,
            life.education.enrolled.is_some(),
            life.spouse().is_some(),
        ];
        Self(facts.iter().rev().fold(0, |bits, fact| bits << 1 | u8::from(*fact)))
    }

    pub(crate) const fn facts(self) -> [bool; 5] {
        [self.0 & 1 != 0, self.0 & 2 != 0, self.0 & 4 != 0, self.0 & 8 != 0, self.0 & 16 != 0]
    }
}

/// For each fact, the events it allows.
#[derive(Debug)]
pub(crate) struct Reach {
    regions: usize,
    tiers: Vec<EventSet>,
    ages: Vec<OnceLock<EventSet>>,
    /// By year and region.
    spots: Vec<OnceLock<EventSet>>,
    countries: Vec<OnceLock<EventSet>>,
    /// By terrain and settlement.
    homes: Vec<OnceLock<EventSet>>,
    standings: Vec<OnceLock<EventSet>>,
    /// What is possible in a year without news, and by kind of news what asks for it.
    quiet: EventSet,
    told: Vec<EventSet>,
    rivals: Rivals,
    /// What may happen whatever the country of birth, and what may not.
    anywhere: EventSet,
    bound: Vec<EventIx>,
    /// By event, what no set decides.
    left: Vec<Left>,
}

/// What is left to ask once every set has been asked.
#[derive(Debug)]
pub(crate) struct Left {
    /// Nothing is: nobody has to be found for it, and every set agrees.
    pub(crate) is_bare: bool,
    /// All of these must hold.
    pub(crate) conds: Vec<Cond>,
    /// Somebody of each of these must be known.
    company: Vec<RelationSet>,
}

impl Left {
    fn of(event: &Event) -> Self {
        let conds = event.when.as_ref().map(undecided).unwrap_or_default();
        Self { is_bare: conds.is_empty() && event.slots.is_empty(), company: company_needed(event, &conds), conds }
    }
}

fn unknown(count: usize) -> Vec<OnceLock<EventSet>> {
    std::iter::repeat_with(OnceLock::new).take(count).collect()
}

impl Reach {
    pub(crate) fn new(rules: &Rules) -> Self {
        let events = &rules.events;
        let told =
            |news: &News| EventSet::of(events, |event| event.when.as_ref().is_some_and(|when| asks(when, *news)));
        Self {
            regions: rules.regions.len(),
            tiers: Tier::ALL.iter().map(|tier| EventSet::of(events, |event| event.scope.tier == *tier)).collect(),
            ages: unknown(usize::from(MAX_AGE) + 1),
            spots: unknown(years() * rules.regions.len()),
            countries: unknown(rules.countries.len() + 1),
            homes: unknown(Terrain::ALL.len() * Settlement::ALL.len()),
            standings: unknown(Standing::COUNT.into()),
            quiet: EventSet::of(events, |event| Known { quiet: true, ..Known::default() }.allows(event)),
            told: News::ALL.iter().map(told).collect(),
            rivals: Rivals::of(events),
            anywhere: EventSet::of(events, |event| event.scope.born_in.is_empty()),
            bound: (0..)
                .map(EventIx)
                .zip(events)
                .filter(|(_, event)| !event.scope.born_in.is_empty())
                .map(|(ix, _)| ix)
                .collect(),
            left: events.iter().map(Left::of).collect(),
        }
    }

    /// The events of a tier, or of any, that these circumstances and the life so far allow, in the order of the rules.
    pub(crate) fn possible<'a>(
        &'a self,
        rules: &'a Rules,
        now: &Circumstances<'a>,
        open: &'a EventSet,
        tier: Tier,
    ) -> impl Iterator<Item = EventIx> + use<'a> {
        let sets = self.sets(rules, now);
        let (tier, news) = (&self.tiers[tier as usize], now.news);
        let word = move |place: usize| {
            let open = tier.0[place] & open.0[place];
            if open == 0 {
                return 0;
            }
            let told = news.iter().fold(self.quiet.0[place], |any, news| any | self.told[*news as usize].0[place]);
            sets.iter().fold(open & told, |all, set| all & set.0[place])
        };
        let company = now.company;
        let events = (0..open.0.len()).flat_map(move |place| Bits { first: place * 64, word: word(place) });
        events.filter(move |ix| self.left(*ix).company.iter().all(|needed| needed.meets(company)))
    }

    /// What is left to ask about an event once every set has been asked.
    pub(crate) fn left(&self, ix: EventIx) -> &Left {
        &self.left[usize::from(ix.0)]
    }

    /// Whether these circumstances allow an event, of whatever tier.
    pub(crate) fn allows(&self, rules: &Rules, now: &Circumstances<'_>, ix: EventIx) -> bool {
        self.sets(rules, now).iter().all(|set| set.contains(ix))
            && (self.quiet.contains(ix) || now.news.iter().any(|news| self.told[*news as usize].contains(ix)))
    }

    fn sets<'a>(&'a self, rules: &'a Rules, now: &Circumstances<'_>) -> [&'a EventSet; 5] {
        let set = |set: &'a OnceLock<EventSet>, known: Known<'a>| {
            set.get_or_init(|| EventSet::of(&rules.events, |event| known.allows(event)))
        };
        let (age, year) = (now.age.min(MAX_AGE), year_at(now.year));
        let (settlement, terrain) = now.home;
        let country = rules.countries.get(now.country).map_or("", |country| country.code.as_str());
        let home = terrain as usize * Settlement::ALL.len() + settlement as usize;
        let spot =
            Known { spot: Some((now.year, &rules.regions[now.region].id)), rules: Some(rules), ..Known::default() };
        [
            set(&self.ages[usize::from(age)], Known { age: Some(age), ..Known::default() }),
            set(&self.spots[year * self.regions + now.region], spot),
            set(&self.countries[now.country], Known { country: Some(country), ..Known::default() }),
            set(&self.homes[home], Known { home: Some(now.home), ..Known::default() }),
            set(
                &self.standings[usize::from(now.standing.0)],
                Known { standing: Some(now.standing), ..Known::default() },
            ),
        ]
    }

    /// What may ever happen in a life of this birth and these wishes.
    pub(crate) fn of_birth(&self, rules: &Rules, life: &Life) -> EventSet {
        let spec = &life.spec;
        let mut set = self.anywhere.clone();
        let born = |ix: &&EventIx| rules.events[usize::from(ix.0)].scope.born_in.contains(&spec.country);
        self.bound.iter().filter(born).for_each(|ix| set.insert(*ix));
        if !spec.content_filter.is_empty() {
            let spared = |event: &Event| event.sensitivity.iter().any(|tag| spec.content_filter.contains(tag));
            set.remove_all(&EventSet::of(&rules.events, spared));
        }
        set
    }

    /// Takes away what cannot happen in the same year as something of that group or quota.
    pub(crate) fn use_up(&self, open: &mut EventSet, group: Option<&str>, quota: Option<&str>) {
        let rivals = [group.and_then(|id| self.rivals.groups.get(id)), quota.and_then(|id| self.rivals.quotas.get(id))];
        rivals.into_iter().flatten().for_each(|rivals| open.remove_all(rivals));
    }
}

impl Rivals {
    fn of(events: &[Event]) -> Self {
        let mut rivals = Self::default();
        for event in events {
            let limits = &event.limits;
            if let Some(id) = &limits.exclusive_group {
                let set = || EventSet::of(events, |other| other.limits.exclusive_group.as_ref() == Some(id));
                rivals.groups.entry(id.clone()).or_insert_with(set);
            }
            if let Some(id) = &limits.quota {
                let set = || EventSet::of(events, |other| other.limits.quota.as_ref() == Some(id));
                rivals.quotas.entry(id.clone()).or_insert_with(set);
            }
        }
        rivals
    }
}

/// Whether the condition speaks of that news.
fn asks(cond: &Cond, news: News) -> bool {
    match cond {
        Cond::News(kind) => *kind == news,
        Cond::Not(inner) | Cond::Any(_, inner) | Cond::All(_, inner) => asks(inner, news),
        Cond::And(left, right) | Cond::Or(left, right) => asks(left, news) || asks(right, news),
        _ => false,
    }
}

/// The events of one word, in order.
struct Bits {
    first: usize,
    word: u64,
}

impl Iterator for Bits {
    type Item = EventIx;

    fn next(&mut self) -> Option<EventIx> {
        if self.word == 0 {
            return None;
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        u16::try_from(self.first + bit).ok().map(EventIx)
    }
}

#[cfg(test)]
mod tests {
    use content::Mode;

    use super::*;
    use crate::year::Turn;
    use crate::{
        Content, LifeSpec, Mortality, OnPending, Seed, Status, YearInput, advance, new_life, obstacles, start,
    };

    /// Sets and full asking are two ways to one answer: what is asked of an event is written down once for each.
    #[test]
    fn what_a_set_leaves_out_could_not_happen_if_it_were_asked_in_full() {
        let content = Content::builtin();
        let (mut left_in, mut left_out) = (0, 0);
        for (number, (country, birth_year)) in
            [(1, ("CN", 1962)), (2, ("GB", 1850)), (3, ("NG", 1985)), (4, ("BR", 1930)), (5, ("IN", 2010))]
        {
            let spec = LifeSpec {
                name: "Lin".to_owned(),
                country: country.to_owned(),
                birth_year,
                gender: None,
                ethnicity: None,
                mortality: Mortality::Gentle,
                ranked: false,
                content_filter: Vec::new(),
            };
            let mut life = new_life(content, spec, Seed([number; 16])).unwrap();
            life = start(content, &life).unwrap().life;
            while life.status == Status::Alive {
                if life.age.is_multiple_of(6) {
                    let turn = Turn::new(content, life.clone());
                    for ix in (0..content.rules().events.len()).map(|place| EventIx(u16::try_from(place).unwrap())) {
                        if content.world().reach.allows(content.rules(), &turn.circumstances(), ix) {
                            left_in += 1;
                            continue;
                        }
                        left_out += 1;
                        let id = &content.event(ix).id;
                        let found = obstacles(content, &life, id).unwrap();
                        assert!(found.iter().any(|it| it.what != "limits"), "{id} at {} in {}", life.age, life.year);
                    }
                }
                let input = YearInput { mode: Mode::Steady, on_pending: OnPending::Default };
                life = advance(content, &life, input).unwrap().life;
            }
        }
        assert!(left_in > 1_000 && left_out > left_in, "{left_in} and {left_out}");
    }
}
