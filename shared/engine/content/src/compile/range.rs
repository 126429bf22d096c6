//! Can a condition ever hold? Interval arithmetic over what an event's scope allows: it finds `age >= 70` in
//! a childhood event and `skill.social >= 120` anywhere, and never calls a reachable condition unreachable.

use crate::model::{CompareOp, Cond, Num, Quantity, Scope, Stage};

/// The values each quantity can take where an event happens.
#[derive(Clone, Debug)]
pub(super) struct Ranges {
    ages: (i32, i32),
    years: (i32, i32),
    /// Narrowed by conditions already required.
    narrowed: Vec<(Quantity, (i32, i32))>,
}

type Interval = (i32, i32);

impl Ranges {
    pub(super) fn of(scope: &Scope) -> Self {
        let widen = |(from, to): (u16, u16)| (i32::from(from), i32::from(to));
        Self { ages: widen(scope.ages), years: widen(scope.years), narrowed: Vec::new() }
    }

    /// Whether all conditions can hold together, as far as intervals can tell.
    pub(super) fn allow_all<'c>(&self, conds: impl IntoIterator<Item = &'c Cond>) -> bool {
        let mut ranges = self.clone();
        conds.into_iter().all(|cond| ranges.require(cond))
    }

    /// The same ranges where `cond` holds.
    pub(super) fn narrowed_by(&self, cond: Option<&Cond>) -> Self {
        let mut ranges = self.clone();
        if let Some(cond) = cond {
            ranges.require(cond);
        }
        ranges
    }

    /// Narrows the ranges to where the condition holds; false if it cannot.
    fn require(&mut self, cond: &Cond) -> bool {
        match cond {
            Cond::And(left, right) => self.require(left) && self.require(right),
            Cond::Or(left, right) => self.clone().require(left) || self.clone().require(right),
            Cond::Const(holds) => *holds,
            Cond::Compare(Num::Of(quantity), op, right) => {
                let (left, bound) = (self.of_quantity(*quantity), self.of_num(right));
                let narrowed = narrow(left, *op, bound);
                self.narrowed.push((*quantity, narrowed));
                narrowed.0 <= narrowed.1
            }
            Cond::Compare(left, op, right) => {
                let narrowed = narrow(self.of_num(left), *op, self.of_num(right));
                narrowed.0 <= narrowed.1
            }
            Cond::Stage(stage) => self.require_stage(*stage),
            Cond::Not(inner) => match inner.as_ref() {
                Cond::Const(holds) => !holds,
                _ => true,
            },
            _ => true,
        }
    }

    fn require_stage(&mut self, stage: Stage) -> bool {
        let (from, to) = stage.ages();
        let (low, high) = self.of_quantity(Quantity::Age);
        let narrowed = (low.max(i32::from(from)), high.min(i32::from(to)));
        self.narrowed.push((Quantity::Age, narrowed));
        narrowed.0 <= narrowed.1
    }

    fn of_quantity(&self, quantity: Quantity) -> Interval {
        if let Some((_, narrowed)) = self.narrowed.iter().rev().find(|(known, _)| *known == quantity) {
            return *narrowed;
        }
        match quantity {
            Quantity::Age => self.ages,
            Quantity::Year => self.years,
            Quantity::CashDays
            | Quantity::CashMonths
            | Quantity::DebtMonths
            | Quantity::WorthMonths
            | Quantity::Asset(_)
            | Quantity::Ever(_)
            | Quantity::BornYear => (i32::MIN, i32::MAX),
            Quantity::EducationLevel | Quantity::Habit(_) => (0, 3),
            Quantity::JobRank => (0, 4),
            Quantity::Plan(_) => (0, 10),
            Quantity::JobYears => (0, self.ages.1),
            Quantity::Siblings | Quantity::Children => (0, 40),
            _ => (0, 100),
        }
    }

    fn of_num(&self, num: &Num) -> Interval {
        let both = |left: &Num, right: &Num| (self.of_num(left), self.of_num(right));
        match num {
            Num::Const(number) => (*number, *number),
            Num::Of(quantity) => self.of_quantity(*quantity),
            Num::Person(..) => (0, 120),
            Num::YearsAgo(_) => (0, 999),
            Num::Count(_) | Num::Met(_) => (0, 1000),
            Num::Add(left, right) => {
                let (a, b) = both(left, right);
                (a.0.saturating_add(b.0), a.1.saturating_add(b.1))
            }
            Num::Sub(left, right) => {
                let (a, b) = both(left, right);
                (a.0.saturating_sub(b.1), a.1.saturating_sub(b.0))
            }
            Num::Mul(left, right) => {
                let (a, b) = both(left, right);
                let corners = [(a.0, b.0), (a.0, b.1), (a.1, b.0), (a.1, b.1)].map(|(x, y)| x.saturating_mul(y));
                corners.into_iter().fold((i32::MAX, i32::MIN), |(low, high), n| (low.min(n), high.max(n)))
            }
        }
    }
}

/// The part of `left` for which the comparison with something in `right` can hold.
fn narrow(left: Interval, op: CompareOp, right: Interval) -> Interval {
    match op {
        CompareOp::Eq => (left.0.max(right.0), left.1.min(right.1)),
        CompareOp::Ne if left.0 == left.1 && left == right => (1, 0),
        CompareOp::Ne => left,
        CompareOp::Lt => (left.0, left.1.min(right.1.saturating_sub(1))),
        CompareOp::Le => (left.0, left.1.min(right.1)),
        CompareOp::Gt => (left.0.max(right.0.saturating_add(1)), left.1),
        CompareOp::Ge => (left.0.max(right.0), left.1),
    }
}
