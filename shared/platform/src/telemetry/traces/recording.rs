//! What one traced request does, gathered while it does it.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use http::{HeaderName, StatusCode};

use super::{
    context::{Origin, TRACEPARENT, TRACESTATE, traceparent},
    otlp::{Kind, Span, Value},
};

/// Most spans of one request: an account's deletion runs a statement for each of its lives.
const MOST: usize = 256;

/// One traced request.
pub(crate) struct Recording {
    origin: Origin,
    /// By the monotonic clock and by the wall clock, Unix nanoseconds: the same moment.
    began: Instant,
    began_unix_ns: u64,
    /// Where span ids come from: every step of a walk through all 64-bit numbers that begins at a random one.
    ids: AtomicU64,
    /// The span under which the next one is put.
    under: AtomicU64,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    spans: Vec<Span>,
    left_out: usize,
}

impl Recording {
    /// Begins now, which is `now_unix_ns` by the wall clock.
    pub(crate) fn new(origin: Origin, now_unix_ns: u64, seed: u64) -> Self {
        Self {
            origin,
            began: Instant::now(),
            began_unix_ns: now_unix_ns,
            ids: AtomicU64::new(seed),
            under: AtomicU64::new(0),
            done: Mutex::default(),
        }
    }

    /// A call of something outside this process. Recorded when what is returned is dropped.
    pub(crate) fn call(&self, name: &'static str) -> Open<'_> {
        self.open(name.into(), Kind::Client)
    }

    /// A part of the work within this process.
    pub(crate) fn part(&self, name: &'static str) -> Open<'_> {
        self.open(name.into(), Kind::Internal)
    }

    /// A part of the work to which all belongs that begins before it ends.
    pub(crate) fn enclosing(&self, name: &'static str) -> Open<'_> {
        self.enclose(self.part(name))
    }

    /// What encloses everything: the request itself, under the caller's span.
    pub(super) fn request(&self, name: String) -> Open<'_> {
        let mut open = self.open(name.into(), Kind::Server);
        open.span.parent = self.origin.parent.map_or(0, u64::from_be_bytes);
        self.enclose(open)
    }

    fn enclose<'r>(&self, mut open: Open<'r>) -> Open<'r> {
        open.encloses = Some(self.under.swap(open.span.id, Ordering::Relaxed));
        open
    }

    fn open(&self, name: Cow<'static, str>, kind: Kind) -> Open<'_> {
        let span = Span {
            trace_id: self.origin.trace_id,
            id: self.next_id(),
            parent: self.under.load(Ordering::Relaxed),
            state: self.origin.state.clone(),
            name,
            kind,
            began_unix_ns: self.now_unix_ns(),
            ..Span::default()
        };
        Open { recording: self, span, encloses: None }
    }

    /// SplitMix64: distinct for 2^64 calls, and without a pattern. 0 would be no id.
    fn next_id(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.ids.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).max(1)
    }

    fn now_unix_ns(&self) -> u64 {
        let since = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or_default();
        self.began_unix_ns.saturating_add(since)
    }

    fn keep(&self, span: Span) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.spans.len() < MOST {
            done.spans.push(span);
        } else {
            done.left_out += 1;
        }
    }

    /// What was recorded so far, and how many spans were too many.
    pub(super) fn take(&self) -> (Vec<Span>, usize) {
        let done = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        (done.spans, done.left_out)
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// A span that has begun. It ends, and is recorded, when this is dropped.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Open<'r> {
    recording: &'r Recording,
    span: Span,
    /// The span that is enclosing again when this one ends.
    encloses: Option<u64>,
}

impl Open<'_> {
    /// Says more about it. For names and numbers of ours: never what a player sent.
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.span.attributes.push((key, value.into()));
    }

    /// That something happened meanwhile.
    pub(crate) fn event(&mut self, name: &'static str) {
        self.span.events.push((name, self.recording.now_unix_ns()));
    }

    /// It failed; `kind` is of a small set of words.
    pub(crate) fn failed(&mut self, kind: impl Into<Value>) {
        self.set("error.type", kind);
        self.span.is_failed = true;
    }

    /// The headers that tell another server which trace its request belongs to: `traceparent`, and `tracestate` where
    /// our caller sent one.
    pub fn context(&self) -> impl Iterator<Item = (HeaderName, String)> + use<> {
        let Origin { trace_id, state, .. } = &self.recording.origin;
        let parent = (TRACEPARENT, traceparent(trace_id, &self.span.id.to_be_bytes()));
        let state = Some(state.clone()).filter(|state| !state.is_empty());
        std::iter::once(parent).chain(state.map(|state| (TRACESTATE, state)))
    }

    /// Of a call by HTTP: what it was answered with; `None` where no answer came.
    pub fn ended(&mut self, status: Option<StatusCode>) {
        let Some(status) = status else { return self.failed("no_answer") };
        self.set("http.response.status_code", u32::from(status.as_u16()));
        if status.is_client_error() || status.is_server_error() {
            self.failed(status.as_str().to_owned());
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(outer) = self.encloses {
            self.recording.under.store(outer, Ordering::Relaxed);
        }
        self.span.ended_unix_ns = self.recording.now_unix_ns();
        self.recording.keep(std::mem::take(&mut self.span));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_under_what_encloses_them() {
        let origin = Origin { parent: Some([7; 8]), ..Origin::new([1; 16]) };
        let recording = Recording::new(origin, 1_000, 42);
        {
            let _request = recording.request("GET /life".to_owned());
            drop(recording.call("gate"));
            {
                let _handler = recording.enclosing("handler");
                let mut sql = recording.call("life");
                sql.failed("23505");
            }
            drop(recording.call("settle"));
        }
        let (spans, left_out) = recording.take();
        let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name}"));
        let (request, handler) = (find("GET /life"), find("handler"));
        let parents = ["GET /life", "gate", "handler", "life", "settle"].map(|name| find(name).parent);
        assert_eq!(parents, [0x0707_0707_0707_0707, request.id, request.id, handler.id, request.id]);
        assert_eq!((spans.len(), left_out), (5, 0));
        assert!(spans.iter().all(|span| span.began_unix_ns >= 1_000 && span.ended_unix_ns >= span.began_unix_ns));
        assert!(find("life").is_failed && !request.is_failed);
    }

    #[test]
    fn a_request_that_does_too_much_is_cut_short_and_says_so() {
        let recording = Recording::new(Origin::new([1; 16]), 0, u64::MAX);
        for _ in 0..MOST + 3 {
            drop(recording.part("step"));
        }
        let (spans, left_out) = recording.take();
        assert_eq!((spans.len(), left_out), (MOST, 3));
        let mut ids: Vec<_> = spans.into_iter().map(|span| span.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), MOST, "two spans have one id");
    }
}
