//! What no other route answers: 405 with Allow where the path exists under another method, 404 elsewhere. On AWS this
//! is the API's `$default` route.

use axum::routing::any;
use http::{Method, Uri};
use platform::{ApiError, Code, Route, text::Text};

use crate::generated::PATHS;

/// `$default`.
pub const ROUTE: Route = Route::fallback("system-fallback")
    .memory_mb(128)
    .docs(|operation| operation.about("Whatever is not there", "404 or 405 as the envelope that every error has."))
    .build(|| any(fallback));

async fn fallback(method: Method, uri: Uri) -> ApiError {
    let methods = methods_of(uri.path());
    if methods.is_empty() || methods.contains(&method.as_str()) {
        let text = Text::new("There is no such path; see /docs.", "没有这个路径，详见 /docs。");
        return ApiError::not_found(text);
    }
    let allow = methods.join(", ");
    let text = Text::filled(format!("This path takes {allow}."), format!("该路径支持 {allow}。"));
    ApiError::new(Code::MethodNotAllowed, text).allow(allow)
}

/// The methods under which the route table has this path.
fn methods_of(path: &str) -> Vec<&'static str> {
    PATHS.iter().filter(|(_, template)| matches(template, path)).map(|(method, _)| *method).collect()
}

/// Whether `path` is `template` with something in place of each `{parameter}`.
fn matches(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(want), Some(have)) if want == have || (want.starts_with('{') && !have.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_matches_whole_paths_only() {
        let rows = [
            ("/a/{id}", "/a/1", true),
            ("/a/{id}", "/a/", false),
            ("/a/{id}", "/a/1/b", false),
            ("/a/{id}/b", "/a/1/b", true),
            ("/a", "/a/", false),
            ("/a", "/A", false),
        ];
        for (template, path, expected) in rows {
            assert_eq!(matches(template, path), expected, "{template} and {path}");
        }
    }

    #[test]
    fn a_known_path_names_its_methods() {
        assert_eq!(methods_of("/api/v1/characters").len(), 2);
        assert!(methods_of("/api/v1/nothing").is_empty());
    }
}
