//! The OpenAPI document, made from the route table: paths, parameters, security and the errors every route can give
//! come from the row itself; a route's `docs` adds what only it knows (summary, bodies, examples, its own errors).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{
        ComponentsBuilder, Content, ContentBuilder, HttpMethod, InfoBuilder, License, ObjectBuilder, OpenApi,
        OpenApiBuilder, PathsBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema, SecurityRequirement,
        Server,
        path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem},
        request_body::RequestBodyBuilder,
        schema::{ArrayBuilder, KnownFormat, SchemaFormat, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};

use super::headers;
use crate::{
    error::Code,
    route::{Auth, Method, Rate, Route},
};

/// One operation of the document while it is being described.
pub struct Operation {
    operation: OperationBuilder,
    schemas: BTreeMap<String, RefOr<Schema>>,
    failures: BTreeMap<u16, Vec<&'static str>>,
    summary: &'static str,
    description: &'static str,
}

impl Operation {
    fn of(domain: &str, route: &Route) -> Self {
        let mut this = Self {
            operation: OperationBuilder::new().operation_id(Some(route.id)).tag(domain),
            schemas: BTreeMap::new(),
            failures: BTreeMap::new(),
            summary: "",
            description: "",
        };
        for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let (meaning, schema) = match name.rsplit_once('_') {
                Some((_, "id")) => ("Id as the API gave it.", uuid()),
                Some((_, "seq")) => {
                    ("Number as the API gave it.", ObjectBuilder::new().schema_type(Type::Integer).into())
                }
                _ => ("A name; see the description.", string()),
            };
            this = this.parameter(name, ParameterIn::Path, Required::True, meaning, schema);
        }
        let meaning =
            "The client's release, such as 1.4.2: for statistics, and to know which releases are still about.";
        this =
            this.parameter(headers::X_CLIENT_VERSION.as_str(), ParameterIn::Header, Required::False, meaning, string());
        let token = || SecurityRequirement::new(SECURITY, Vec::<String>::new());
        let securities = match route.auth {
            Auth::Public => Vec::new(),
            Auth::Player => vec![token()],
            Auth::Optional => vec![SecurityRequirement::default(), token()],
        };
        this.operation = this.operation.securities(Some(securities));
        if route.auth != Auth::Public {
            this = this.fails(Code::Unauthorized, &["TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED"]);
        }
        if route.path.contains('{') {
            this = this.fails(Code::InvalidRequest, &[]);
        }
        if route.idempotent {
            let meaning =
                "1 to 255 printable ASCII characters; a repeated request with the same key gets the first answer.";
            let header = headers::IDEMPOTENCY_KEY;
            this = this
                .parameter(header.as_str(), ParameterIn::Header, Required::False, meaning, string())
                .fails(Code::InvalidRequest, &[])
                .fails(Code::ValidationFailed, &["KEY_REUSED"]);
        }
        if route.rate != Rate::Unlimited {
            this = this.fails(Code::RateLimited, &[]);
        }
        this.fails(Code::ServiceUnavailable, &[]).fails(Code::InternalError, &[])
    }

    /// One sentence, and what else a caller must know.
    #[must_use]
    pub fn about(mut self, summary: &'static str, description: &'static str) -> Self {
        (self.summary, self.description) = (summary, description);
        self
    }

    /// An optional query parameter.
    #[must_use]
    pub fn query(self, name: &str, meaning: &str) -> Self {
        self.parameter(name, ParameterIn::Query, Required::False, meaning, string())
    }

    /// A query parameter that must be there.
    #[must_use]
    pub fn required_query(self, name: &str, meaning: &str) -> Self {
        self.parameter(name, ParameterIn::Query, Required::True, meaning, string()).fails(Code::ValidationFailed, &[])
    }

    /// The `expected_version` of the body may come as `If-Match` instead.
    #[must_use]
    pub fn if_match(self) -> Self {
        let meaning = "ETag of the state acted on; stands for `expected_version`.";
        self.parameter("if-match", ParameterIn::Header, Required::False, meaning, string())
    }

    /// The JSON body.
    #[must_use]
    pub fn body<T: ToSchema>(mut self, example: Value) -> Self {
        let content = ContentBuilder::new().schema(Some(self.reference::<T>())).example(Some(example)).build();
        let body = RequestBodyBuilder::new().content(JSON, content).required(Some(Required::True)).build();
        self.operation = self.operation.request_body(Some(body));
        self.fails(Code::InvalidRequest, &["BROKEN_JSON"])
            .fails(Code::PayloadTooLarge, &[])
            .fails(Code::UnsupportedMediaType, &[])
            .fails(Code::ValidationFailed, &[])
    }

    /// `{"success":true,"data":T}` with `status`.
    #[must_use]
    pub fn answers<T: ToSchema>(mut self, status: u16, meaning: &str) -> Self {
        let data = self.reference::<T>();
        self.answer(status, meaning, envelope(data, false))
    }

    /// All of a short list: `{"success":true,"data":[T]}`.
    #[must_use]
    pub fn answers_list<T: ToSchema>(mut self, meaning: &str) -> Self {
        let data = self.array_of::<T>();
        self.answer(200, meaning, envelope(data, false))
    }

    fn array_of<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let item = self.reference::<T>();
        RefOr::T(Schema::Array(ArrayBuilder::new().items(item).build()))
    }

    /// A page: `{"success":true,"data":[T],"meta":{…}}`.
    #[must_use]
    pub fn answers_page<T: ToSchema>(mut self, meaning: &str) -> Self {
        let data = self.array_of::<T>();
        self.query("limit", "How many, 1..=100; 20 if not given.")
            .query("cursor", "`meta.next_cursor` of the page before.")
            .fails(Code::ValidationFailed, &[])
            .answer(200, meaning, envelope(data, true))
    }

    /// Another media type.
    #[must_use]
    pub fn answers_raw(mut self, media_type: &str, meaning: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(string())).build();
        let response = ResponseBuilder::new().description(meaning).content(media_type, content).build();
        self.operation = self.operation.response("200", response);
        self
    }

    /// The ETag of the answer may be sent back as If-None-Match for a 304.
    #[must_use]
    pub fn revalidates(mut self) -> Self {
        let response = ResponseBuilder::new().description("Not changed since the ETag in If-None-Match.").build();
        self.operation = self.operation.response("304", response);
        self
    }

    /// As [`Operation::revalidates`] for what has a version: X-Min-Version asks for one at least as new as the client saw.
    #[must_use]
    pub fn validated(self) -> Self {
        let meaning = "The version that the client has seen (of the ETag): the answer is at least as new.";
        let version = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).into();
        self.revalidates().parameter("x-min-version", ParameterIn::Header, Required::False, meaning, version)
    }

    /// An error this route can give, with its reasons.
    #[must_use]
    pub fn fails(mut self, code: Code, reasons: &[&'static str]) -> Self {
        self.failures.entry(code.status().as_u16()).or_default().extend(reasons);
        self
    }

    /// The sentence given to [`Operation::about`].
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    fn parameter(
        mut self,
        name: &str,
        place: ParameterIn,
        required: Required,
        meaning: &str,
        schema: RefOr<Schema>,
    ) -> Self {
        let parameter: Parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(Some(meaning))
            .schema(Some(schema))
            .build();
        self.operation = self.operation.parameter(parameter);
        self
    }

    fn answer(mut self, status: u16, meaning: &str, schema: RefOr<Schema>) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(meaning).content(JSON, content).build();
        self.operation = self.operation.response(status.to_string(), response);
        self
    }

    fn reference<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let mut found = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut found);
        self.schemas.extend(found);
        Ref::from_schema_name(T::name()).into()
    }

    fn finish(mut self) -> (utoipa::openapi::path::Operation, BTreeMap<String, RefOr<Schema>>) {
        for (status, reasons) in std::mem::take(&mut self.failures) {
            self.operation = self.operation.response(status.to_string(), failure(status, &reasons));
        }
        let operation = self.operation.summary(Some(self.summary)).description(Some(self.description)).build();
        (operation, self.schemas)
    }
}

