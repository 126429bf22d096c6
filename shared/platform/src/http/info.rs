//! What is known of a request before its handler runs, shared by the log line, the error envelope and the handler.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::extract::ConnectInfo;
use engine::Locale;
use http::{HeaderMap, HeaderName, Method, header, request::Parts};
use ipnet::IpNet;

use super::headers::{X_CLIENT_VERSION, X_REQUEST_ID};
use crate::{
    auth::Player,
    cache::Called,
    ctx::Ctx,
    ids::UserId,
    route::{Rate, Route},
    telemetry::{
        clients,
        traces::{Origin, Recording},
    },
};

/// How often a request went to Redis and to Postgres. Travels with the response inside the process, never to a client.
#[derive(Debug, Default)]
pub struct RoundTrips {
    /// Scripts and pipelines sent to Redis.
    pub redis: AtomicU32,
    /// Statements sent to Postgres. A statement that a connection has not run before is prepared first, which takes
    /// one more round trip and is not counted.
    pub sql: AtomicU32,
    /// What the request does, where it is traced.
    trace: Option<Arc<Recording>>,
}

impl RoundTrips {
    /// The request's trace, if it is traced.
    pub(crate) fn trace(&self) -> Option<&Arc<Recording>> {
        self.trace.as_ref()
    }

    /// Waits for a script's answer, whose round trips are this request's.
    pub(crate) async fn of_redis<T>(&self, script: &'static str, call: impl Future<Output = Called<T>>) -> Option<T> {
        let mut span = self.trace().map(|trace| trace.call(script));
        let Called { value, round_trips } = call.await;
        self.redis.fetch_add(round_trips, Ordering::Relaxed);
        if let Some(span) = &mut span {
            span.set("db.system.name", "redis");
            span.set("db.operation.name", "EVALSHA");
            span.set("db.stored_procedure.name", script);
            span.set("restart_life.redis.round_trips", round_trips);
            if value.is_none() {
                span.failed(if round_trips == 0 { "left_alone" } else { "no_answer" });
            }
        }
        value
    }
}

/// Shared by all who look at one request. Cloning is one reference count.
#[derive(Debug, Clone)]
pub(crate) struct RequestInfo(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    route: &'static Route,
    request_id: String,
    trace_id: String,
    method: Method,
    path: String,
    locale: Locale,
    client_ip: IpAddr,
    client_version: &'static str,
    player: OnceLock<(UserId, &'static str)>,
    trips: Arc<RoundTrips>,
}

impl RequestInfo {
    pub(crate) fn of(ctx: &Ctx, route: &'static Route, parts: &Parts) -> Self {
        let origin = Origin::of(&parts.headers, parts.extensions.get()).unwrap_or_else(|| Origin::new(ctx.random()));
        Self(Arc::new(Inner {
            route,
            request_id: request_id(&parts.headers).unwrap_or_else(|| ctx.new_id().to_string()),
            trace_id: hex::encode(origin.trace_id),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            locale: locale(&parts.headers),
            client_ip: viewer(parts, ctx.config().behind_cloudfront)
                .unwrap_or_else(|| client_ip(parts, &ctx.config().trusted_proxies)),
            client_version: clients::release(header(&parts.headers, &X_CLIENT_VERSION)),
            player: OnceLock::new(),
            trips: Arc::new(RoundTrips { trace: recording(ctx, route, origin), ..RoundTrips::default() }),
        }))
    }

    pub(crate) fn route(&self) -> &'static Route {
        self.0.route
    }
    pub(crate) fn request_id(&self) -> &str {
        &self.0.request_id
    }
    pub(crate) fn trace_id(&self) -> &str {
        &self.0.trace_id
    }
    pub(crate) fn method(&self) -> &Method {
        &self.0.method
    }
    pub(crate) fn path(&self) -> &str {
        &self.0.path
    }
    pub(crate) fn locale(&self) -> Locale {
        self.0.locale
    }
    pub(crate) fn client_ip(&self) -> IpAddr {
        self.0.client_ip
    }
    pub(crate) fn trips(&self) -> &Arc<RoundTrips> {
        &self.0.trips
    }
    pub(crate) fn user_id(&self) -> Option<UserId> {
        self.0.player.get().map(|(user, _)| *user)
    }
    /// The platform of the player's session; [`clients::ANONYMOUS`] where there is none.
    pub(crate) fn client_platform(&self) -> &'static str {
        self.0.player.get().map_or(clients::ANONYMOUS, |(_, platform)| platform)
    }
    /// The client's release as it says itself, fit for a label.
    pub(crate) fn client_version(&self) -> &'static str {
        self.0.client_version
    }
    /// The life that the path names, where the route is about one and the path has an id there.
    pub(crate) fn character_id(&self) -> Option<&str> {
        let place = self.0.route.path.split('/').position(|segment| segment == "{character_id}")?;
        let id = self.0.path.split('/').nth(place)?;
        let is_id = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        is_id.then_some(id)
    }
    /// Records whose request this is. The first caller wins; the gate is the only one.
    pub(crate) fn set_player(&self, player: &Player) {
        let _ = self.0.player.set((player.id, player.platform));
    }
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The client's own id, if it is short and printable: it goes into logs and back to the client.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = header(headers, &X_REQUEST_ID)?;
    let printable = !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic());
    printable.then(|| id.to_owned())
}

