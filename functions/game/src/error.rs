//! What can stand in the way of living on.

use engine::{InputError, PlanIssue, PlanRule, ReplayError};
use platform::{ApiError, Code, error::FieldError, text::Text};

/// The ways an operation of play is refused.
#[derive(Debug)]
pub(crate) enum GameError {
    /// There is no such life, or it is someone else's.
    NoSuchLife,
    /// The life has no event of that number.
    NoSuchEvent,
    /// The life never was that old.
    NotYetLived {
        /// How old it is.
        age: u16,
    },
    /// The past cannot be lived again.
    Unreplayable(ReplayError),
    /// The engine refuses the input.
    Refused(InputError),
}

impl From<InputError> for GameError {
    fn from(error: InputError) -> Self {
        Self::Refused(error)
    }
}

impl From<GameError> for ApiError {
    fn from(error: GameError) -> Self {
        match error {
            GameError::NoSuchLife => Self::no_such_character(),
            GameError::NoSuchEvent => {
                Self::not_found(Text::new("This life has no such event.", "这段人生没有这个事件。"))
            }
            GameError::NotYetLived { age } => {
                Self::new(Code::Conflict, Text::new("This life has not come to that age.", "这段人生尚未到达该年龄。"))
                    .reason("NOT_YET_LIVED")
                    .detail("current_age", age)
            }
            GameError::Unreplayable(ReplayError::OutOfReach { .. }) => {
                let text = Text::new(
                    "This was lived under earlier rules, which this release cannot live by any more.",
                    "这段经历发生在旧版规则之下，当前版本已无法重演。",
                );
                Self::new(Code::Conflict, text).reason("RULES_CHANGED")
            }
            GameError::Unreplayable(error) => Self::internal(error),
            GameError::Refused(refused) => conflict(&refused),
        }
    }
}

fn conflict(error: &InputError) -> ApiError {
    let conflict = |en, zh| ApiError::new(Code::Conflict, Text::new(en, zh));
    match error {
        InputError::NotStarted => {
            conflict("This life has not begun; start it first.", "这段人生尚未开始，请先开始。").reason("NOT_STARTED")
        }
        InputError::AlreadyStarted => {
            conflict("This life has begun already.", "这段人生已经开始。").reason("ALREADY_STARTED")
        }
        InputError::LifeEnded => conflict("This life is over.", "这段人生已经结束。").reason("LIFE_ENDED"),
        InputError::DecisionPending { decision_id } => {
            conflict("A decision is waiting; take it first.", "有一个抉择待定，请先作出选择。")
                .reason("DECISION_PENDING")
                .detail("decision_id", decision_id.to_string())
        }
        InputError::NoSuchDecision => {
            conflict("This decision is not waiting any more.", "这个抉择已不在等待。").reason("DECISION_STALE")
        }
        InputError::NoSuchOption { .. } => ApiError::invalid_field(
            "option_id",
            "one_of",
            Text::new("Must be one of the decision's options.", "必须是该抉择的选项之一。"),
        ),
        InputError::PlanRefused { issues } => ApiError::invalid_fields(issues.iter().map(issue).collect()),
        InputError::OptionLocked { .. } => {
            conflict("This option is not open to you now.", "这个选项目前不可选。").reason("OPTION_LOCKED")
        }
    }
}

fn issue(issue: &PlanIssue) -> FieldError {
    let message = match issue.rule {
        PlanRule::TooMuch { most } => {
            Text::filled(format!("Must be {most} together at most."), format!("合计不得超过 {most}。"))
        }
        PlanRule::TooYoung { from_age } => {
            Text::filled(format!("Not before the age of {from_age}."), format!("须年满 {from_age} 岁。"))
        }
        PlanRule::CannotBeNone => Text::new(
            "Nobody does without; must be little, moderate or much.",
            "不可为 none，须为 little、moderate 或 much。",
        ),
    };
    FieldError { field: issue.field.to_owned(), rule: issue.rule.as_str(), message }
}
