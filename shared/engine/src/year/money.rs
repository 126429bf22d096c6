//! A year's money: what comes in, what the household needs, what is done with the rest, what it grows or shrinks to.
//! Every day of it stands in the year's ledger.

use content::{AssetKind, Gender, News, Relation};

use super::turn::{Bond, Score, Turn};
use super::{market, work};
use crate::dice::{Dice, Purpose};
use crate::life::{Entry, GROWN_AGE, Life};
use crate::record::Value;

/// Paid days in a year.
const WORKING_DAYS: i64 = 250;
/// What a grown person needs for a year, and what a spouse in the house adds; days.
const NEEDS: (i64, i64) = (142, 68);
/// What a home of one's own saves of it.
const RENT_DAYS: i64 = 22;
/// Nobody lends more than this.
pub(super) const MOST_DEBT: i64 = 900;

/// A new year, a new page.
pub(super) fn open_books(turn: &mut Turn<'_>) {
    turn.life.economy.ledger.clear();
}

/// Lives on what others earn, and has no household of their own.
pub(super) fn lives_at_home(life: &Life) -> bool {
    life.age < GROWN_AGE || (life.career.is_none() && !life.retired && life.age < 25 && life.spouse().is_none())
}

/// Money moves in or out of the player's pocket.
pub(super) fn pay(turn: &mut Turn<'_>, what: Entry, days: i64) {
    let before = (turn.life.economy.cash_days, turn.life.economy.debt_days);
    turn.life.economy.post(what, days);
    note(turn, before, "money");
}

/// Whether a sum can be paid without borrowing; the household pays for those who live at home.
pub(super) fn can_pay(turn: &Turn<'_>, days: i64) -> bool {
    let life = &turn.life;
    if lives_at_home(life) { i64::from(life.family.wealth) * 2 >= days } else { life.economy.cash_days + 30 >= days }
}

pub(super) fn note(turn: &mut Turn<'_>, before: (i64, i64), source: &str) {
    let (cash, debt) = (turn.life.economy.cash_days, turn.life.economy.debt_days);
    turn.note("economy.cash_days", before.0.into(), cash.into(), source);
    turn.note("economy.debt_days", before.1.into(), debt.into(), source);
}

/// Income comes, needs go; the rest is spent as the budget says.
pub(super) fn year(turn: &mut Turn<'_>) {
    if turn.life.age < GROWN_AGE {
        return;
    }
    let before = (turn.life.economy.cash_days, turn.life.economy.debt_days);
    let net = income(turn);
    if lives_at_home(&turn.life) {
        turn.life.economy.income_days = net;
        turn.life.economy.expenses_days = 0;
        market::grow(turn);
        note(turn, before, "living");
        return;
    }
    let needs = needs(turn);
    turn.life.economy.enter_needs(needs);
    let left = net - needs;
    if left > 0 {
        spend(turn, left);
    } else {
        hard_year(turn, -left);
    }
    turn.life.economy.income_days = net;
    market::grow(turn);
    note(turn, before, "living");
    insolvency(turn);
    household_wealth(turn);
    let worth = turn.life.economy.net_worth_days();
    turn.life.chronicle.peak_worth_days = turn.life.chronicle.peak_worth_days.max(worth);
}

/// Wages, a partner's share, pension, dole, less taxes; days.
fn income(turn: &mut Turn<'_>) -> i64 {
    let society = turn.here.society;
    let wage = wage(turn);
    let mut net = 0;
    if wage > 0 {
        turn.life.chronicle.last_wage_days = wage;
        let tax = if lives_at_home(&turn.life) { 0 } else { wage * i64::from(society.tax_pct) / 100 };
        turn.life.economy.post(Entry::Wage, wage);
        turn.life.economy.post(Entry::Tax, -tax);
        net += wage - tax;
    } else if turn.life.retired {
        let last = turn.life.chronicle.last_wage_days.min(3 * WORKING_DAYS);
        let pensioned = society.pension_age > 0 && i32::from(turn.life.age) >= i32::from(society.pension_age) - 5;
        let pension = if pensioned { last * i64::from(society.pension_pct) / 100 } else { 0 };
        turn.life.economy.post(Entry::Pension, pension);
        net += pension;
    } else if turn.life.news.contains(&News::Dismissed) {
        let dole = turn.life.chronicle.last_wage_days.min(WORKING_DAYS) * i64::from(society.dole_pct) / 100;
        turn.life.economy.post(Entry::Dole, dole);
        net += dole;
    }
    let partner = partners_share(turn);
    turn.life.economy.post(Entry::Partner, partner);
    net + partner
}

