//! Argon2id, off the async threads and a bounded number at once: hashing is meant to be slow, and must not make
//! anything else slow.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::{PasswordHash, Salt},
};
use platform::{ApiError, Cx, config::PasswordCost};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Hashes at once in this process; more would only take memory (19 MiB each) and turns.
const AT_ONCE: usize = 2;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// The PHC string of `password`, with a fresh salt.
pub(crate) async fn hash(cx: &Cx, password: &SecretString) -> Result<String, ApiError> {
    let (password, cost, salt) = (password.clone(), cx.config().password_cost, cx.random::<16>());
    in_turn(move || hash_with(cost, &salt, &password)).await
}

/// Whether `password` is the one behind `stored`. Without a stored hash it takes the same time and is false, so that
/// an unknown name cannot be told from a wrong password.
pub(crate) async fn verify(cx: &Cx, password: &SecretString, stored: Option<String>) -> Result<bool, ApiError> {
    let (password, cost) = (password.clone(), cx.config().password_cost);
    in_turn(move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| decoy(cost));
        let parsed = PasswordHash::new(&stored).map_err(failed)?;
        let matches = Argon2::default().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok();
        Ok(known && matches)
    })
    .await
}

/// A hash of the present cost that no password has: its salt and digest are made up.
fn decoy(cost: PasswordCost) -> String {
    let PasswordCost { memory_kib, iterations } = cost;
    format!("$argon2id$v=19$m={memory_kib},t={iterations},p=1${}${}", "A".repeat(22), "A".repeat(43))
}

fn hash_with(cost: PasswordCost, salt: &[u8], password: &SecretString) -> Result<String, ApiError> {
    let params = Params::new(cost.memory_kib, cost.iterations, 1, None).map_err(failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let salt = Salt::new(salt).map_err(failed)?;
    let hash = argon2.hash_password_with_salt(password.expose_secret().as_bytes(), &salt).map_err(failed)?;
    Ok(hash.to_string())
}

async fn in_turn<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let turn = TURNS.acquire().await.map_err(ApiError::internal)?;
    // The turn goes with the work: a client that leaves ends the waiting, not the hashing.
    let work = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)?
}

fn failed(error: impl std::fmt::Display) -> ApiError {
    ApiError::internal(error.to_string())
}
