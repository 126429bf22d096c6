//! Where an event comes from: API Gateway (HTTP and REST), a function URL or a load balancer. They differ in what they
//! say of the caller's address and of the path; behind this, nobody sees a difference.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderName, Uri};
use lambda_http::{Request, RequestExt, request::RequestContext};

/// The request with the address that called us as its peer, as a connection has one, and without the stage in its path.
///
/// The peer is what API Gateway says, whatever the headers say. A load balancer tells nothing but the headers, but it is
/// the one who wrote the last hop of X-Forwarded-For. Whether that peer may speak for others is decided where it is for
/// every connection, by TRUSTED_PROXIES and BEHIND_CLOUDFRONT.
pub(super) fn placed(mut request: Request) -> Request {
    let (peer, stage) = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            (context.http.source_ip.as_deref().and_then(address), context.stage.as_deref())
        }
        Some(RequestContext::ApiGatewayV1(context)) => {
            (context.identity.source_ip.as_deref().and_then(address), added_stage(&request, context.stage.as_deref()))
        }
        Some(RequestContext::Alb(_)) => (last_hop(request.headers()), None),
        _ => (None, None),
    };
    let uri = stage.and_then(|stage| without_stage(request.uri(), stage));
    if let Some(uri) = uri {
        *request.uri_mut() = uri;
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 0)));
    }
    request
}

/// REST APIs give the path without the stage, and `lambda_http` adds it where the path does not already begin like it.
fn added_stage<'a>(request: &Request, stage: Option<&'a str>) -> Option<&'a str> {
    stage.filter(|stage| !is_under(request.raw_http_path(), stage))
}

fn is_under(path: &str, stage: &str) -> bool {
    path.strip_prefix('/').and_then(|path| path.strip_prefix(stage)).is_some_and(|rest| rest.starts_with('/'))
}

/// The same address on the stage called `$default`, whose paths begin with no name.
fn without_stage(uri: &Uri, stage: &str) -> Option<Uri> {
    let whole = uri.path_and_query()?.as_str();
    is_under(whole, stage).then(|| Uri::try_from(&whole[1 + stage.len()..]).ok())?
}

fn last_hop(headers: &HeaderMap) -> Option<IpAddr> {
    let lines = headers.get_all(HeaderName::from_static("x-forwarded-for"));
    let last = lines.iter().next_back()?.to_str().ok()?;
    address(last.rsplit(',').next()?.trim())
}

/// An address, with or without the port that a load balancer can be told to add.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What the rest of the program sees of an event: peer and path with query.
    fn seen(event: &Value) -> (String, String) {
        let request = placed(lambda_http::request::from_str(&event.to_string()).expect("an event"));
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string());
        let path = request.uri().path_and_query().map(ToString::to_string);
        (peer.unwrap_or_default(), path.unwrap_or_default())
    }

    fn http_api(stage: &str, path: &str) -> Value {
        json!({
            "version": "2.0", "routeKey": "GET /health", "rawPath": path, "rawQueryString": "q=1",
            "headers": {"x-forwarded-for": "6.6.6.6"},
            "requestContext": {
                "stage": stage, "domainName": "a.execute-api.eu-west-1.amazonaws.com",
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7", "userAgent": "u"},
            },
            "isBase64Encoded": false,
        })
    }

    fn rest_api(stage: &str, path: &str) -> Value {
        json!({
            "resource": "/{proxy+}", "path": path, "httpMethod": "GET", "headers": {"x-forwarded-for": "6.6.6.6"},
            "multiValueHeaders": {"x-forwarded-for": ["6.6.6.6"]}, "multiValueQueryStringParameters": {"q": ["1"]},
            "requestContext": {
                "stage": stage, "httpMethod": "GET", "path": path, "resourcePath": "/{proxy+}", "requestId": "r",
                "identity": {"sourceIp": "198.51.100.7"},
            },
            "isBase64Encoded": false,
        })
    }

    fn balancer(forwarded: &Value) -> Value {
        json!({
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"}},
            "httpMethod": "GET", "path": "/health", "multiValueQueryStringParameters": {"q": ["1"]},
            "multiValueHeaders": {"x-forwarded-for": forwarded}, "body": "", "isBase64Encoded": false,
        })
    }

    #[test]
    fn no_stage_is_left_in_a_path() {
        let rows = [
            (http_api("$default", "/health"), "/health?q=1"),
            (http_api("prod", "/prod/health"), "/health?q=1"),
            // A function behind a domain of its own: the path may come without the stage.
            (http_api("prod", "/health"), "/health?q=1"),
            (http_api("api", "/api/api/v1"), "/api/v1?q=1"),
            (http_api("prod", "/production/health"), "/production/health?q=1"),
            (rest_api("prod", "/health"), "/health?q=1"),
            (rest_api("api", "/api/v1"), "/api/v1?q=1"),
        ];
        for (event, path) in rows {
            assert_eq!(seen(&event), ("198.51.100.7".to_owned(), path.to_owned()), "{event}");
        }
    }

    #[test]
    fn a_load_balancer_is_believed_in_the_last_hop() {
        let rows = [
            (json!(["6.6.6.6, 198.51.100.7"]), "198.51.100.7"),
            (json!(["6.6.6.6", "198.51.100.7"]), "198.51.100.7"),
            (json!(["198.51.100.7:4711"]), "198.51.100.7"),
            (json!(["[2001:db8::1]:4711"]), "2001:db8::1"),
            (json!(["198.51.100.7, unknown"]), ""),
            (json!([]), ""),
        ];
        for (forwarded, peer) in rows {
            assert_eq!(seen(&balancer(&forwarded)), (peer.to_owned(), "/health?q=1".to_owned()), "{forwarded}");
        }
    }
}