/// A year's pay in the present occupation, days; 0 without one.
fn wage(turn: &mut Turn<'_>) -> i64 {
    let life = &turn.life;
    let Some(career) = &life.career else { return 0 };
    let Some(occupation) = turn.occupation() else { return 0 };
    let pay = work::pay_percent(occupation, life, career.rank);
    let experience = i64::from(career.years.min(20));
    let skill = 88 + i64::from(life.skills.get(occupation.skill)) / 4 + experience;
    let effort = 88 + 3 * i64::from(life.plan.work.min(8));
    let market = if occupation.own_account { market::trade_percent(turn) } else { 100 };
    // Where few are schooled, schooling pays more.
    let scarce = i64::from(100 - turn.here.living.secondary_pct.min(100)) * (occupation.needs as i64) / 12;
    let shock = i64::from(turn.here.wage_pct);
    let percent = i64::from(pay) * (100 + scarce) / 100;
    turn.life.chronicle.best_pay_pct = turn.life.chronicle.best_pay_pct.max(u16::try_from(percent).unwrap_or(u16::MAX));
    WORKING_DAYS * percent * skill / 10_000 * effort / 100 * market / 100 * shock / 100
}

/// What a spouse brings in, days.
fn partners_share(turn: &Turn<'_>) -> i64 {
    let life = &turn.life;
    let Some(spouse) = life.spouse() else { return 0 };
    let age = spouse.age_in(life.year);
    let Some(occupation) = spouse.occupation.as_deref().and_then(|id| turn.content.occupation(id)) else { return 0 };
    let lot = Dice::new(life.seed, spouse.birth_year).roll(Purpose::Kin, spouse.id.0.into()).percent();
    let earns = spouse.gender == Gender::Male || i16::from(lot) < turn.here.society.women_work_pct;
    let full = WORKING_DAYS * i64::from(occupation.wage_pct.min(250)) / 100 * 85 / 100;
    match age {
        _ if !earns => 0,
        16..=66 => full * i64::from(turn.here.wage_pct) / 100,
        67..=74 if turn.here.society.pension_pct < 20 => full / 3,
        _ => full * i64::from(turn.here.society.pension_pct) / 100,
    }
}

/// What the household needs for a year, days.
fn needs(turn: &Turn<'_>) -> i64 {
    let life = &turn.life;
    let (own, spouse) = NEEDS;
    // Where families are large, children cost little and soon help.
    let child = 8 + (60 - i64::from(turn.here.society.children_tenths).min(60)) / 4;
    let young = life.living(Relation::Child).filter(|child| child.age_in(life.year) < 15).count();
    let home = if life.economy.worth_of(AssetKind::Property) >= 200 { RENT_DAYS } else { 0 };
    let mut needs = own + i64::try_from(young).unwrap_or(0) * child - home;
    if life.spouse().is_some() {
        needs += spouse;
    }
    // The army feeds its own.
    if life.career.as_ref().is_some_and(|career| career.id == work::CONSCRIPT) {
        needs -= own * 3 / 4;
    }
    needs.max(0)
}

