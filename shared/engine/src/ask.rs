//! Asking a life an author's question.

use content::{Cond, Ever, Fact, Num, PersonFact, PersonQuantity, Quantity, Relation, Settlement, Terrain, Who};

use crate::content::Content;
use crate::life::{Life, Person, PersonId, Seen};

/// Years since an event that never happened.
const NEVER: i32 = 999;
/// Days of work in a month.
const DAYS_PER_MONTH: i64 = 30;

/// A life about to be asked, with the people in an event's slots.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) content: &'a Content,
    pub(crate) life: &'a Life,
    pub(crate) mode: content::Mode,
    /// In the order of the event's slots.
    pub(crate) slots: &'a [Option<PersonId>],
    /// The person under consideration.
    pub(crate) this: Option<&'a Person>,
    /// What has happened, by event.
    pub(crate) seen: &'a [Seen],
}

/// An event that never happened.
pub(crate) const NOTHING_SEEN: Seen = Seen { count: 0, last_year: 0 };

/// What has happened in a life, by event.
pub(crate) fn seen_by(content: &Content, life: &Life) -> Vec<Seen> {
    let mut seen = vec![NOTHING_SEEN; content.rules().events.len()];
    for (id, times) in &life.history {
        if let Some(ix) = content.event_ix(id) {
            seen[usize::from(ix.0)] = *times;
        }
    }
    seen
}

impl<'a> Asked<'a> {
    /// The same life, about one person.
    pub(crate) fn about(&self, person: &'a Person) -> Self {
        Self { this: Some(person), ..*self }
    }

    pub(crate) fn holds(&self, cond: &Cond) -> bool {
        let life = self.life;
        match cond {
            Cond::Const(holds) => *holds,
            Cond::Not(inner) => !self.holds(inner),
            Cond::And(left, right) => self.holds(left) && self.holds(right),
            Cond::Or(left, right) => self.holds(left) || self.holds(right),
            Cond::Compare(left, op, right) => op.holds(self.number(left), self.number(right)),
            Cond::Stage(stage) => life.stage == *stage,
            Cond::Settlement(settlement) => life.place.settlement == *settlement,
            Cond::Terrain(terrain) => life.place.terrain == *terrain,
            Cond::Gender(gender) => life.gender == *gender,
            Cond::Mode(mode) => self.mode == *mode,
            Cond::Is(fact) => self.fact(*fact),
            Cond::Happened(event) => self.seen(*event).is_some(),
            Cond::News(news) => life.news.contains(news),
            Cond::Job(ids) => life.career.as_ref().is_some_and(|career| ids.contains(&career.id)),
            Cond::Trade(trade) => self.occupation().is_some_and(|occupation| occupation.trade == *trade),
            Cond::Lasting(id) => life.lasting.contains_key(id),
            Cond::Flag(id) => life.flags.contains(id),
            Cond::Shock(id) => self.shock(id),
            Cond::Tech(id) => self.tech(id),
            Cond::Condition(id) => life.health.conditions.iter().any(|ailment| ailment.id == *id),
            Cond::InRegion(ids) => ids.contains(&life.place.region),
            Cond::BornIn(ids) => {
                self.content.country(&life.spec.country).is_some_and(|country| ids.contains(&country.region))
            }
            Cond::InCountry(codes) => codes.contains(&life.place.country),
            Cond::Any(among, inner) => self.living(*among).any(|person| self.about(person).holds(inner)),
            Cond::All(among, inner) => self.living(*among).all(|person| self.about(person).holds(inner)),
            Cond::Person(who, fact) => self.who(*who).is_some_and(|person| match fact {
                PersonFact::Alive => person.is_alive(),
                PersonFact::Gender(gender) => person.gender == *gender,
            }),
        }
    }

    pub(crate) fn number(&self, num: &Num) -> i32 {
        match num {
            Num::Const(number) => *number,
            Num::Of(quantity) => self.quantity(*quantity),
            Num::Person(who, quantity) => self.who(*who).map_or(0, |person| match quantity {
                PersonQuantity::Age => person.age_in(self.life.year).into(),
                PersonQuantity::Intimacy => person.intimacy.into(),
                PersonQuantity::Trust => person.trust.into(),
                PersonQuantity::Support => person.support.into(),
            }),
            Num::YearsAgo(event) => self.seen(*event).map_or(NEVER, |seen| (self.life.year - seen.last_year).into()),
            Num::Met(among) => count(self.life.persons.iter().filter(|person| among.contains(person.relation))),
            Num::Count(among) => count(self.living(*among)),
            Num::Add(left, right) => self.number(left).saturating_add(self.number(right)),
            Num::Sub(left, right) => self.number(left).saturating_sub(self.number(right)),
            Num::Mul(left, right) => self.number(left).saturating_mul(self.number(right)),
        }
    }

