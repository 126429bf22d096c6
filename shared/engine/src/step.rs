//! The moves of a life: it starts, it lives a year, it answers a question, it makes a plan.

use content::{Effort, Habit, Mode, Stage};
use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::life::{Budget, Death, Habits, Life, Plan, PlanIssue, Standing, Status, plan_issues};
use crate::log::{Input, LogEntry, OnPending, canonical};
use crate::record::{Change, DecisionId, EventRecord, Outcome, PendingDecision, Requirement};
use crate::year::{self, Trace, Turn};

/// A year as the player wants to live it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearInput {
    /// How.
    pub mode: Mode,
    /// What to do with a decision still waiting.
    pub on_pending: OnPending,
}

/// What one move came to.
#[derive(Clone, Debug)]
pub struct Step {
    /// The life after it.
    pub life: Life,
    /// The link to append to the log.
    pub entry: LogEntry,
    /// Events that are over, in order; one that waits for an answer is in [`Step::raised`].
    pub events: Vec<EventRecord>,
    /// What the year changed apart from events.
    pub changes: Vec<Change>,
    /// How the decision went, if this move was one.
    pub outcome: Option<Outcome>,
    /// The year is over; false if a decision interrupts it.
    pub year_complete: bool,
    /// A new part of life has begun.
    pub stage_changed: bool,
    /// The decision the life now waits for.
    pub raised: Option<PendingDecision>,
}

/// A move that is not possible. The life is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A draft must be started first.
    #[error("this life has not started")]
    NotStarted,
    /// Only a draft can be started.
    #[error("this life has already started")]
    AlreadyStarted,
    /// The dead make no moves.
    #[error("this life has ended")]
    LifeEnded,
    /// A decision waits for its answer.
    #[error("decision {decision_id} waits for an answer")]
    DecisionPending {
        /// Which.
        decision_id: DecisionId,
    },
    /// No such decision waits: it has been answered, or never was.
    #[error("no such decision is waiting")]
    NoSuchDecision,
    /// The decision has no such answer.
    #[error("the decision has no option {option_id}")]
    NoSuchOption {
        /// The answer asked for.
        option_id: String,
    },
    /// The answer is not open to this life.
    #[error("option {option_id} is locked")]
    OptionLocked {
        /// The answer asked for.
        option_id: String,
        /// What it asks for, met or not.
        requirements: Vec<Requirement>,
    },
    /// The plan breaks a rule.
    #[error("the plan cannot stand")]
    PlanRefused {
        /// Each field and what it breaks.
        issues: Vec<PlanIssue>,
    },
}

/// Begins a dealt life with the events of its first year.
///
/// # Errors
/// [`InputError::AlreadyStarted`] unless the life is a draft.
pub fn start(content: &Content, life: &Life) -> Result<Step, InputError> {
    if life.status != Status::Draft {
        return Err(InputError::AlreadyStarted);
    }
    Ok(Move::begin(content, life).start())
}

/// Lives one more year; it may stop at a decision or end in death.
///
/// # Errors
/// If the life is a draft, over, or waits for an answer it was not told to default.
pub fn advance(content: &Content, life: &Life, input: YearInput) -> Result<Step, InputError> {
    must_live(life)?;
    if let (Some(pending), OnPending::Refuse) = (&life.pending, input.on_pending) {
        return Err(InputError::DecisionPending { decision_id: pending.decision_id });
    }
    Ok(Move::begin(content, life).year(input))
}

/// Answers the waiting decision and lives the rest of the interrupted year. Late answers come to the default.
///
/// # Errors
/// If no such decision waits, or it has no such answer, or the answer is locked.
pub fn decide(
    content: &Content,
    life: &Life,
    decision_id: DecisionId,
    option_id: &str,
    late: bool,
) -> Result<Step, InputError> {
    must_live(life)?;
    let pending = life.pending.as_ref().filter(|pending| pending.decision_id == decision_id);
    let pending = pending.ok_or(InputError::NoSuchDecision)?;
    let option = pending.options.iter().find(|option| option.option_id == option_id);
    let option = option.ok_or_else(|| InputError::NoSuchOption { option_id: option_id.to_owned() })?;
    if !option.available && !late {
        let requirements = option.requirements.clone();
        return Err(InputError::OptionLocked { option_id: option_id.to_owned(), requirements });
    }
    Ok(Move::begin(content, life).decide(decision_id, option_id, late))
}

/// Sets the standing plan, or gives it up for what is usual. It takes effect with the next year.
///
/// # Errors
/// If the life is a draft, over, or waits for an answer; if the plan breaks a rule, every rule it breaks.
pub fn set_plan(content: &Content, life: &Life, standing: Option<Standing>) -> Result<Step, InputError> {
    must_live(life)?;
    if let Some(pending) = &life.pending {
        return Err(InputError::DecisionPending { decision_id: pending.decision_id });
    }
    let issues = standing.as_ref().map(|standing| plan_issues(life, standing)).unwrap_or_default();
    if !issues.is_empty() {
        return Err(InputError::PlanRefused { issues });
    }
    Ok(Move::begin(content, life).plan(standing))
}

