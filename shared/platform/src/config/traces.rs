//! Where traces go and which requests are traced: the `OTEL_…` variables, by the names and the meaning that
//! OpenTelemetry gives them.

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use crate::telemetry::traces::Sampler;

/// How this process sends its traces.
#[derive(Clone)]
pub struct TraceSettings {
    /// Where spans are posted to: the endpoint's URL with `/v1/traces`.
    pub endpoint: String,
    /// Sent with each request; they may hold a key.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Longest that one request to the collector may take.
    pub timeout: Duration,
    /// Which requests are traced.
    pub sampler: Sampler,
    /// `service.name`.
    pub service_name: String,
    /// Further attributes of the resource.
    pub resource: Vec<(String, String)>,
}

impl fmt::Debug for TraceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, sampler, service_name, .. } = self;
        f.debug_struct("TraceSettings")
            .field("endpoint", endpoint)
            .field("sampler", sampler)
            .field("service_name", service_name)
            .finish_non_exhaustive()
    }
}

/// The URL that spans are posted to, from that of the collector.
pub(super) fn endpoint(text: &str) -> Result<String, String> {
    let is_url = (text.starts_with("http://") || text.starts_with("https://"))
        && text.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()))
        && !text.contains(['?', '#', '@']);
    if !is_url {
        return Err("must be a URL like http://collector:4318, without a query or a password".to_owned());
    }
    Ok(format!("{}/v1/traces", text.trim_end_matches('/')))
}

/// `name=value` as a header; the value percent-encoded.
pub(super) fn header((name, value): (String, String)) -> Result<(HeaderName, HeaderValue), String> {
    let problem = |_| "must list headers like authorization=Bearer%20key".to_owned();
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| problem(error.to_string()))?;
    let mut value = HeaderValue::from_str(&value).map_err(|error| problem(error.to_string()))?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// One `name=value` of a list; the value percent-encoded, neither empty.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let problem = || "must list pairs like name=value, the value percent-encoded".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(problem)?;
    let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| problem())?;
    let name = name.trim();
    if name.is_empty() || value.is_empty() {
        return Err(problem());
    }
    Ok((name.to_owned(), value.into_owned()))
}

/// A share of all traces.
pub(super) fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "must be a number from 0 to 1".to_owned())
}

/// The sampler's name, whatever its ratio.
pub(super) fn sampler(text: &str) -> Result<String, String> {
    Sampler::named(text, 0.0).map(|_| text.to_owned()).ok_or_else(|| {
        "must be always_on, always_off, traceidratio, or one of these with parentbased_ before it".to_owned()
    })
}

/// `service.name`.
pub(super) fn service_name(text: &str) -> Result<String, String> {
    let is_plain = text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain { Ok(text.to_owned()) } else { Err("must be 1 to 255 printable characters without spaces".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_added_to_the_endpoint() {
        for (given, expected) in [
            ("http://collector:4318", "http://collector:4318/v1/traces"),
            ("https://otlp.example.org/tenant/", "https://otlp.example.org/tenant/v1/traces"),
        ] {
            assert_eq!(endpoint(given).as_deref(), Ok(expected));
        }
        for bad in ["collector:4318", "grpc://collector:4317", "http://", "http://u:p@collector", "http://c/?key=1"] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_in_a_header_is_decoded_and_never_shown() {
        let header = header(pair("authorization=Bearer%20hunter2").expect("a pair")).expect("a header");
        assert_eq!(header.1.as_bytes(), b"Bearer hunter2");
        let settings = TraceSettings {
            endpoint: endpoint("http://collector:4318").expect("a URL"),
            headers: vec![header],
            timeout: Duration::from_secs(1),
            sampler: Sampler::named("always_on", 0.0).expect("a sampler"),
            service_name: "restart-life".to_owned(),
            resource: vec![],
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
