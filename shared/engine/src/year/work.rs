//! Work: finding an occupation, rising in it, losing it, changing it, growing too old for it.

use content::{Gender, News, Occupation, Schooling, Settlement};

use super::market;
use super::turn::{Score, Turn};
use crate::content::Content;
use crate::dice::{Purpose, Roll};
use crate::life::{Career, Life, Skills, WORKING_AGE};
use crate::local::{Local, Opening};
use crate::record::Value;

/// The age at which work ends where nobody pays a pension.
const WORN_OUT_AGE: u16 = 70;
/// Pay a promotion adds, percent of an occupation's own.
const RANK_PERCENT: u32 = 18;
/// The occupation of those called up.
pub(super) const CONSCRIPT: &str = "conscript";

/// One more year at work, the search for it, or its end.
pub(super) fn earn_a_living(turn: &mut Turn<'_>) {
    let Some(career) = &mut turn.life.career else {
        look_for_work(turn);
        return;
    };
    career.years += 1;
    career.rank_years += 1;
    let Some(occupation) = turn.occupation() else { return };
    if too_old(turn, occupation) {
        retire(turn, "age");
        market::close_business(turn, 90);
        turn.report(News::Retired);
    } else if occupation.id == CONSCRIPT {
        // Service ends on its own day.
    } else if turn.life.age > occupation_end(occupation, turn.life.year) {
        lose(turn, "the_times");
    } else if occupation.own_account {
        struggle(turn);
    } else if !dismissal(turn, occupation) {
        promotion(turn, occupation);
        change_of_work(turn, occupation);
    }
}

/// The age at which an occupation that is no more has no place for anybody; far away while it lasts.
fn occupation_end(occupation: &Occupation, year: u16) -> u16 {
    // Those in it go on for twenty years after the last who took it up.
    if year > occupation.years.1.saturating_add(20) { 0 } else { u16::MAX }
}

fn too_old(turn: &Turn<'_>, occupation: &Occupation) -> bool {
    let (life, society) = (&turn.life, &turn.here.society);
    let pension_age = u16::try_from(society.pension_age).unwrap_or(0);
    let age = if pension_age > 0 && society.pension_pct >= 20 { pension_age } else { WORN_OUT_AGE };
    // Those on their own account go on as long as they can; so does somebody whose plan says so.
    let later = if occupation.own_account || (life.own_plan && life.plan.work >= 3) { 8 } else { 0 };
    life.age >= age + later || (life.age >= 50 && life.health.physical < 22)
}

fn look_for_work(turn: &mut Turn<'_>) {
    let life = &turn.life;
    let starting_age = if turn.here.living.schooling_pct > 90 { 16 } else { WORKING_AGE };
    let searching = (starting_age..65).contains(&life.age) && !life.retired && life.education.enrolled.is_none();
    if !searching || keeps_house(turn) {
        return;
    }
    let chance = turn
        .likely("hiring", 700)
        .add("plan.work", 20 * (i32::from(life.plan.work) - 4))
        .add("age", if life.age > 50 { -250 } else { 0 })
        .add("hard_times", (i32::try_from(turn.here.wage_pct).unwrap_or(100) - 100).clamp(-40, 20) * 8);
    if turn.happens(chance, Purpose::Work, 0)
        && let Some(occupation) =
            find(turn.content, turn.local(), &Applicant::of(&turn.life), &mut turn.dice().roll(Purpose::Work, 1))
    {
        start(turn, &occupation.id, "work");
        turn.report(News::Hired);
    }
}

/// Custom keeps many married women out of wages, the more where fewer earn; a plan of one's own decides otherwise.
fn keeps_house(turn: &Turn<'_>) -> bool {
    let life = &turn.life;
    if life.gender == Gender::Male || life.spouse().is_none() || (life.own_plan && life.plan.work > 0) {
        return false;
    }
    let lot = crate::dice::Dice::new(life.seed, life.spec.birth_year).roll(Purpose::Work, 7).percent();
    i16::from(lot) >= turn.here.society.women_work_pct
}

