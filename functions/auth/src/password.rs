//! Argon2id, off the async threads and a bounded number at once: hashing is meant to be slow, and must not make
//! anything else slow.

use std::{
    thread,
    time::{Duration, Instant},
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::{PasswordHash, Salt},
};
use platform::{ApiError, Cx, config::PasswordCost};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use crate::turns::Turns;

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is another password, or there is none.
    Wrong,
    /// It is this one.
    Right,
    /// It is this one, and was hashed at a lower cost than is now asked for.
    RightButWeak,
}

/// The PHC string of `password`, with a fresh salt.
pub(crate) async fn hash(cx: &Cx, password: &SecretString) -> Result<String, ApiError> {
    let (password, cost, salt) = (password.clone(), cx.config().password_cost, cx.random::<16>());
    in_turn(cx, move || hash_with(cost, &salt, &password)).await
}

/// Whether `password` is the one behind `stored`. Without a stored hash it takes the same time and is wrong, so that
/// an unknown name cannot be told from a wrong password.
pub(crate) async fn verify(cx: &Cx, password: &SecretString, stored: Option<String>) -> Result<Verdict, ApiError> {
    let (password, cost) = (password.clone(), cx.config().password_cost);
    in_turn(cx, move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| decoy(cost));
        let parsed = PasswordHash::new(&stored).map_err(failed)?;
        let matches = Argon2::default().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok();
        Ok(match known && matches {
            false => Verdict::Wrong,
            true if is_weaker(&parsed, cost)? => Verdict::RightButWeak,
            true => Verdict::Right,
        })
    })
    .await
}

/// Whether a stored hash costs an attacker less than one made now would.
fn is_weaker(stored: &PasswordHash, now: PasswordCost) -> Result<bool, ApiError> {
    let params = Params::try_from(stored).map_err(failed)?;
    Ok(params.m_cost() < now.memory_kib || params.t_cost() < now.iterations)
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
    cx: &Cx,
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let turn = cx.keep(|config| Turns::new(config.passwords_at_once)).take().await?;
    // The turn goes with the work: a client that leaves ends the waiting, not the hashing.
    behind_everything(move || turn.measure(work)).await?
}

/// Steps of `nice` that hashing stands behind requests: the scheduler then gives it a tenth of a core that both want.
const POLITENESS: i32 = 10;

/// Does the work on a thread of its own that lets everything else go first. Starting one costs a thousandth of a hash.
async fn behind_everything<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let (done, result) = oneshot::channel();
    let polite = move || {
        // On Linux it is the thread's own; where it is refused, hashing is only less polite.
        let _ = rustix::process::nice(POLITENESS);
        let _ = done.send(work());
    };
    thread::Builder::new().name("password".to_owned()).spawn(polite).map_err(ApiError::internal)?;
    result.await.map_err(ApiError::internal)
}

/// How many passwords a second this machine hashes at a cost, so many at once, for about as long as `duration`: what
/// bounds logins.
///
/// # Errors
/// When the cost is none that Argon2 knows, or no thread can be started.
pub fn hashes_per_second(cost: PasswordCost, at_once: usize, duration: Duration) -> Result<f64, ApiError> {
    let began = Instant::now();
    let hash_on = || {
        let mut hashed = 0_u32;
        while began.elapsed() < duration {
            hash_with(cost, &[7; 16], &SecretString::from("a long walk home"))?;
            hashed += 1;
        }
        Ok(hashed)
    };
    let hashed: Result<u32, ApiError> = thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(hash_on)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(failed("a thread panicked")))).sum()
    });
    Ok(f64::from(hashed?) / began.elapsed().as_secs_f64())
}

fn failed(error: impl std::fmt::Display) -> ApiError {
    ApiError::internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_weak_when_either_cost_was_raised_and_not_when_lowered() {
        let cost = |memory_kib, iterations| PasswordCost { memory_kib, iterations };
        let stored = hash_with(cost(64, 2), &[7; 16], &"a long walk home".into()).expect("a hash");
        let parsed = PasswordHash::new(&stored).expect("a PHC string");
        for (now, weak) in [(cost(64, 2), false), (cost(65, 2), true), (cost(64, 3), true), (cost(32, 1), false)] {
            assert_eq!(is_weaker(&parsed, now).expect("parameters"), weak, "{now:?}");
        }
    }

    #[test]
    fn the_decoy_is_read_like_a_real_hash_of_the_present_cost() {
        let cost = PasswordCost { memory_kib: 19_456, iterations: 2 };
        let decoy = decoy(cost);
        let parsed = PasswordHash::new(&decoy).expect("a PHC string");
        assert!(parsed.hash.is_some() && !is_weaker(&parsed, cost).expect("parameters"));
    }
}
