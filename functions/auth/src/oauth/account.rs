//! The account of an identity. A new one gets a name that nobody chose, to be changed by whoever wants to.

use platform::{
    ApiError, Cx,
    ids::UserId,
    store::{
        accounts::User,
        identities::{self, Found},
    },
};

use super::{Identity, error::OauthError, refused};
use crate::guest::GUEST;

/// Crockford's base32: 32 characters that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many names are tried. Names of six characters are short of a million players before one in a thousand is taken;
/// later tries are longer.
const TRIES: [usize; 5] = [6, 6, 8, 12, 16];

/// The account of `identity`, and whether it is new.
///
/// # Errors
/// 401 ACCOUNT_CLOSED, 503 without Postgres.
pub(crate) async fn account(cx: &Cx, identity: &Identity) -> Result<(User, bool), ApiError> {
    for length in TRIES {
        let mut candidate = User::new(UserId(cx.new_id()), username(cx, length), cx.locale(), cx.now());
        candidate.email.clone_from(&identity.email);
        candidate.email_verified = identity.email.is_some();
        candidate.is_guest = identity.provider == GUEST;
        match identities::find_or_create(cx.db(), &identity.provider, &identity.subject, &candidate).await? {
            Found::Known(user) => return Ok((user, false)),
            Found::Created(user) => return Ok((user, true)),
            Found::Closed => return Err(refused(cx, &identity.provider, OauthError::AccountClosed)),
            Found::Again => {}
        }
    }
    Err(ApiError::unavailable(1, "no free name was found for a new account"))
}

fn username(cx: &Cx, length: usize) -> String {
    let random = cx.random::<16>();
    let tail = random.iter().take(length).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    format!("player_{}", tail.collect::<String>())
}
