//! The contract as a page to browse and try, in one file with nothing fetched from elsewhere: it works offline, and the
//! content security policy can name its scripts by hash.

use axum::{
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, StatusCode, header};
use once_cell::sync::OnceCell;
use platform::{
    Answer, ApiError, Route,
    route::{Auth, Cache, Rate},
};
use sha2::{Digest, Sha256};

/// `GET /docs`.
pub const ROUTE: Route = Route::get("system-docs", "/docs")
    .auth(Auth::Public)
    .rate(Rate::Public)
    .cache(Cache::Public)
    .docs(|operation| {
        operation
            .about("The API documentation as a page", "Swagger UI over `/api/v1/openapi.json`; self-contained.")
            .answers_raw("text/html", "A page for a browser.")
            .revalidates()
    })
    .build(|| get(docs));

const START: &str = "SwaggerUIBundle({url: '/api/v1/openapi.json', dom_id: '#docs', deepLinking: true, \
                     tryItOutEnabled: true});";

struct Page {
    html: String,
    policy: HeaderValue,
}

async fn docs() -> Result<Response, ApiError> {
    static PAGE: OnceCell<Page> = OnceCell::new();
    let page = PAGE.get_or_try_init(page)?;
    let answer: Answer<str> = Answer::raw(StatusCode::OK, "text/html; charset=utf-8", page.html.as_str());
    let mut response = answer.tagged().into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
    Ok(response)
}

fn page() -> Result<Page, ApiError> {
    let style = asset("swagger-ui.css")?;
    // A script element ends at the first `</script`, even inside a string.
    let bundle = asset("swagger-ui-bundle.js")?.replace("</script", "<\\/script");
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Restart Life API</title>\
         <style>{style}</style></head><body><div id=\"docs\"></div>\
         <script>{bundle}</script><script>{START}</script></body></html>"
    );
    let scripts: String = [bundle.as_str(), START]
        .iter()
        .map(|script| format!(" 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script))))
        .collect();
    let policy = format!(
        "default-src 'none'; script-src{scripts}; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    Ok(Page { html, policy: HeaderValue::from_str(&policy).map_err(ApiError::internal)? })
}

/// A file of the vendored Swagger UI.
fn asset(name: &str) -> Result<String, ApiError> {
    let config = utoipa_swagger_ui::Config::from("/api/v1/openapi.json");
    let file = utoipa_swagger_ui::serve(name, config.into()).map_err(|error| ApiError::internal(error.to_string()))?;
    let file = file.ok_or_else(|| ApiError::internal(format!("Swagger UI has no {name}")))?;
    String::from_utf8(file.bytes.into_owned()).map_err(ApiError::internal)
}
