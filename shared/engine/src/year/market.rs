//! What money does by itself: shares and houses that rise and fall, interest, the ventures of the bold. Every
//! region has its own good and bad years, the same for everybody in one life.

use content::{AssetKind, News, Schooling};

use super::turn::{Score, Turn};
use super::work;
use crate::dice::Purpose;
use crate::life::Entry;
use crate::record::Value;

/// What a first venture takes, days.
const VENTURE_DAYS: i64 = 220;
/// From this worth a home is one's own.
const HOME_DAYS: i64 = 200;

/// How the year's market strayed from its mean, from -100 to 100: the region's own luck, and the shocks of history.
fn cycle(turn: &Turn<'_>) -> i64 {
    let luck = i64::from(turn.dice().roll(Purpose::Market, turn.region as u64).bell(-100, 100));
    let slump = 3 * (i64::from(turn.here.wage_pct) - 100).clamp(-25, 5);
    (luck + slump).clamp(-100, 100)
}

/// The real return of shares in this year, per mille.
fn stocks_pm(turn: &Turn<'_>, cycle: i64) -> i64 {
    let society = &turn.here.society;
    i64::from(society.stocks_pm) + i64::from(society.stocks_spread_pm) * cycle / 45
}

/// What a year's trade comes to for those on their own account, percent of the usual.
pub(super) fn trade_percent(turn: &Turn<'_>) -> i64 {
    trade(turn, cycle(turn))
}

fn trade(turn: &Turn<'_>, cycle: i64) -> i64 {
    (100 + cycle / 4 + (i64::from(turn.life.skills.business) - 30) / 3).clamp(50, 170)
}

/// Possessions and savings rise and fall; debts cost interest.
pub(super) fn grow(turn: &mut Turn<'_>) {
    let society = turn.here.society;
    let economy = &turn.life.economy;
    if economy.debt_days > 0 {
        let interest = economy.debt_days * i64::from(society.loan_pm) / 1000;
        turn.life.economy.post(Entry::Interest, -interest);
    }
    // What is kept at hand for the month neither earns nor rots.
    let kept = (turn.life.economy.cash_days - 40).max(0);
    turn.life.economy.post(Entry::Returns, kept * i64::from(society.cash_pm) / 1000);
    if turn.life.economy.assets.is_empty() {
        return;
    }
    let cycle = cycle(turn);
    let (stocks, trade) = (stocks_pm(turn, cycle), trade(turn, cycle));
    for place in 0..turn.life.economy.assets.len() {
        let Some(asset) = turn.life.economy.assets.get(place).copied() else { break };
        let rate = match asset.kind {
            AssetKind::Stocks => stocks,
            AssetKind::Property => i64::from(society.property_pm) + cycle / 4,
            AssetKind::Business => (trade - 100) * 3,
        };
        let gain = (asset.worth_days * rate / 1000).max(-asset.worth_days);
        turn.life.economy.enter(Entry::Returns, gain);
        if let Some(asset) = turn.life.economy.assets.get_mut(place) {
            asset.worth_days += gain;
        }
        if turn.life.economy.assets.len() > 1 || gain.abs() > 20 {
            let (from, to) = (asset.worth_days, asset.worth_days + gain);
            turn.note(format!("economy.assets.{}", asset.kind), from.into(), to.into(), "market");
        }
    }
    turn.life.economy.assets.retain(|asset| asset.worth_days > 0);
    let shares = turn.life.economy.worth_of(AssetKind::Stocks);
    if shares > 100 && stocks < -220 {
        turn.report(News::Crash);
        turn.add(Score::Stress, 4, "market");
    } else if shares > 100 && stocks > 250 {
        turn.report(News::Boom);
    }
}

/// What is laid out goes into a home first, then into shares.
pub(super) fn invest(turn: &mut Turn<'_>, days: i64) {
    let home = turn.life.economy.worth_of(AssetKind::Property);
    // Savings beyond two years' needs look for something better than a drawer.
    let idle = (turn.life.economy.cash_days - 300).max(0) * i64::from(turn.life.budget.invest) / 100;
    let days = days + idle;
    let goes_home = home < 600 || turn.here.society.stocks_spread_pm == 0;
    let kind = if goes_home { AssetKind::Property } else { AssetKind::Stocks };
    turn.life.economy.trade(kind, days.max(0));
    let now = turn.life.economy.worth_of(kind);
    if kind == AssetKind::Property && home < HOME_DAYS && now >= HOME_DAYS {
        turn.note("economy.assets.property", home.into(), now.into(), "budget.invest");
        turn.report(News::HomeBought);
    }
}

/// A business is given up: what it fetches is a good part of what it was worth, less in haste.
pub(super) fn close_business(turn: &mut Turn<'_>, fetches_percent: i64) {
    let worth = turn.life.economy.worth_of(AssetKind::Business);
    if worth == 0 {
        return;
    }
    let fetched = worth * fetches_percent / 100;
    turn.life.economy.enter(Entry::Returns, fetched - worth);
    turn.life.economy.set_worth(AssetKind::Business, fetched);
    turn.life.economy.trade(AssetKind::Business, -fetched);
    turn.note("economy.assets.business", worth.into(), Value::Int(0), "closing");
}

/// Somebody with courage, savings and a head for it may begin on their own account.
pub(super) fn venture(turn: &mut Turn<'_>) {
    let life = &turn.life;
    let fit = (22..=58).contains(&life.age)
        && life.economy.cash_days >= VENTURE_DAYS
        && life.economy.debt_days == 0
        && life.skills.business >= 22
        && life.career.as_ref().is_some_and(|career| career.id != work::CONSCRIPT)
        && life.economy.worth_of(AssetKind::Business) == 0;
    if !fit {
        return;
    }
    let chance = turn
        .likely("founding", 14)
        .add("traits.courage", (i32::from(life.traits.courage) - 50) / 2)
        .add("skills.business", i32::from(life.skills.business) - 30)
        .add("attributes.creativity", (i32::from(life.attributes.creativity) - 50) / 4)
        .add("hard_times", if turn.here.wage_pct < 90 { -20 } else { 0 });
    let id = match (life.education.level, life.skills.business) {
        (Schooling::Secondary | Schooling::Tertiary, 30..) => "merchant",
        (Schooling::None, _) => "innkeeper",
        _ => "shopkeeper",
    };
    if !turn.happens(chance, Purpose::Venture, 0) {
        return;
    }
    if turn.content.occupation(id).is_some() {
        turn.life.economy.trade(AssetKind::Business, VENTURE_DAYS);
        turn.note("economy.assets.business", Value::Int(0), VENTURE_DAYS.into(), "founding");
        work::start(turn, id, "founding");
        turn.report(News::Founded);
    }
}

/// A break-in, or a purse gone at market.
pub(super) fn theft(turn: &mut Turn<'_>) {
    let life = &turn.life;
    if life.age < 18 || life.economy.cash_days < 10 {
        return;
    }
    let chance = turn
        .likely("theft", turn.here.society.theft_pm.into())
        .add("family.wealth", (i32::from(life.family.wealth) - 40) / 4)
        .times("settlement", if life.place.settlement == content::Settlement::Village { 60 } else { 110 });
    if turn.happens(chance, Purpose::Law, 0) {
        let lost = (turn.life.economy.cash_days / 3).clamp(3, 60);
        super::money::pay(turn, Entry::Theft, -lost);
        turn.add(Score::Stress, 5, "theft");
        turn.report(News::Robbed);
    }
}
