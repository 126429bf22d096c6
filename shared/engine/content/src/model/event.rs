//! Events: where they may happen, what they do, what they ask.

use serde::{Deserialize, Serialize};

use super::{
    AssetKind, Attribute, Cond, EventType, Num, Payer, Relation, RelationSet, Risk, Schooling, Settlement, Skill,
    Stage, Terrain, Tier,
};

/// An event's place in [`super::Rules::events`], which is sorted by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventIx(pub u16);

/// A slot's place in [`Event::slots`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SlotIx(pub u8);

/// What a player may ask to be spared; the words of [`Event::sensitivity`].
pub const SENSITIVITIES: [&str; 11] = [
    "injury",
    "death",
    "hunger",
    "war",
    "illness",
    "self_harm",
    "abuse",
    "discrimination",
    "crime",
    "politics",
    "substance",
];

/// One thing that can happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Stable name; a life's history refers to it for ever.
    pub id: String,
    /// What kind of happening it is.
    pub kind: EventType,
    /// Subject, for quotas and filters.
    pub topic: String,
    /// How much a mode scales it.
    pub risk: Risk,
    /// What a reader may want to be spared.
    pub sensitivity: Vec<String>,
    /// Where and when it can happen at all.
    pub scope: Scope,
    /// What else must be true.
    pub when: Option<Cond>,
    /// Weight before multipliers, derived from the author's rate: expected draws in 100,000 years.
    pub weight: u32,
    /// What makes it more or less likely, and why.
    pub multipliers: Vec<Multiplier>,
    /// How often it may happen.
    pub limits: Limits,
    /// The people it is about.
    pub slots: Vec<Slot>,
    /// What it does before any choice.
    pub outcome: Branch,
    /// What it asks, if it asks.
    pub decision: Option<Decision>,
    /// Conditions of the text's variants; the first that holds is told. The last is always unconditional.
    pub variants: Vec<Option<Cond>>,
    /// The chains its branches may start.
    pub chains: Vec<Chain>,
}

/// Where and when an event can happen at all.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scope {
    /// First and last age.
    pub ages: (u16, u16),
    /// First and last year.
    pub years: (u16, u16),
    /// Order of consideration.
    pub tier: Tier,
    /// Only in these regions, unless empty.
    pub regions: Vec<String>,
    /// Never in these.
    pub not_regions: Vec<String>,
    /// Only for those born in these countries, unless empty.
    pub born_in: Vec<String>,
    /// Only on this land, unless empty.
    pub terrain: Vec<Terrain>,
    /// Never on this land.
    pub not_terrain: Vec<Terrain>,
    /// Only in places of this size, unless empty.
    pub settlement: Vec<Settlement>,
}

impl Scope {
    /// Whether any age of the stage is in scope.
    #[must_use]
    pub fn touches(&self, stage: Stage) -> bool {
        let (from, to) = stage.ages();
        self.ages.0 <= to && from <= self.ages.1
    }
}

/// Makes a draw more or less likely.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Multiplier {
    /// When it applies.
    pub cond: Cond,
    /// Percent; 100 changes nothing.
    pub percent: u16,
    /// The reason, as shown to players who ask.
    pub why: String,
}

/// How often an event may happen in one life.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Most times in a life; `once` is 1.
    pub max: Option<u16>,
    /// Fewest years between two times.
    pub cooldown_years: u16,
    /// At most one event of the group in a year.
    pub exclusive_group: Option<String>,
    /// At most one event with this topic in a year.
    pub quota: Option<String>,
}

/// A person an event is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slot {
    /// Name in expressions and texts.
    pub name: String,
    /// Where the person comes from.
    pub source: SlotSource,
}

/// How a slot is filled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SlotSource {
    /// Somebody the player knows.
    Find {
        /// Relations considered.
        among: RelationSet,
        /// What the person must satisfy.
        cond: Cond,
        /// Whom to prefer.
        pick: Pick,
        /// What to do when there is nobody.
        or: Missing,
    },
    /// Handed over by the event that led here, or created by an effect of this one.
    Open,
}

/// Whom to prefer among several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pick {
    /// The one known longest.
    First,
    /// The closest.
    MaxIntimacy,
    /// The most distant.
    MinIntimacy,
}

/// What to do when nobody fits a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Missing {
    /// The event does not happen.
    Skip,
    /// Somebody new comes into the life.
    Spawn(Relation),
}

/// What happens together: effects, what lasts, what follows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Branch {
    /// Key of the text that tells it, among the event's outcomes.
    pub text: Option<String>,
    /// Applied in order.
    pub effects: Vec<Effect>,
    /// Lasting effects that begin, by id.
    pub lasting: Vec<String>,
    /// Chains that may start, as places in [`Event::chains`].
    pub chains: Vec<u8>,
}

