//! A traced request's own span, and what becomes of the trace when the request is over.

use std::sync::Arc;

use http::{Method, StatusCode};

use super::{
    outlet::lost,
    recording::{Open, Recording},
};
use crate::{ctx::Ctx, http::info::RequestInfo, route::Route};

/// Stands for the whole request. When it is dropped the trace goes to the queue: also where the request was given up in
/// the middle, because the client left.
pub(crate) struct Root<'r>(Option<Begun<'r>>);

struct Begun<'r> {
    ctx: &'r Ctx,
    recording: &'r Arc<Recording>,
    span: Option<Open<'r>>,
    is_answered: bool,
}

impl<'r> Root<'r> {
    /// Begins the span, if the request is traced.
    pub(crate) fn begin(ctx: &'r Ctx, route: &Route, info: &'r RequestInfo) -> Self {
        Self(info.trips().trace().map(|recording| {
            let method = known(info.method());
            let word = if method == "_OTHER" { "HTTP" } else { method };
            // Where no route matched there is no template, and the path is the client's own words.
            let template = Some(route.path).filter(|_| !route.is_fallback());
            let name = template.map_or_else(|| word.to_owned(), |path| format!("{word} {path}"));
            let mut span = recording.request(name);
            span.set("http.request.method", method);
            span.set("url.path", info.path().to_owned());
            if let Some(path) = template {
                span.set("http.route", path);
            }
            span.set("restart_life.route", route.id);
            span.set("restart_life.request_id", info.request_id().to_owned());
            Begun { ctx, recording, span: Some(span), is_answered: false }
        }))
    }

    /// Tells the answer's status.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        let Some(begun) = &mut self.0 else { return };
        begun.is_answered = true;
        if let Some(span) = &mut begun.span {
            span.set("http.response.status_code", u32::from(status.as_u16()));
            if status.is_server_error() {
                span.failed(status.as_str().to_owned());
            }
        }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let Some(mut span) = self.span.take()
            && !self.is_answered
        {
            span.failed("client_left");
        }
        let (spans, left_out) = self.recording.take();
        lost("too_many_in_request", left_out);
        if let Some(traces) = self.ctx.traces() {
            traces.put(spans);
        }
    }
}

/// A method that HTTP knows, else `_OTHER`: a client can add none.
fn known(method: &Method) -> &'static str {
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
        .into_iter()
        .find(|known| *known == method.as_str())
        .unwrap_or("_OTHER")
}
