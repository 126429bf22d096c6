//! What keeps an event out of a life is named, and is all that keeps it out.

use engine::{Content, obstacles};

use crate::play::live_number;

/// In the year before an event comes from the random tier, its place and its limits were no obstacle; what it asks of age and
/// year may have been.
#[test]
fn what_has_happened_once_and_may_not_again_is_kept_out_by_its_limits() {
    let content = Content::builtin();
    let mut told = 0;
    for number in 0..6 {
        let lived = live_number(content, number);
        let last = lived.steps.last().unwrap();
        for record in lived.steps.iter().flat_map(|step| &step.events) {
            let event = content.event_def(&record.event_id).unwrap();
            let found = obstacles(content, &last.life, &record.event_id).unwrap();
            let limited = found.iter().any(|obstacle| obstacle.what == "limits");
            assert!(limited || event.limits.max != Some(1), "{} {found:?}", record.event_id);
            told += found.len();
        }
    }
    assert!(told > 0);
}

#[test]
fn how_far_off_a_number_is_is_told() {
    let content = Content::builtin();
    let lived = live_number(content, 3);
    let newborn = &lived.steps[0].life;
    let late = content.rules().events.iter().find(|event| event.scope.ages.0 >= 60).unwrap();
    let found = obstacles(content, newborn, &late.id).unwrap();
    assert!(found.iter().any(|obstacle| obstacle.what.starts_with("ages") && obstacle.has == Some(0)), "{found:?}");
    assert_eq!(obstacles(content, newborn, "no_such_event"), None);
}