/// The trace of a request that is traced; probes and scrapes are not worth one.
fn recording(ctx: &Ctx, route: &Route, origin: Origin) -> Option<Arc<Recording>> {
    let traces = ctx.traces()?;
    if route.rate == Rate::Unlimited || !traces.samples(&origin) {
        return None;
    }
    let now_ns = ctx.now().timestamp_nanos_opt().and_then(|now| now.try_into().ok()).unwrap_or_default();
    Some(Arc::new(Recording::new(origin, now_ns, u64::from_be_bytes(ctx.random()))))
}

/// The best of the client's languages that the game speaks (RFC 9110, 12.5.4): any Chinese is zh-CN; the default too.
fn locale(headers: &HeaderMap) -> Locale {
    let wanted = header(headers, &header::ACCEPT_LANGUAGE).unwrap_or_default();
    let mut best: Option<(u32, Locale)> = None;
    for item in wanted.split(',') {
        let (tag, params) = item.split_once(';').unwrap_or((item, ""));
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let locale = match primary.as_str() {
            "zh" | "*" => Locale::ZhCn,
            "en" => Locale::En,
            _ => continue,
        };
        let quality = params.trim().strip_prefix("q=").map_or(1000, per_mille);
        if quality > 0 && best.is_none_or(|(best_quality, _)| quality > best_quality) {
            best = Some((quality, locale));
        }
    }
    best.map_or(Locale::ZhCn, |(_, locale)| locale)
}

/// A quality value such as `0.8` in thousandths; anything malformed counts as 0.
fn per_mille(text: &str) -> u32 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole @ 0..=1), Ok(fraction)) => (whole * 1000 + fraction).min(1000),
        _ => 0,
    }
}

/// Whom CloudFront saw, where it is believed: it writes the header itself, over what a client sends of that name. An address
/// and a port after it, without brackets for IPv6 too. Anything else is nobody's, and the peer is all that is known.
fn viewer(parts: &Parts, behind_cloudfront: bool) -> Option<IpAddr> {
    let mut lines = parts.headers.get_all(HeaderName::from_static("cloudfront-viewer-address")).iter();
    let (Some(line), None, true) = (lines.next(), lines.next(), behind_cloudfront) else { return None };
    let (address, port) = line.to_str().ok()?.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    Some(address.trim_matches(['[', ']']).parse::<IpAddr>().ok()?.to_canonical())
}

