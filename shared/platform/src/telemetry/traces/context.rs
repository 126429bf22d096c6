//! Where a request comes from, as it says itself: the W3C Trace Context headers, or X-Ray's header on Lambda.

use http::{HeaderMap, HeaderName};

/// 16 bytes, not all zero.
pub(crate) type TraceId = [u8; 16];
/// 8 bytes, not all zero.
pub(crate) type SpanId = [u8; 8];

/// Longest `tracestate` that is handed on, characters; the recommendation asks for at least 512.
const LONGEST_STATE: usize = 512;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The trace that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) trace_id: TraceId,
    /// The caller's span; `None` where the trace begins here.
    pub(crate) parent: Option<SpanId>,
    /// Whether the caller records this trace; `None` where it leaves that to us.
    pub(crate) sampled: Option<bool>,
    /// `tracestate` as it came; empty for none.
    pub(crate) state: String,
}

impl Origin {
    /// A trace that begins here.
    pub(crate) fn new(trace_id: TraceId) -> Self {
        Self { trace_id, parent: None, sampled: None, state: String::new() }
    }

    /// What Lambda says of this invocation, else what the caller says; nothing where that is not well-formed.
    pub(crate) fn of(headers: &HeaderMap, lambda: Option<&lambda_http::Context>) -> Option<Self> {
        let xray = lambda.and_then(|context| context.xray_trace_id.as_deref());
        xray.and_then(Self::of_xray).or_else(|| Self::of_w3c(headers))
    }

    /// `traceparent` (version 00: `00-<32 hex>-<16 hex>-<2 hex>`; later versions may add to it) and `tracestate`.
    fn of_w3c(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(TRACEPARENT).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else { return None };
        let line = line.to_str().ok()?;
        let mut parts = line.split('-');
        let [version] = hex(parts.next()?)?;
        let (trace_id, parent, [flags]) = (hex(parts.next()?)?, hex(parts.next()?)?, hex::<1>(parts.next()?)?);
        let is_known = version != 0xff && (version != 0 || parts.next().is_none());
        let is_whole = trace_id != [0; 16] && parent != [0; 8];
        (is_known && is_whole).then(|| Self {
            trace_id,
            parent: Some(parent),
            sampled: Some(flags & 1 == 1),
            state: state(headers),
        })
    }

    /// `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0 or 1>`, the fields in any order, others between them.
    fn of_xray(text: &str) -> Option<Self> {
        let field = |name: &str| text.split(';').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        let (seconds, rest) = field("Root")?.strip_prefix("1-")?.split_once('-')?;
        let (seconds, rest): ([u8; 4], [u8; 12]) = (hex(seconds)?, hex(rest)?);
        let mut trace_id = [0; 16];
        trace_id[..4].copy_from_slice(&seconds);
        trace_id[4..].copy_from_slice(&rest);
        let sampled = match field("Sampled") {
            Some("1") => Some(true),
            Some("0") => Some(false),
            _ => None,
        };
        let parent = field("Parent").and_then(hex).filter(|parent| *parent != [0; 8]);
        (trace_id != [0; 16]).then_some(Self { trace_id, parent, sampled, state: String::new() })
    }
}

/// `traceparent` of a request that we send from within a span.
pub(super) fn traceparent(trace_id: &TraceId, span_id: &SpanId) -> String {
    format!("00-{}-{}-01", hex::encode(trace_id), hex::encode(span_id))
}

/// All lines of `tracestate` as one; none of it where it is longer than need be handed on.
fn state(headers: &HeaderMap) -> String {
    let lines: Option<Vec<_>> = headers.get_all(TRACESTATE).iter().map(|line| line.to_str().ok()).collect();
    let state = lines.map(|lines| lines.join(",")).unwrap_or_default();
    if state.len() <= LONGEST_STATE { state } else { String::new() }
}