fn dismissal(turn: &mut Turn<'_>, occupation: &Occupation) -> bool {
    let life = &turn.life;
    let rank = life.career.as_ref().map_or(0, |career| i32::from(career.rank));
    let skill = i32::from(life.skills.get(occupation.skill));
    let slump = 100 - i32::try_from(turn.here.wage_pct).unwrap_or(100).min(100);
    let chance = turn
        .likely("dismissal", turn.here.society.dismissal_pm.into())
        .add("hard_times", slump * 3)
        .add("skill", (35 - skill) / 3)
        .add("plan.work", 8 * (3 - i32::from(life.plan.work.min(6))))
        .add("career.rank", -6 * rank)
        .add("habits.drink", if life.habits.drink >= crate::life::Dose::Much { 25 } else { 0 })
        .times("state", if occupation.trade == content::Trade::State { 35 } else { 100 });
    let dismissed = turn.happens(chance, Purpose::Work, 2);
    if dismissed {
        lose(turn, "dismissal");
        turn.report(News::Dismissed);
    }
    dismissed
}

fn promotion(turn: &mut Turn<'_>, occupation: &Occupation) {
    let life = &turn.life;
    let Some(career) = life.career.as_ref().filter(|career| career.rank < occupation.ranks && career.rank_years >= 3)
    else {
        return;
    };
    let chance = turn
        .likely("promotion", 55)
        .add("skill", (i32::from(life.skills.get(occupation.skill)) - 35) * 2)
        .add("skills.social", (i32::from(life.skills.social) - 35) / 2)
        .add("plan.work", 18 * (i32::from(life.plan.work) - 4))
        .add("traits.courage", (i32::from(life.traits.courage) - 50) / 4)
        .add("career.rank", -25 * i32::from(career.rank))
        .add("education.level", 12 * (life.education.level as i32 - occupation.needs as i32));
    if turn.happens(chance, Purpose::Work, 3)
        && let Some(career) = &mut turn.life.career
    {
        career.rank += 1;
        career.rank_years = 0;
        let rank = career.rank;
        turn.life.chronicle.best_rank = turn.life.chronicle.best_rank.max(rank);
        turn.note("career.rank", (rank - 1).into(), rank.into(), "promotion");
        turn.add(Score::Happiness, 4, "promotion");
        turn.report(News::Promoted);
    }
}

/// Somebody with better prospects elsewhere may go there.
fn change_of_work(turn: &mut Turn<'_>, occupation: &Occupation) {
    let life = &turn.life;
    let years = life.career.as_ref().map_or(0, |career| career.years);
    if !(20..50).contains(&life.age) || years < 2 {
        return;
    }
    let better_schooled = 12 * (life.education.level as i32 - occupation.needs as i32);
    let chance = turn
        .likely("change_of_work", 18)
        .add("traits.courage", (i32::from(life.traits.courage) - 50) / 5)
        .add("education.level", better_schooled)
        .add("health.stress", (i32::from(life.health.stress) - 50).max(0) / 3);
    if !turn.happens(chance, Purpose::Work, 4) {
        return;
    }
    let mut roll = turn.dice().roll(Purpose::Work, 5);
    let found = find(turn.content, turn.local(), &Applicant::of(&turn.life), &mut roll);
    let better = |other: &&Occupation| pay_percent(other, &turn.life, 0) > pay_percent(occupation, &turn.life, 0);
    if let Some(other) = found.filter(better) {
        start(turn, &other.id, "better_pay");
        turn.report(News::Hired);
    }
}

