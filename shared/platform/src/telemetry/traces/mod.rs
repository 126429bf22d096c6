//! Traces: what a request did and how long each part took, for one request in many.
//!
//! Whether a request is traced is decided once, at the edge, before anything of it is recorded ([`Sampler`]). One that is
//! not carries `None` and costs a branch at each place that would have a span. One that is carries a [`Recording`]; when
//! it is answered, its spans go to a bounded queue, from which they leave in batches ([`Outlet`]): in a container in the
//! background, on Lambda before the answer, for a frozen process sends nothing. Why this is not the `tracing` facade's
//! spans is said in ADR 14.

mod context;
mod otlp;
mod outlet;
mod protobuf;
mod recording;
mod root;
mod sampler;
mod wire;

use uuid::Uuid;

pub(crate) use self::{context::Origin, recording::Recording, root::Root};
use self::{
    otlp::{Envelope, Span},
    outlet::Outlet,
};
pub use self::{
    recording::Open,
    sampler::{Sampler, WhoDecides},
};
use crate::{
    config::{AppEnv, TraceSettings},
    ctx::Ctx,
};

/// The process's way to its collector. There is none where no endpoint is set.
pub(crate) struct Traces {
    sampler: Sampler,
    outlet: Outlet,
}

impl Traces {
    /// Opens nothing: the client is made when the first spans leave. `instance` tells this process from its like.
    pub(crate) fn new(settings: &TraceSettings, app_env: AppEnv, instance: Uuid) -> Self {
        let outlet = Outlet::new(settings, Envelope::of(settings, app_env, instance));
        Self { sampler: settings.sampler, outlet }
    }

    /// Takes an answered request's spans.
    fn put(&self, spans: Vec<Span>) {
        self.outlet.put(spans);
    }

    /// Whether a request that comes from there is to be traced.
    pub(crate) fn samples(&self, origin: &Origin) -> bool {
        self.sampler.takes(origin)
    }
}

/// Sends what has gathered before a Lambda answer leaves. Returns soon whatever the collector does.
pub(crate) async fn flush(ctx: &Ctx) {
    if let Some(traces) = ctx.traces() {
        traces.outlet.flush(ctx.now()).await;
    }
}

/// Sends what has gathered before a container ends; waits for one batch's timeout at most.
pub(crate) async fn drain(ctx: &Ctx) {
    if let Some(traces) = ctx.traces() {
        traces.outlet.drain(ctx.now()).await;
    }
}

/// Sends spans as they gather, for as long as the process lives.
pub(crate) async fn keep_sending(ctx: Ctx) {
    if let Some(traces) = ctx.traces() {
        traces.outlet.keep_sending(&ctx).await;
    }
}
