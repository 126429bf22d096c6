//! The risk of dying: an integer life table, scaled to era, region and what one lives through.

use super::turn::Turn;
use crate::content::Content;
use crate::dice::Purpose;
use crate::life::Mortality;
use crate::world::Row;

/// Ages of the table's columns.
const AGES: [u16; 23] = [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100, 105, 110];

/// Deaths within a year per 100,000 of each age, by life expectancy at birth. Siler curves (a falling childhood
/// term, a constant, a Gompertz term) fitted so that each row has the life expectancy it is filed under.
const TABLE: [(u16, [u32; 23]); 7] = [
    (
        25,
        [
            15797, 2916, 1417, 1328, 1333, 1351, 1381, 1430, 1511, 1643, 1858, 2211, 2788, 3732, 5277, 7805, 11942,
            18713, 29791, 47921, 77588, 90000, 90000,
        ],
    ),
    (
        35,
        [
            10701, 1976, 962, 903, 908, 924, 950, 993, 1062, 1176, 1362, 1667, 2165, 2981, 4316, 6501, 10076, 15926,
            25499, 41165, 66800, 90000, 90000,
        ],
    ),
    (
        45,
        [
            7382, 1364, 665, 626, 631, 645, 667, 704, 765, 864, 1026, 1291, 1725, 2434, 3596, 5497, 8607, 13696, 22025,
            35654, 57957, 90000, 90000,
        ],
    ),
    (
        55,
        [
            4886, 904, 442, 417, 422, 434, 453, 485, 536, 621, 760, 987, 1359, 1967, 2961, 4590, 7254, 11613, 18747,
            30422, 49526, 80787, 90000,
        ],
    ),
    (
        65,
        [
            2931, 543, 267, 252, 257, 267, 283, 309, 352, 422, 536, 724, 1031, 1532, 2354, 3698, 5897, 9496, 15386,
            25024, 40796, 66604, 90000,
        ],
    ),
    (
        75,
        [
            1454, 270, 134, 128, 132, 139, 151, 172, 204, 258, 346, 490, 726, 1112, 1743, 2776, 4467, 7233, 11760,
            19168, 31291, 51128, 83589,
        ],
    ),
    (
        85,
        [
            429, 80, 41, 40, 43, 48, 55, 68, 89, 123, 178, 270, 419, 663, 1062, 1715, 2784, 4533, 7396, 12080, 19745,
            32289, 52815,
        ],
    ),
];

/// The age to which the gentle player lives.
const GENTLE_AGE: u16 = 5;

/// Who is exposed to what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exposure<'a> {
    pub(crate) row: &'a Row,
    pub(crate) age: u16,
}

/// Deaths within the year per 100,000 so exposed.
pub(crate) fn hazard(content: &Content, exposed: Exposure<'_>) -> u64 {
    let living = &exposed.row.living;
    let base = match exposed.age {
        0 => u64::from(living.infant_death_pm) * 100,
        age => u64::from(content.world().deaths(living.life_expectancy, age)),
    };
    base * u64::from(exposed.row.hazard_pct) / 100
}

/// Deaths within a year per 100,000 of that age, where life expectancy at birth is that.
pub(crate) fn expected_deaths(expectancy: u16, age: u16) -> u32 {
    let upper = TABLE.partition_point(|(level, _)| *level < expectancy).clamp(1, TABLE.len() - 1);
    let ((low, low_row), (high, high_row)) = (&TABLE[upper - 1], &TABLE[upper]);
    between((*low, by_age(low_row, age)), (*high, by_age(high_row, age)), expectancy.clamp(TABLE[0].0, TABLE[6].0))
}

fn by_age(row: &[u32; 23], age: u16) -> u32 {
    let upper = AGES.partition_point(|column| *column < age).clamp(1, AGES.len() - 1);
    between((AGES[upper - 1], row[upper - 1]), (AGES[upper], row[upper]), age.min(110))
}

/// Linear interpolation between two points.
fn between((x0, y0): (u16, u32), (x1, y1): (u16, u32), x: u16) -> u32 {
    let (run, step) = (i64::from(x1) - i64::from(x0), i64::from(x) - i64::from(x0));
    let rise = i64::from(y1) - i64::from(y0);
    u32::try_from(i64::from(y0) + rise * step / run).unwrap_or(0)
}

/// Whether the player lives through this year: the usual risk, by health, illness and the gentle rule.
pub(super) fn risk(turn: &mut Turn<'_>) {
    let life = &turn.life;
    if life.spec.mortality == Mortality::Gentle && life.age < GENTLE_AGE {
        return;
    }
    let exposed = Exposure { row: &turn.here, age: life.age };
    let illness =
        life.health.conditions.iter().fold(100_u64, |percent, ailment| {
            percent * u64::from(100 + super::illness::added_hazard(turn, ailment)) / 100
        });
    let work = turn.occupation();
    let work = work.map_or(100, |occupation| u64::from(occupation.hazard_pct));
    let usual = hazard(turn.content, exposed) * 100 / usual_burden(life.age);
    // Usual health multiplies by one: 70 when young, falling as everybody's does.
    let usual_health = 75_u64.saturating_sub(u64::from(life.age.saturating_sub(35)) * 2 / 3).max(20);
    let frailty = (150 + usual_health).saturating_sub(u64::from(life.health.physical)).clamp(80, 300);
    let risk = usual * illness.min(2000) / 100 * work / 100 * frailty / 150;
    if turn.dice().roll(Purpose::Death, 0).chance(risk.min(95_000), 100_000) {
        let cause = cause(turn);
        turn.die(&cause);
    }
}

/// The tables count the ill and the well together: what the illnesses, trades and frailties of an age come to on
/// the average, percent, is taken out before one's own are put in. Measured by `life balance` (deaths against expected).
const fn usual_burden(age: u16) -> u64 {
    match age {
        0..=14 => 108,
        15..=29 => 118,
        30..=44 => 110,
        45..=59 => 113,
        60..=69 => 144,
        70..=79 => 170,
        80..=89 => 194,
        _ => 164,
    }
}

/// What it is called: the gravest illness, else what people of that age and time die of.
fn cause(turn: &Turn<'_>) -> String {
    let life = &turn.life;
    let illnesses = life.health.conditions.iter().filter_map(|ailment| turn.content.illness(&ailment.id));
    if let Some(gravest) =
        illnesses.max_by_key(|illness| illness.hazard_pct).filter(|illness| illness.hazard_pct >= 150)
    {
        return gravest.cause.clone();
    }
    let living = turn.here.living;
    let rolled = turn.dice().roll(Purpose::DeathCause, 0).percent();
    // The shorter the lives of a time, the more of them infections end; children's before all.
    let among_adults = u8::try_from(75_u16.saturating_sub(living.life_expectancy).min(45)).unwrap_or(0);
    let infectious = if life.age < 15 { 25 + among_adults } else { among_adults };
    let cause = match life.age {
        0 => "infancy",
        _ if rolled < infectious && rolled.is_multiple_of(3) => "respiratory",
        _ if rolled < infectious => "infection",
        1..=44 if rolled < 80 => "accident",
        1..=44 => "cancer",
        45..=74 if rolled < 75 => "heart",
        45..=74 => "cancer",
        _ if rolled < 65 => "heart",
        _ if rolled < 75 => "cancer",
        _ => "old_age",
    };
    cause.to_owned()
}
