//! Which clients call, by platform and release: what one must know before an old release is cut off. Both words come from
//! outside, so both are bounded before they become labels.

use std::sync::{Mutex, PoisonError};

/// Platforms of clients, as access tokens name them.
pub const PLATFORMS: [&str; 9] = ["web", "ios", "android", "unity", "wechat", "alipay", "douyin", "desktop", "other"];

/// Requests without an access token.
pub const ANONYMOUS: &str = "anonymous";

/// Releases that a process tells apart. Every further one is `other`.
const RELEASES: usize = 32;
/// Longest name of a release, bytes.
const RELEASE_LENGTH: usize = 24;

static SEEN: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// The platform of this name; `other` when there is none.
pub fn platform(name: &str) -> &'static str {
    PLATFORMS.into_iter().find(|known| *known == name).unwrap_or("other")
}

/// A client's release as a label: as in `X-Client-Version` when that is short and plain, `none` when nothing is said,
/// `other` when it is neither or there are too many.
pub fn release(said: Option<&str>) -> &'static str {
    let Some(said) = said else { return "none" };
    let plain = said.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_'));
    if said.is_empty() || said.len() > RELEASE_LENGTH || !plain {
        return "other";
    }
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = seen.iter().find(|known| **known == said) {
        return known;
    }
    if seen.len() >= RELEASES {
        return "other";
    }
    // At most RELEASES of them, a process long.
    let name: &'static str = String::leak(said.to_owned());
    seen.push(name);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_few_whatever_clients_say() {
        assert_eq!((platform("ios"), platform("toaster")), ("ios", "other"));
        assert_eq!(release(None), "none");
        for bad in ["", "1 2", "1.0\u{e9}", "a-version-longer-than-any-version", "{}"] {
            assert_eq!(release(Some(bad)), "other", "{bad:?}");
        }
        assert_eq!(release(Some("1.4.2")), "1.4.2");
        let names: std::collections::BTreeSet<_> =
            (0..1000).map(|patch| release(Some(&format!("9.{patch}")))).collect();
        assert!(names.len() <= RELEASES + 1 && names.contains("other"), "{}", names.len());
        assert_eq!(release(Some("1.4.2")), "1.4.2", "who was there first stays");
    }
}
