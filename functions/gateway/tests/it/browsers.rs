//! What browsers are told with every answer: to guess no types, to run nothing, to come by TLS; and whose pages may ask at all.

use gateway::DOMAINS;
use http::{Method, StatusCode};
use platform::route::Exposure;
use testkit::app::TestApp;

use crate::story::app;

/// On every answer, good or bad.
const ALWAYS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("api-version", "v1"),
];
/// The only page there is.
const PAGE: &str = "system-docs";

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let app = app().await;
    let routes = DOMAINS.iter().flat_map(|domain| domain.routes);
    let routes = routes.filter(|route| route.exposure == Exposure::Public && !route.is_fallback());
    let mut asked = 0;
    for route in routes {
        let parts = route.path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let answer = app.request(route.method.as_str().parse().expect("a method"), &path).send().await;
        for (name, value) in ALWAYS {
            assert_eq!(answer.header(name), value, "{} {}", route.id, answer.status);
        }
        let policy = answer.header("content-security-policy");
        if route.id == PAGE {
            let is_strict = policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-");
            assert!(is_strict && !policy.contains("unsafe-eval"), "{policy}");
            assert!(!answer.text().contains("persistAuthorization: true"), "a token that is typed in is not kept");
        } else {
            assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{}", route.id);
        }
        asked += 1;
    }
    assert!(asked > 40, "only {asked} routes were asked");
}

#[tokio::test]
async fn pages_of_listed_origins_may_ask_and_no_others() {
    const OURS: &str = "https://play.example.org";
    let app = TestApp::with_settings(gateway::routes(None), &[("CORS_ALLOWED_ORIGINS", OURS)]).await;
    for (origin, allowed) in [(OURS, OURS), ("https://evil.example", "")] {
        let preflight = app
            .request(Method::OPTIONS, "/api/v1/characters")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,idempotency-key")
            .send()
            .await;
        assert_eq!(preflight.status, StatusCode::OK, "{origin}");
        assert_eq!(preflight.header("access-control-allow-origin"), allowed);
        let answer = app.get("/api/v1/catalog/countries").header("origin", origin).send().await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (StatusCode::OK, allowed));
        assert_eq!(answer.header("access-control-allow-credentials"), "", "there are no cookies to send");
    }
    let without = self::app().await.get("/api/v1/catalog/countries").header("origin", OURS).send().await;
    assert_eq!(without.header("access-control-allow-origin"), "");
}