    fn quantity(&self, quantity: Quantity) -> i32 {
        let life = self.life;
        match quantity {
            Quantity::Age => life.age.into(),
            Quantity::Year => life.year.into(),
            Quantity::Attr(kind) => life.attributes.get(kind).into(),
            Quantity::Skill(kind) => life.skills.get(kind).into(),
            Quantity::Trait(kind) => life.traits.get(kind).into(),
            Quantity::Aptitude(kind) => life.aptitudes.get(kind).into(),
            Quantity::Physical => life.health.physical.into(),
            Quantity::Mental => life.health.mental.into(),
            Quantity::Stress => life.health.stress.into(),
            Quantity::Happiness => life.happiness.into(),
            Quantity::CashDays => saturated(life.economy.cash_days),
            Quantity::CashMonths => saturated(life.economy.cash_days / DAYS_PER_MONTH),
            Quantity::HouseholdWealth => life.family.wealth.into(),
            Quantity::EducationLevel => life.education.level as i32,
            Quantity::JobYears => life.career.as_ref().map_or(0, |career| career.years.into()),
            Quantity::Siblings => count(life.living(Relation::Sibling)),
            Quantity::Children => count(life.living(Relation::Child)),
            Quantity::JobRank => life.career.as_ref().map_or(0, |career| career.rank.into()),
            Quantity::DebtMonths => saturated(life.economy.debt_days / DAYS_PER_MONTH),
            Quantity::WorthMonths => saturated(life.economy.net_worth_days() / DAYS_PER_MONTH),
            Quantity::Plan(effort) => life.plan.get(effort).into(),
            Quantity::Habit(habit) => life.habits.level(habit).into(),
            Quantity::Joy => life.mood.joy.into(),
            Quantity::Sadness => life.mood.sadness.into(),
            Quantity::Anxiety => life.mood.anxiety.into(),
            Quantity::Anger => life.mood.anger.into(),
            Quantity::BornYear => life.spec.birth_year.into(),
            Quantity::BornWealth => crate::birth::dealt_wealth(life.seed, life.spec.birth_year).into(),
            Quantity::Ever(ever) => self.ever(ever),
            Quantity::Asset(kind) => saturated(life.economy.worth_of(kind) / DAYS_PER_MONTH),
            Quantity::Ailments => count(life.health.conditions.iter()),
            Quantity::Looks => life.body.looks.into(),
        }
    }

    /// What is kept of the years.
    fn ever(self, ever: Ever) -> i32 {
        let (life, kept) = (self.life, &self.life.chronicle);
        match ever {
            Ever::YearsWorked => kept.years_worked.into(),
            Ever::YearsMarried => kept.years_married.into(),
            Ever::Jobs => kept.jobs.into(),
            Ever::Weddings => kept.weddings.into(),
            Ever::Countries => kept.countries.into(),
            Ever::Rank => kept.best_rank.into(),
            Ever::PayPct => kept.best_pay_pct.into(),
            Ever::WorthMonths => saturated(kept.peak_worth_days / DAYS_PER_MONTH),
            Ever::GivenMonths => saturated(kept.given_days / DAYS_PER_MONTH),
            Ever::Happiness => saturated((kept.happiness_years / u32::from(life.age.max(1))).min(100).into()),
            Ever::Events => saturated(life.next_event_seq.saturating_sub(1).into()),
            Ever::DifferentEvents => saturated(i64::try_from(life.history.len()).unwrap_or(i64::MAX)),
        }
    }

    fn fact(&self, fact: Fact) -> bool {
        let life = self.life;
        match fact {
            Fact::Rural => life.place.settlement == Settlement::Village,
            Fact::Coastal => matches!(life.place.terrain, Terrain::Coast | Terrain::Island),
            Fact::Enrolled => life.education.enrolled.is_some(),
            Fact::Employed => life.career.is_some(),
            Fact::Retired => life.retired,
            Fact::Married => life.spouse().is_some(),
            Fact::OwnAccount => self.occupation().is_some_and(|occupation| occupation.own_account),
            Fact::Over => life.status == crate::life::Status::Dead,
            Fact::Abroad => life.place.country != life.spec.country,
        }
    }

    fn occupation(&self) -> Option<&'a content::Occupation> {
        self.life.career.as_ref().and_then(|career| self.content.occupation(&career.id))
    }

    /// How often the event has happened, and when last, if ever.
    fn seen(&self, event: content::EventIx) -> Option<Seen> {
        self.seen.get(usize::from(event.0)).copied().filter(|seen| seen.count > 0)
    }

    fn shock(&self, id: &str) -> bool {
        let mut shocks = self.content.rules().shocks.iter();
        shocks.any(|shock| shock.id == id && shock.strikes(&self.life.place.region, self.life.year))
    }

    fn tech(&self, id: &str) -> bool {
        self.content.has_tech(id, &self.life.place.region, self.life.year)
    }

    fn living(&self, among: content::RelationSet) -> impl Iterator<Item = &'a Person> + use<'a> {
        self.life.persons.iter().filter(move |person| person.is_alive() && among.contains(person.relation))
    }

    fn who(&self, who: Who) -> Option<&'a Person> {
        match who {
            Who::This => self.this,
            Who::Slot(slot) => {
                self.slots.get(usize::from(slot.0)).copied().flatten().and_then(|id| self.life.person(id))
            }
        }
    }
}

fn count<T>(people: impl Iterator<Item = T>) -> i32 {
    i32::try_from(people.count()).unwrap_or(i32::MAX)
}

fn saturated(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}