fn must_live(life: &Life) -> Result<(), InputError> {
    match life.status {
        Status::Draft => Err(InputError::NotStarted),
        Status::Dead => Err(InputError::LifeEnded),
        Status::Alive => Ok(()),
    }
}

/// A move known to be possible.
pub(crate) struct Move<'a> {
    turn: Turn<'a>,
    stage: Stage,
    outcome: Option<Outcome>,
    changes: Vec<Change>,
}

impl<'a> Move<'a> {
    pub(crate) fn begin(content: &'a Content, life: &Life) -> Self {
        let turn = Turn::new(content, life.clone());
        Self { turn, stage: life.stage, outcome: None, changes: Vec::new() }
    }

    /// Applies an input that is known to be possible, noting why everything comes as it does.
    pub(crate) fn note(mut self, input: &Input) -> Trace {
        self.turn.trace = Some(Trace::default());
        self.run(input);
        self.turn.trace.unwrap_or_default()
    }

    fn start(mut self) -> Step {
        self.run(&Input::Start);
        self.end(Input::Start)
    }

    fn year(mut self, input: YearInput) -> Step {
        let input = Input::Year { mode: input.mode, on_pending: input.on_pending };
        self.run(&input);
        self.end(input)
    }

    fn decide(mut self, decision_id: DecisionId, option_id: &str, late: bool) -> Step {
        let input = Input::Decide { decision_id, option_id: option_id.to_owned(), late };
        self.run(&input);
        self.end(input)
    }

    fn plan(mut self, standing: Option<Standing>) -> Step {
        let input = Input::Plan { standing };
        self.run(&input);
        self.end(input)
    }

    /// Applies an input that is known to be possible.
    fn run(&mut self, input: &Input) {
        match input {
            Input::Birth { .. } => {}
            Input::Start => {
                self.turn.life.status = Status::Alive;
                year::open(&mut self.turn, Mode::Steady);
                year::finish(&mut self.turn);
            }
            Input::Year { mode, .. } => {
                // Taking defaults may raise further decisions, each of which also comes to its default.
                while let Some(pending) = self.turn.life.pending.take() {
                    let default = pending.default_option.clone();
                    self.answer(pending, &default, false);
                }
                if self.turn.is_alive() {
                    year::pass(&mut self.turn);
                    self.changes = self.turn.take_changes();
                    year::open(&mut self.turn, *mode);
                    year::finish(&mut self.turn);
                }
            }
            Input::Plan { standing } => self.take_plan(*standing),
            Input::Decide { option_id, late, .. } => {
                if let Some(pending) = self.turn.life.pending.take() {
                    let option_id = if *late { pending.default_option.clone() } else { option_id.clone() };
                    self.answer(pending, &option_id, *late);
                }
            }
        }
        self.changes.extend(self.turn.take_changes());
    }

    /// The plan stands from now on; what changed is noted by field.
    fn take_plan(&mut self, standing: Option<Standing>) {
        let life = &mut self.turn.life;
        let before = Standing::of(life);
        life.own_plan = standing.is_some();
        let now = standing.unwrap_or(Standing {
            plan: Plan::usual(life.stage),
            habits: Habits::usual(life),
            budget: Budget::USUAL,
        });
        (life.plan, life.habits, life.budget) = (now.plan, now.habits, now.budget);
        for effort in Effort::ALL {
            let (from, to) = (before.plan.get(*effort), now.plan.get(*effort));
            self.turn.note(format!("plan.{effort}"), from.into(), to.into(), "player");
        }
        for habit in Habit::ALL {
            let (from, to) = (before.habits.level(*habit), now.habits.level(*habit));
            self.turn.note(format!("habits.{habit}"), from.into(), to.into(), "player");
        }
        for ((field, from), (_, to)) in before.budget.shares().into_iter().zip(now.budget.shares()) {
            self.turn.note(field, from.into(), to.into(), "player");
        }
    }

    fn answer(&mut self, pending: PendingDecision, option_id: &str, late: bool) {
        year::take_decision(&mut self.turn, pending, option_id, late);
        let decided = self.turn.events.last().and_then(|record| record.decision.as_ref());
        self.outcome = decided.map(|decision| decision.outcome.clone());
        year::finish(&mut self.turn);
    }

    /// Writes the log entry and hands everything over.
    fn end(self, input: Input) -> Step {
        let Self { turn, stage, outcome, changes } = self;
        let (content, mut life, events) = (turn.content, turn.life, turn.events);
        let written =
            Written { events: &events, changes: &changes, pending: life.pending.as_ref(), death: life.death.as_ref() };
        let entry =
            LogEntry::new(&life.head, life.next_entry_seq, life.age, input, content.hash(), canonical(&written));
        life.next_entry_seq += 1;
        life.head = entry.hash;
        Step {
            year_complete: life.progress.is_none(),
            stage_changed: life.stage != stage,
            raised: life.pending.clone(),
            entry,
            events,
            changes,
            outcome,
            life,
        }
    }
}

/// What a log entry keeps of a move.
#[derive(Serialize)]
struct Written<'a> {
    events: &'a [EventRecord],
    changes: &'a [Change],
    pending: Option<&'a PendingDecision>,
    death: Option<&'a Death>,
}