/// A year on one's own account: a bad one may be the last.
fn struggle(turn: &mut Turn<'_>) {
    let life = &turn.life;
    let business = i32::from(life.skills.business);
    let chance = turn
        .likely("closing", 22)
        .add("hard_times", (100 - i32::try_from(turn.here.wage_pct).unwrap_or(100).min(100)) * 2)
        .add("skills.business", (30 - business) / 2)
        .add("economy.debt", if life.economy.debt_days > 200 { 50 } else { 0 });
    if turn.happens(chance, Purpose::Work, 6) {
        lose(turn, "no_customers");
        market::close_business(turn, 55);
        turn.report(News::Closed);
    }
}

/// An occupation begins.
pub(super) fn start(turn: &mut Turn<'_>, id: &str, source: &str) {
    let before = turn.life.career.replace(Career::begun(id));
    turn.life.retired = false;
    turn.life.chronicle.jobs += 1;
    turn.note("career.id", before.as_ref().map(|career| career.id.as_str()).into(), Some(id).into(), source);
}

/// The occupation ends.
pub(super) fn lose(turn: &mut Turn<'_>, source: &str) {
    if let Some(career) = turn.life.career.take() {
        turn.note("career.id", Value::Id(career.id), Value::Absent, source);
        turn.add(Score::Stress, 6, source);
    }
}

/// Working life ends.
pub(super) fn retire(turn: &mut Turn<'_>, source: &str) {
    let career = turn.life.career.take();
    if !turn.life.retired {
        turn.life.retired = true;
        turn.note("career.id", career.as_ref().map(|career| career.id.as_str()).into(), Value::Absent, source);
        turn.note("retired", Value::Bool(false), Value::Bool(true), source);
    }
}

/// Pay of an occupation at a rank there and then, percent of the local median wage. Where schooling is rare it pays more.
pub(super) fn pay_percent(occupation: &Occupation, life: &Life, rank: u8) -> u32 {
    let year = life.year;
    let table = &occupation.wages;
    let base = match table.iter().position(|(of, _)| *of > year) {
        _ if table.is_empty() => u32::from(occupation.wage_pct),
        Some(0) => u32::from(table[0].1),
        None => u32::from(table[table.len() - 1].1),
        Some(next) => {
            let ((y0, w0), (y1, w1)) = (table[next - 1], table[next]);
            let (step, run) = (u32::from(year - y0), u32::from(y1 - y0).max(1));
            (u32::from(w0) * (run - step) + u32::from(w1) * step) / run
        }
    };
    base * (100 + RANK_PERCENT * u32::from(rank)) / 100
}

/// Who looks for work, where and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applicant<'a> {
    pub(super) settlement: Settlement,
    pub(super) schooling: Schooling,
    pub(super) gender: Gender,
    /// Unknown of most people.
    pub(super) skills: Option<&'a Skills>,
}

impl<'a> Applicant<'a> {
    fn of(life: &'a Life) -> Self {
        Self {
            settlement: life.place.settlement,
            schooling: life.education.level,
            gender: life.gender,
            skills: Some(&life.skills),
        }
    }
}

/// An occupation open to the applicant, by how common each is there.
pub(super) fn find<'c>(
    content: &'c Content,
    local: &Local,
    applicant: &Applicant<'_>,
    roll: &mut Roll,
) -> Option<&'c Occupation> {
    let occupations = &content.rules().occupations;
    let open = local.openings(content.rules(), applicant.schooling, applicant.gender, applicant.settlement);
    let Some(skills) = applicant.skills else {
        let point = roll.below(open.total);
        let found = open.all.partition_point(|opening| opening.up_to <= point);
        return open.all.get(found).map(|opening| &occupations[opening.occupation]);
    };
    let weight = |opening: &Opening| {
        let occupation = &occupations[opening.occupation];
        let skill = skills.get(occupation.skill);
        if skill < occupation.least_skill { 0 } else { opening.weight(skill) }
    };
    let mut point = roll.below(open.all.iter().map(weight).sum());
    let found = open.all.iter().find(|opening| {
        let weight = weight(opening);
        let chosen = point < weight;
        point = point.saturating_sub(weight);
        chosen
    });
    found.map(|opening| &occupations[opening.occupation])
}
