//! The metrics of one route's requests, looked up once. What is done for every request must not search a table of all
//! metrics by name and labels each time.

use std::{
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::exporter;
use crate::{http::RoundTrips, route::Route};

/// Methods as labels: a client cannot add one. The last stands for all others.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "ANY"];
/// Statuses that have a counter ready: every one that our code answers with.
const STATUSES: [u16; 19] =
    [200, 201, 202, 204, 302, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 503];

/// One route's.
pub(crate) struct Meters {
    route: &'static Route,
    in_flight: Gauge,
    /// To Redis and to Postgres. Looked up at the first request: a Lambda function does nothing for it before.
    trips: OnceLock<[Histogram; 2]>,
    /// By platform and release of the client: few, whatever clients say.
    clients: Mutex<Vec<(&'static str, &'static str, Counter)>>,
    /// By [`METHODS`]; a route has one or two.
    of_method: [OnceLock<Box<OfMethod>>; METHODS.len()],
}

struct OfMethod {
    duration: Histogram,
    /// By [`STATUSES`].
    answered: [OnceLock<Counter>; STATUSES.len()],
}

impl Meters {
    /// To be made when metrics have somewhere to go.
    pub(crate) fn of(route: &'static Route) -> Self {
        let in_flight = if exporter::keeps_gauges() { gauge!("http_requests_in_flight") } else { Gauge::noop() };
        Self { route, in_flight, trips: OnceLock::new(), clients: Mutex::default(), of_method: Default::default() }
    }

    /// Counts a request as being answered until what this gives is dropped: a client that leaves drops it in the middle.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.increment(1.0);
        InFlight(&self.in_flight)
    }

    /// Counts a request that was answered.
    pub(crate) fn record(&self, method: &Method, status: StatusCode, elapsed: Duration, trips: &RoundTrips) {
        let load = |count: &AtomicU32| count.load(Ordering::Relaxed);
        let id = self.route.id;
        let [redis, sql] = self.trips.get_or_init(|| {
            [
                histogram!("redis_round_trips_per_request", "route" => id),
                histogram!("sql_statements_per_request", "route" => id),
            ]
        });
        redis.record(load(&trips.redis));
        sql.record(load(&trips.sql));
        let index = if self.route.is_fallback() { METHODS.len() - 1 } else { index_of(method) };
        let (route, method) = (self.route.id, METHODS[index]);
        let meters = self.of_method[index].get_or_init(|| {
            Box::new(OfMethod {
                duration: histogram!("http_request_duration_seconds", "method" => method, "route" => route),
                answered: Default::default(),
            })
        });
        meters.duration.record(elapsed.as_secs_f64());
        let counter = |status: u16| counter!("http_requests_total", "method" => method, "route" => route, "status" => status.to_string());
        match STATUSES.iter().position(|known| *known == status.as_u16()) {
            Some(index) => meters.answered[index].get_or_init(|| counter(STATUSES[index])).increment(1),
            None => counter(status.as_u16()).increment(1),
        }
    }

    /// Counts a request by who sent it.
    pub(crate) fn record_client(&self, platform: &'static str, version: &'static str) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            clients.iter().find(|(its_platform, its_version, _)| (*its_platform, *its_version) == (platform, version));
        if let Some((_, _, counter)) = known {
            return counter.increment(1);
        }
        let counter = counter!("client_requests_total", "platform" => platform, "version" => version);
        counter.increment(1);
        clients.push((platform, version, counter));
    }
}

fn index_of(method: &Method) -> usize {
    METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1)
}

/// A request that is being answered.
pub(crate) struct InFlight<'a>(&'a Gauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_method_that_http_does_not_know_is_any() {
        let labels = ["GET", "HEAD", "BREW", "get"]
            .map(|method| METHODS[index_of(&Method::from_bytes(method.as_bytes()).expect("a token"))]);
        assert_eq!(labels, ["GET", "HEAD", "ANY", "ANY"]);
    }

    #[test]
    fn every_error_has_its_counter_ready() {
        for code in [Code::InvalidRequest, Code::PreconditionFailed, Code::RateLimited, Code::ServiceUnavailable] {
            assert!(STATUSES.contains(&code.status().as_u16()), "{code:?}");
        }
    }
}
