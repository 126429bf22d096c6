//! What makes two errors the same fault: their route and text without numbers and ids, so that one fault is one group
//! whatever life or second it fell over.

use sha2::{Digest, Sha256};

/// 16 hex digits: of the SHA-256 over the route and the likeness of the error.
pub(crate) fn of(route: &str, error: &str) -> String {
    let digest = Sha256::new().chain_update(route).chain_update([0]).chain_update(likeness(error)).finalize();
    hex::encode(&digest[..8])
}

/// The text with every word that has a digit in it replaced: numbers, ids, addresses, times.
fn likeness(text: &str) -> String {
    let mut likeness = String::with_capacity(text.len());
    for word in text.split_inclusive(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '_') {
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            likeness.push('#');
            likeness.extend(word.chars().next_back().filter(|last| !last.is_alphanumeric()));
        } else {
            likeness.push_str(word);
        }
    }
    likeness
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_is_one_fingerprint() {
        let fault = |text| of("game-advance", text);
        let same = [
            "life 01a20651-498e-7dc9-8b46-e34798d94e2b: version 57 is gone",
            "life 01a20651-0000-7dc9-8b46-e34798d94e2b: version 3 is gone",
        ];
        assert_eq!(fault(same[0]), fault(same[1]));
        assert_ne!(fault(same[0]), fault("life 1: version 57 is there"));
        assert_ne!(fault(same[0]), of("game-decide", same[0]));
        assert_eq!(fault("").len(), 16);
        assert_eq!(likeness("at 10.0.0.1:5432, x=4"), "at #.#.#.#:#, x=#");
    }
}
