//! What changes a draft has in common: it is dealt again, and only until the life begins.

use engine::{LifeSpec, Seed, Status};
use platform::{
    Answer, ApiError, Code, Cx, Reply,
    auth::Player,
    cache::aggregate::{Life, Roster},
    dealing,
    http::idem::Idem,
    ids::CharacterId,
    store::{idempotency, lives::Standing, redealing},
    text::Text,
};

use crate::view::CharacterOut;

/// Deals the draft again as `wish` has it, or says why not; a repeated request gets the first answer.
pub(crate) async fn deal_again(
    cx: &Cx,
    me: &Player,
    idem: &Idem,
    id: CharacterId,
    expected: i64,
    wish: impl FnOnce(&Standing) -> Result<(LifeSpec, Seed), ApiError>,
) -> Reply<CharacterOut> {
    let draft = cx.claim(Life(me.id, id), Roster(me.id), expected).await?.ok_or_else(ApiError::no_such_character)?;
    let wished = draft.at_version(expected).and_then(not_begun).and_then(wish);
    let (spec, seed) = match wished {
        Ok(wished) => wished,
        Err(refused) => return idempotency::first_answer_or(cx, idem, refused).await,
    };
    let dealt = dealing::redeal(cx, &draft, spec, seed)?;
    let out = CharacterOut::of(cx.content(), cx.locale(), &dealt.standing);
    let answer = Answer::ok(&out)?.versioned(cx, dealt.standing.version);
    redealing::redeal(cx, idem, &draft, &dealt, answer).await
}

fn not_begun(standing: &Standing) -> Result<&Standing, ApiError> {
    if standing.life.status == Status::Draft {
        return Ok(standing);
    }
    let text = Text::new(
        "This life has begun; who it is has become part of its story.",
        "这段人生已经开始，出身已成为故事的一部分。",
    );
    Err(ApiError::new(Code::Conflict, text).reason("ALREADY_STARTED"))
}