/// Exactly `N` bytes in lower-case hex.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    (is_lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn w3c(lines: &[(&str, &str)]) -> Option<Origin> {
        let name = |name: &str| HeaderName::from_bytes(name.as_bytes()).expect("a name");
        let headers = lines.iter().map(|(key, value)| (name(key), value.parse().expect("a value"))).collect();
        Origin::of(&headers, None)
    }

    #[test]
    fn a_traceparent_is_taken_whole_or_not_at_all() {
        let good = |line: &str, sampled| {
            let origin = w3c(&[("traceparent", line)]).unwrap_or_else(|| panic!("{line} is refused"));
            assert_eq!((hex::encode(origin.trace_id).as_str(), origin.sampled), (TRACE, Some(sampled)), "{line}");
            assert_eq!(origin.parent.map(hex::encode).as_deref(), Some(PARENT));
            assert_eq!(traceparent(&origin.trace_id, &hex(PARENT).expect("an id")), format!("00-{TRACE}-{PARENT}-01"));
        };
        good(&format!("00-{TRACE}-{PARENT}-01"), true);
        good(&format!("00-{TRACE}-{PARENT}-00"), false);
        good(&format!("00-{TRACE}-{PARENT}-03"), true);
        good(&format!("cc-{TRACE}-{PARENT}-01-what-the-future-brings"), true);
        let upper = TRACE.to_uppercase();
        for bad in [
            String::new(),
            "00-0-0-0".to_owned(),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{upper}-{PARENT}-01"),
            format!("00-{}-{PARENT}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{TRACE}-{PARENT}-1"),
        ] {
            assert_eq!(w3c(&[("traceparent", &bad)]), None, "{bad}");
        }
        let line = format!("00-{TRACE}-{PARENT}-01");
        assert_eq!(w3c(&[("traceparent", &line), ("traceparent", &line)]), None, "one of two lines is a guess");
    }

    #[test]
    fn a_tracestate_is_one_text_of_bounded_length() {
        let line = format!("00-{TRACE}-{PARENT}-01");
        let state = |lines: &[&str]| {
            let lines = lines.iter().map(|state| ("tracestate", *state));
            w3c(&std::iter::once(("traceparent", line.as_str())).chain(lines).collect::<Vec<_>>())
                .expect("a trace")
                .state
        };
        assert_eq!(state(&[]), "");
        assert_eq!(state(&["congo=t61rcWkgMzE", "rojo=1"]), "congo=t61rcWkgMzE,rojo=1");
        assert_eq!(state(&[&format!("a={}", "x".repeat(511))]), "");
    }

    #[test]
    fn an_xray_id_is_an_open_telemetry_id_without_its_dashes() {
        let rows = [
            ("Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1", Some(true)),
            ("Self=1-2-3;Sampled=0;Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7", Some(false)),
            ("Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Lineage=1:a87bd80c:0", None),
        ];
        for (text, sampled) in rows {
            let origin = Origin::of_xray(text).unwrap_or_else(|| panic!("{text} is refused"));
            assert_eq!((hex::encode(origin.trace_id).as_str(), origin.sampled), (TRACE, sampled), "{text}");
            assert_eq!(origin.parent.map(hex::encode).as_deref(), Some(PARENT), "{text}");
        }
        for bad in ["", "Root=", "Root=2-4bf92f35-77b34da6a3ce929d0e0e4736", "Root=1-4bf92f35", "Sampled=1"] {
            assert_eq!(Origin::of_xray(bad), None, "{bad}");
        }
        let mut lambda = lambda_http::Context::default();
        lambda.xray_trace_id = Some(rows[0].0.to_owned());
        let line = format!("00-{}-{PARENT}-00", "ab".repeat(16));
        let headers = [(TRACEPARENT, line.parse().expect("a value"))].into_iter().collect();
        let origin = Origin::of(&headers, Some(&lambda)).expect("a trace");
        assert_eq!(hex::encode(origin.trace_id), TRACE, "on Lambda the trace is X-Ray's");
    }
}