const JSON: &str = "application/json";
const SECURITY: &str = "access_token";
const ERROR: &str = "ErrorEnvelope";

/// The sentence of `route`'s page.
pub fn summary(route: &Route) -> &'static str {
    (route.docs)(Operation::of("", route)).summary
}

/// The whole document for `domains` (name and routes). For generators and tests.
///
/// # Panics
/// When two different types have one name: the document could show only one of them.
pub fn document<'a>(domains: impl IntoIterator<Item = (&'static str, &'a [Route])>) -> OpenApi {
    let (mut paths, mut schemas, mut tags) = (PathsBuilder::new(), BTreeMap::new(), Vec::new());
    schemas.insert(ERROR.to_owned(), error_envelope());
    for (domain, routes) in domains {
        tags.push(TagBuilder::new().name(domain).build());
        for route in routes {
            let Some(method) = documented(route.method) else { continue };
            let (operation, found) = (route.docs)(Operation::of(domain, route)).finish();
            for (name, schema) in found {
                let known = schemas.entry(name.clone()).or_insert_with(|| schema.clone());
                assert!(*known == schema, "two schemas are called {name}; {} shows the second", route.id);
            }
            paths = paths.path(route.path, PathItem::new(method, operation));
        }
    }
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components =
        ComponentsBuilder::new().schemas_from_iter(schemas).security_scheme(SECURITY, SecurityScheme::Http(scheme));
    let info = InfoBuilder::new()
        .title("Restart Life 重启人生")
        .version("1.0.0")
        .description(Some("A text life-simulation game: one character, one life, year by year."))
        .license(Some(License::new("MIT")));
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new("/")]))
        .paths(paths.build())
        .components(Some(components.build()))
        .tags(Some(tags))
        .build()
}

