//! The names an expression may use for what is true of a person or of the player.

use super::expression::{Subject, Value};
use crate::model::{
    AssetKind, Attribute, Cond, Effort, Ever, Fact, Gender, Habit, Mode, Num, PersonFact, PersonQuantity, Quantity,
    Skill, Trait, Who,
};

/// A field of somebody else.
pub(super) fn person_field(who: Who, path: &[&str]) -> Option<Value> {
    let value = match *path {
        ["age"] => Value::Num(Num::Person(who, PersonQuantity::Age)),
        ["intimacy"] => Value::Num(Num::Person(who, PersonQuantity::Intimacy)),
        ["trust"] => Value::Num(Num::Person(who, PersonQuantity::Trust)),
        ["support"] => Value::Num(Num::Person(who, PersonQuantity::Support)),
        ["alive"] => Value::Cond(Cond::Person(who, PersonFact::Alive)),
        ["gender", word] => Value::Cond(Cond::Person(who, PersonFact::Gender(Gender::from_word(word)?))),
        _ => return None,
    };
    Some(value)
}

/// A field of the player: a number, a fact or a word.
pub(super) fn player_field(path: &[&str]) -> Option<Value> {
    let quantity = match *path {
        ["age"] => Quantity::Age,
        ["year"] => Quantity::Year,
        ["attr", word] => Quantity::Attr(Attribute::from_word(word)?),
        ["skill", word] => Quantity::Skill(Skill::from_word(word)?),
        ["trait", word] => Quantity::Trait(Trait::from_word(word)?),
        ["aptitude", word] => Quantity::Aptitude(Skill::from_word(word)?),
        ["health", "physical"] => Quantity::Physical,
        ["health", "mental"] => Quantity::Mental,
        ["health", "stress"] => Quantity::Stress,
        ["happiness"] => Quantity::Happiness,
        ["cash", "days"] => Quantity::CashDays,
        ["cash", "months"] => Quantity::CashMonths,
        ["household", "wealth"] => Quantity::HouseholdWealth,
        ["education", "level"] => Quantity::EducationLevel,
        ["job", "years"] => Quantity::JobYears,
        ["siblings"] => Quantity::Siblings,
        ["children"] => Quantity::Children,
        ["job", "rank"] => Quantity::JobRank,
        ["debt", "months"] => Quantity::DebtMonths,
        ["worth", "months"] => Quantity::WorthMonths,
        ["plan", word] => Quantity::Plan(Effort::from_word(word)?),
        ["habit", word] => Quantity::Habit(Habit::from_word(word)?),
        ["mood", "joy"] => Quantity::Joy,
        ["mood", "sadness"] => Quantity::Sadness,
        ["mood", "anxiety"] => Quantity::Anxiety,
        ["mood", "anger"] => Quantity::Anger,
        ["born", "year"] => Quantity::BornYear,
        ["born", "wealth"] => Quantity::BornWealth,
        ["ever", word] => Quantity::Ever(Ever::ALL.into_iter().find(|ever| ever.as_str() == word)?),
        ["asset", word] => Quantity::Asset(AssetKind::from_word(word)?),
        ["ailments"] => Quantity::Ailments,
        ["looks"] => Quantity::Looks,
        _ => return player_fact(path),
    };
    Some(Value::Num(Num::Of(quantity)))
}

fn player_fact(path: &[&str]) -> Option<Value> {
    let cond = match *path {
        ["home", "rural"] => Cond::Is(Fact::Rural),
        ["home", "coastal"] => Cond::Is(Fact::Coastal),
        ["enrolled"] => Cond::Is(Fact::Enrolled),
        ["employed"] => Cond::Is(Fact::Employed),
        ["retired"] => Cond::Is(Fact::Retired),
        ["married"] => Cond::Is(Fact::Married),
        ["own_account"] => Cond::Is(Fact::OwnAccount),
        ["over"] => Cond::Is(Fact::Over),
        ["abroad"] => Cond::Is(Fact::Abroad),
        ["gender", word] => Cond::Gender(Gender::from_word(word)?),
        ["mode", word] => Cond::Mode(Mode::from_word(word)?),
        ["stage"] => return Some(Value::Word(Subject::Stage)),
        ["settlement"] => return Some(Value::Word(Subject::Settlement)),
        ["terrain"] => return Some(Value::Word(Subject::Terrain)),
        _ => return None,
    };
    Some(Value::Cond(cond))
}
