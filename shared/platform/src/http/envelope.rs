//! What leaves a handler: `{"success":true,"data":…}`, rendered at once, so that the very bytes that answer a request
//! can be stored with its effect and given again to a repeated one.

use std::marker::PhantomData;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use engine::Locale;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::headers::IDEMPOTENCY_REPLAYED;
use crate::{ctx::Cx, error::ApiError};

/// The result of a handler.
pub type Reply<T> = Result<Answer<T>, ApiError>;

/// A rendered answer. `T` is what its `data` holds; the OpenAPI document is checked against it.
#[derive(Debug, Clone)]
pub struct Answer<T: ?Sized> {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    pub(crate) content_type: &'static str,
    pub(crate) etag: Option<String>,
    pub(crate) locale: Option<Locale>,
    pub(crate) replayed: bool,
    data: PhantomData<fn() -> Box<T>>,
}

/// A page of a list and where the next one begins.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// At most `limit` items.
    pub items: Vec<T>,
    /// Hand back as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Envelope<'a, T: ?Sized> {
    success: bool,
    data: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta<'a>>,
}

#[derive(Serialize)]
struct Meta<'a> {
    next_cursor: Option<&'a str>,
    count: usize,
}

const JSON: &str = "application/json";

impl<T: Serialize> Answer<T> {
    /// 200 with `data`.
    ///
    /// # Errors
    /// 500 when `data` cannot be written as JSON, which only a faulty `Serialize` does.
    pub fn ok(data: &T) -> Reply<T> {
        Self::json(StatusCode::OK, data, None)
    }

    /// 201 with `data`.
    ///
    /// # Errors
    /// As [`Answer::ok`].
    pub fn created(data: &T) -> Reply<T> {
        Self::json(StatusCode::CREATED, data, None)
    }
}

impl<T: Serialize> Answer<Page<T>> {
    /// 200 with a page: `data` is the array, `meta` says how to go on.
    ///
    /// # Errors
    /// As [`Answer::ok`].
    pub fn page(page: &Page<T>) -> Reply<Page<T>> {
        let meta = Meta { next_cursor: page.next_cursor.as_deref(), count: page.items.len() };
        Self::json(StatusCode::OK, &page.items, Some(meta))
    }
}

impl<T: ?Sized> Answer<T> {
    fn json<D: Serialize + ?Sized>(status: StatusCode, data: &D, meta: Option<Meta<'_>>) -> Reply<T> {
        let body = serde_json::to_vec(&Envelope { success: true, data, meta }).map_err(ApiError::internal)?;
        Ok(Self::raw(status, JSON, body))
    }

    /// Any other body: a page, a document, metrics.
    pub fn raw(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { status, body, content_type, etag: None, locale: None, replayed: false, data: PhantomData }
    }

    /// Marks which version of which representation this is: sets ETag (`"57.zh-CN.9f2c1a2b"`) and Content-Language.
    #[must_use]
    pub fn versioned(mut self, cx: &Cx, version: i64) -> Self {
        let (locale, content) = (cx.locale(), cx.content().hash().short());
        self.etag = Some(format!("\"{version}.{}.{content}\"", locale.as_str()));
        self.locale = Some(locale);
        self
    }

    /// As [`Answer::versioned`] for what only a release changes: the catalog.
    #[must_use]
    pub fn of_release(self, cx: &Cx) -> Self {
        self.versioned(cx, 0)
    }

    /// Tags the answer by its own bytes: documents, which no content hash covers.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        let digest = Sha256::digest(&self.body);
        self.etag = Some(format!("\"{}\"", hex::encode(&digest[..8])));
        self
    }

    /// Whether this answer was given before.
    pub fn is_replay(&self) -> bool {
        self.replayed
    }

    /// The 200 whose body this process still holds.
    pub(crate) fn held(body: Bytes) -> Self {
        Self::raw(StatusCode::OK, JSON, body)
    }

    /// An answer that was given before.
    pub(crate) fn again(status: StatusCode, body: Vec<u8>, etag: Option<String>, locale: Option<Locale>) -> Self {
        Self { etag, locale, replayed: true, ..Self::raw(status, JSON, body) }
    }
}

impl<T: ?Sized> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Some(etag) = self.etag.and_then(|etag| HeaderValue::try_from(etag).ok()) {
            headers.insert(header::ETAG, etag);
        }
        if let Some(locale) = self.locale {
            headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.as_str()));
        }
        if self.replayed {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