/// The peer (on Lambda what API Gateway or a load balancer says it is); if we trust it, walking X-Forwarded-For from the
/// right, the first hop we do not trust.
fn client_ip(parts: &Parts, trusted: &[IpNet]) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
    if !is_trusted(&peer) {
        return peer;
    }
    // A proxy may add a line of its own instead of appending: all lines count, and the client's own come first.
    let lines = parts.headers.get_all(HeaderName::from_static("x-forwarded-for"));
    let lines: Vec<_> = lines.iter().map(|line| line.to_str().unwrap_or_default()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let hops = hops.map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    let mut client = peer;
    for hop in hops {
        client = hop.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("valid request").into_parts().0
    }

    #[test]
    fn the_language_is_the_best_one_that_the_game_speaks() {
        let rows = [
            ("", Locale::ZhCn),
            ("en", Locale::En),
            ("en-GB,en;q=0.9", Locale::En),
            ("zh-TW", Locale::ZhCn),
            ("fr, en;q=0.5, zh;q=0.4", Locale::En),
            ("en;q=0.5, zh-HK;q=0.9", Locale::ZhCn),
            ("en;q=0", Locale::ZhCn),
            ("de-DE", Locale::ZhCn),
            ("en;q=nonsense", Locale::ZhCn),
        ];
        for (wanted, locale) in rows {
            assert_eq!(super::locale(&parts(&[("accept-language", wanted)]).headers), locale, "{wanted}");
        }
    }

    #[test]
    fn a_forwarded_address_is_believed_only_from_a_trusted_proxy() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("network")];
        let rows = [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
            ("10.0.0.1", "nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
        ];
        for (peer, forwarded, client) in rows {
            let mut parts = parts(&[("x-forwarded-for", forwarded)]);
            let peer: IpAddr = peer.parse().expect("address");
            parts.extensions.insert(ConnectInfo(SocketAddr::new(peer, 1)));
            assert_eq!(client_ip(&parts, &trusted).to_string(), client, "{peer} via {forwarded}");
        }
    }

    #[test]
    fn what_a_client_forwards_itself_does_not_hide_its_address() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("network")];
        let mut parts = parts(&[("x-forwarded-for", "192.0.2.66"), ("x-forwarded-for", "198.51.100.1")]);
        parts.extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
        assert_eq!(client_ip(&parts, &trusted).to_string(), "198.51.100.1");
    }

    #[test]
    fn cloudfront_says_whom_it_saw_only_where_it_is_said_to_be_in_front() {
        let rows = [
            ("198.51.100.7:46532", Some("198.51.100.7")),
            ("2001:db8::7:46532", Some("2001:db8::7")),
            ("[2001:db8::7]:46532", Some("2001:db8::7")),
            ("::ffff:198.51.100.7:46532", Some("198.51.100.7")),
            ("198.51.100.7", None),
            ("198.51.100.7:port", None),
            ("nonsense:1", None),
            ("", None),
        ];
        for (said, expected) in rows {
            let parts = parts(&[("cloudfront-viewer-address", said)]);
            assert_eq!(viewer(&parts, true).map(|ip| ip.to_string()).as_deref(), expected, "{said}");
            assert_eq!(viewer(&parts, false), None, "{said}");
        }
        let twice = [("cloudfront-viewer-address", "192.0.2.66:1"), ("cloudfront-viewer-address", "198.51.100.7:1")];
        assert_eq!(viewer(&parts(&twice), true), None);
    }

    #[test]
    fn ids_that_could_spoil_a_log_line_are_not_taken_over() {
        assert_eq!(request_id(&parts(&[("x-request-id", "abc-1")]).headers).as_deref(), Some("abc-1"));
        let long = "x".repeat(129);
        for bad in ["", "two words", long.as_str()] {
            assert_eq!(request_id(&parts(&[("x-request-id", bad)]).headers), None, "{bad}");
        }
    }
}