/// What is left is spent as the budget says; what is not given out stays cash.
fn spend(turn: &mut Turn<'_>, left: i64) {
    let budget = turn.life.budget;
    let part = |share: u8| left * i64::from(share) / 100;
    // Who has made no plan keeps of the rest what their will keeps.
    let will = i64::from(turn.life.attributes.willpower);
    let slips = if turn.life.own_plan { 0 } else { part(budget.saved()) * (95 - will).clamp(0, 60) / 60 };
    let parts = [
        (Entry::Comfort, part(budget.living) + slips),
        (Entry::Education, part(budget.education)),
        (Entry::Health, part(budget.health)),
        (Entry::Leisure, part(budget.leisure)),
        (Entry::Gifts, part(budget.gifts)),
    ];
    let spent: i64 = parts.iter().map(|(_, days)| days).sum();
    for (what, days) in parts {
        turn.life.economy.post(what, -days);
    }
    turn.life.economy.expenses_days += spent;
    turn.life.chronicle.given_days += parts[4].1;
    if parts[4].1 >= 8 {
        let close = [Relation::Spouse, Relation::Mother, Relation::Father, Relation::Child];
        let ids: Vec<_> =
            close.iter().filter_map(|kin| turn.life.living(*kin).next().map(|person| person.id)).collect();
        ids.into_iter().for_each(|id| turn.bond(id, Bond::Intimacy, 1, "budget.gifts"));
    }
    if parts[0].1 >= 60 {
        turn.add(Score::Happiness, 1, "budget.living");
    }
    if turn.life.economy.debt_days == 0 {
        let thrift = if turn.life.own_plan { 100 } else { (will * 5 / 4).min(100) };
        market::invest(turn, part(budget.invest) * thrift / 100);
    }
}

/// The needs are more than what comes: savings go, then kin help, then there is debt and want.
fn hard_year(turn: &mut Turn<'_>, missing: i64) {
    sell_to_live(turn);
    // What was posted for the needs has already come out of cash or become debt.
    let short = missing.min(turn.life.economy.debt_days);
    if short == 0 {
        return;
    }
    let life = &turn.life;
    let grown = life.living(Relation::Child).filter(|child| child.age_in(life.year) >= 18).count();
    let kin = if life.age >= 55 { grown.min(3) } else { usize::from(life.age < 35 && life.family.wealth > 40) };
    let help = short * i64::try_from(kin).unwrap_or(0) * 28 / 100;
    turn.life.economy.post(Entry::Family, help);
    // Half of what is still missing is simply gone without.
    let without = (short - help) * if turn.life.age >= 60 { 85 } else { 60 } / 100;
    turn.life.economy.post(Entry::Needs, without);
    turn.life.economy.expenses_days -= without;
    if without > 30 {
        turn.add(Score::Physical, -1, "want");
        turn.add(Score::Stress, 3, "want");
    }
}

/// Before anybody borrows for bread, shares are sold; the home only when the debt is large.
fn sell_to_live(turn: &mut Turn<'_>) {
    let debt = turn.life.economy.debt_days;
    turn.life.economy.trade(AssetKind::Stocks, -debt.min(turn.life.economy.worth_of(AssetKind::Stocks)));
    let debt = turn.life.economy.debt_days;
    if debt > 250 {
        turn.life.economy.trade(AssetKind::Property, -debt.min(turn.life.economy.worth_of(AssetKind::Property)));
    }
}

/// Debt beyond what anybody lends ends in selling up; what is left is written off.
fn insolvency(turn: &mut Turn<'_>) {
    let limit = MOST_DEBT.min(200 + 2 * turn.life.economy.income_days.max(0));
    if turn.life.economy.debt_days <= limit {
        return;
    }
    let owed = turn.life.economy.debt_days;
    for kind in AssetKind::ALL {
        let worth = turn.life.economy.worth_of(*kind);
        turn.life.economy.trade(*kind, -worth);
    }
    let still = turn.life.economy.debt_days;
    turn.life.economy.post(Entry::WrittenOff, still.max(0));
    turn.note("economy.debt_days", owed.into(), Value::Int(0), "insolvency");
    turn.add(Score::Happiness, -10, "insolvency");
    turn.add(Score::Stress, 12, "insolvency");
    turn.add(Score::Skill(content::Skill::Social), -2, "insolvency");
    turn.report(News::Bankrupt);
}

/// A grown person's household comes to be as well off as its purse.
fn household_wealth(turn: &mut Turn<'_>) {
    if turn.life.age < 25 {
        return;
    }
    let economy = &turn.life.economy;
    let target = (14 + economy.net_worth_days() / 55 + economy.income_days / 20).clamp(2, 98);
    let step = (target - i64::from(turn.life.family.wealth)).signum();
    turn.add(Score::Wealth, i32::try_from(step).unwrap_or(0), "economy");
}