fn documented(method: Method) -> Option<HttpMethod> {
    match method {
        Method::Get => Some(HttpMethod::Get),
        Method::Post => Some(HttpMethod::Post),
        Method::Put => Some(HttpMethod::Put),
        Method::Delete => Some(HttpMethod::Delete),
        Method::Any => None,
    }
}

fn string() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn uuid() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).into()
}

fn envelope(data: RefOr<Schema>, paged: bool) -> RefOr<Schema> {
    let truth = ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([true]));
    let mut object =
        ObjectBuilder::new().property("success", truth).required("success").property("data", data).required("data");
    if paged {
        let meta = ObjectBuilder::new()
            .property(
                "next_cursor",
                ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::SchemaType::from_iter([Type::String, Type::Null])),
            )
            .required("next_cursor")
            .property("count", ObjectBuilder::new().schema_type(Type::Integer))
            .required("count");
        object = object.property("meta", meta).required("meta");
    }
    object.into()
}

fn failure(status: u16, reasons: &[&str]) -> Response {
    let mut reasons: Vec<_> = reasons.to_vec();
    reasons.sort_unstable();
    reasons.dedup();
    let meaning =
        http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
    let text = if reasons.is_empty() { meaning.to_owned() } else { format!("{meaning}: {}", reasons.join(", ")) };
    let content: Content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ERROR))).build();
    ResponseBuilder::new().description(text).content(JSON, content).build()
}

fn error_envelope() -> RefOr<Schema> {
    let schema = json!({
        "type": "object",
        "required": ["success", "error"],
        "properties": {
            "success": {"type": "boolean", "enum": [false]},
            "error": {
                "type": "object",
                "required": ["code", "reason", "message", "fields", "details", "request_id", "trace_id", "timestamp", "path", "method"],
                "properties": {
                    "code": {"type": "string", "description": "Stable class, one HTTP status each."},
                    "reason": {"type": ["string", "null"], "description": "Stable reason to branch on, where there is one."},
                    "message": {"type": "string", "description": "For people, in the language asked for."},
                    "fields": {"type": "array", "items": {
                        "type": "object",
                        "required": ["field", "rule", "message"],
                        "properties": {"field": {"type": "string"}, "rule": {"type": "string"}, "message": {"type": "string"}}
                    }},
                    "details": {"type": "object"},
                    "request_id": {"type": "string"},
                    "trace_id": {"type": "string"},
                    "timestamp": {"type": "string", "format": "date-time"},
                    "path": {"type": "string"},
                    "method": {"type": "string"}
                }
            }
        }
    });
    serde_json::from_value(schema).unwrap_or_else(|_| ObjectBuilder::new().into())
}
