//! What holds for every life.

use engine::{Content, Verified, replay};

use crate::play::live_number;

#[test]
fn a_replayed_life_is_the_life() {
    let content = Content::builtin();
    for number in 0..300 {
        let lived = live_number(number);
        let again = replay(|hash| (hash == content.hash()).then_some(content), &lived.log).unwrap();
        assert_eq!(again.verified, Verified::Recomputed);
        assert_eq!(again.life.as_ref(), Some(&lived.life), "life {number}");
    }
}