/// A change to a life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// An attribute moves.
    Attr(Attribute, i16),
    /// A skill moves.
    Skill(Skill, i16),
    /// Physical health moves.
    Physical(i16),
    /// Mental health moves.
    Mental(i16),
    /// Stress moves.
    Stress(i16),
    /// Happiness moves.
    Happiness(i16),
    /// Money moves, in days of the local median wage.
    Money(i32, Payer),
    /// A level of schooling is completed.
    Education(Schooling),
    /// School begins.
    Enrol(Schooling),
    /// School ends before completion.
    LeaveSchool,
    /// An occupation begins.
    Job(String),
    /// The occupation ends.
    LoseJob,
    /// Working life ends.
    Retire,
    /// A flag is set.
    Flag(String),
    /// A flag is cleared.
    Unflag(String),
    /// An illness begins.
    Condition(String),
    /// An illness ends.
    Cure(String),
    /// The player dies of this cause.
    Death(String),
    /// Somebody new comes into the life.
    Spawn(Relation, Option<SlotIx>),
    /// The player marries the person.
    Marry(SlotIx),
    /// The player and the person go separate ways.
    Part(SlotIx),
    /// The person dies.
    Dies(SlotIx),
    /// A relationship moves.
    Rel {
        /// With whom.
        slot: SlotIx,
        /// Change of intimacy.
        intimacy: i16,
        /// Change of trust.
        trust: i16,
        /// Change of support.
        support: i16,
    },
    /// A possession is gained (or lost), worth this many days of the local median wage.
    Asset(AssetKind, i32),
}

/// An effect that goes on for years.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lasting {
    /// Stable name.
    pub id: String,
    /// Applied once a year.
    pub per_year: Vec<Effect>,
    /// For so many years.
    pub years: u16,
    /// Or until this holds.
    pub ends_if: Option<Cond>,
}

/// An event that may follow years later.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chain {
    /// What follows.
    pub event: EventIx,
    /// After at least and at most so many years.
    pub after: (u16, u16),
    /// Chance that it follows at all.
    pub chance_percent: u8,
    /// Asked when the chain would start.
    pub cond: Option<Cond>,
    /// Asked when it would happen: then `or_else` happens instead, or nothing.
    pub cancel_if: Option<Cond>,
    /// People handed over: slot here, slot there.
    pub carry: Vec<(SlotIx, SlotIx)>,
    /// What happens if it is cancelled.
    pub or_else: Option<EventIx>,
}

/// A question to the player.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// The client should ask twice.
    pub needs_confirmation: bool,
    /// Seconds to answer when the player wants timed choices; 0 is no limit.
    pub time_limit_s: u16,
    /// The answers, in the author's order.
    pub choices: Vec<Choice>,
}

/// A possible answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// Stable name within the event.
    pub id: String,
    /// Shown only if this holds.
    pub visible_if: Option<Cond>,
    /// Open only if all of these hold.
    pub requires: Vec<Requirement>,
    /// Taken when the player does not answer: always visible, always open, never rolled.
    pub is_default: bool,
    /// What happens whatever the roll.
    pub always: Branch,
    /// The roll, if there is one.
    pub check: Option<Check>,
}

/// A condition shown to the player.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Requirement {
    /// What must hold.
    pub cond: Cond,
    /// As the author wrote it.
    pub source: String,
}

/// A roll with honest odds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// Chance of success before terms.
    pub base: i16,
    /// Lowest chance of success.
    pub min: i16,
    /// Highest chance of success.
    pub max: i16,
    /// Chance of a partial success; takes at most what success leaves.
    pub partial: i16,
    /// What moves the chance.
    pub terms: Vec<Term>,
    /// What success brings: one of these, by the dice.
    pub on_success: Vec<Branch>,
    /// What a partial success brings.
    pub on_partial: Vec<Branch>,
    /// What failure brings.
    pub on_fail: Vec<Branch>,
}

/// Moves the chance of success.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Term {
    /// `add` percent for each `step` the number is over `over` (or minus, under it).
    Slope {
        /// The number.
        of: Num,
        /// As the author wrote it, for explanations.
        source: String,
        /// Where it counts as nothing.
        over: i32,
        /// How much makes one step.
        step: i32,
        /// Percent for each step.
        add: i16,
    },
    /// `add` percent if the condition holds.
    If {
        /// The condition.
        cond: Cond,
        /// As the author wrote it, for explanations.
        source: String,
        /// Percent.
        add: i16,
    },
}
