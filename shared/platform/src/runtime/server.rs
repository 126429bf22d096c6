//! Many routes in one process: the container, Knative and the laptop.

use std::{error::Error, io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use http::{HeaderValue, Version, header::CONNECTION};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{oneshot, watch},
};

use super::{LEVELS, init};
use crate::{
    config::{Config, Exporter},
    ctx::{Ctx, Phase},
    http::router,
    route::{Exposure, Route},
    telemetry::{
        self,
        metrics::exporter::{self, Done, Failure, MetricsExporter},
    },
};

/// How often measured values are put into their buckets, scraped or not.
const UPKEEP: Duration = Duration::from_secs(5);
/// How often gauges are brought up to date where metrics are sent and nobody asks for them.
const SAMPLING: Duration = Duration::from_secs(20);
/// Longest wait for the exporter at the end.
const LAST_FIGURES: Duration = Duration::from_secs(4);

/// Serves `routes` until SIGTERM or Ctrl-C; says it is not ready, serves on for SHUTDOWN_DELAY_SECONDS, and then finishes
/// what was begun. HTTP/1.1 and h2c on one port; private routes
/// on the metrics port only.
///
/// `linked` are the exporters that this program has beyond the platform's own.
///
/// # Errors
/// When the environment is not valid or a port cannot be listened on.
pub fn serve(
    routes: Vec<&'static Route>,
    linked: &'static [&'static dyn MetricsExporter],
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(run(routes, linked));
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn run(
    routes: Vec<&'static Route>,
    linked: &'static [&'static dyn MetricsExporter],
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let ctx = init()?;
    let config = ctx.config();
    let (answered, all_answered) = oneshot::channel::<()>();
    let metrics_sent = export_metrics(config, linked, all_answered).await?;
    telemetry::metrics::begin(&routes);
    if config.metrics_exporter == Exporter::Cloudwatch {
        tokio::spawn(keep_sampling(ctx));
    }
    if let (Some(file), Some(levels)) = (&config.log_level_file, LEVELS.get()) {
        tokio::spawn(levels.follow(file));
    }
    // Before anyone is told that we listen: a signal that finds no handler kills.
    let asked_to_stop = asked_to_stop()?;
    let (private, open): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.exposure == Exposure::Private);
    let listener = listen((config.host, config.port).into(), "PORT").await?;
    let metrics_listener = listen((config.host, config.metrics_port).into(), "METRICS_PORT").await?;
    let (addr, metrics_addr) = (listener.local_addr()?, metrics_listener.local_addr()?);

    let (stop, stopping) = watch::channel(());
    let app = router(ctx, open).layer(from_fn_with_state(ctx, send_away));
    let app = serve_until(listener, app, stopping.clone());
    let metrics = serve_until(metrics_listener, router(ctx, private), stopping);
    ctx.enter(Phase::Serving);
    tokio::spawn(telemetry::traces::keep_sending(ctx.clone()));
    tracing::info!(addr = %addr, metrics_addr = %metrics_addr, "listening");

    let drained = async move {
        asked_to_stop.await;
        ctx.enter(Phase::Draining);
        let (delay, grace) = (config.shutdown_delay, config.shutdown_grace);
        tracing::info!(delay_s = delay.as_secs(), grace_s = grace.as_secs(), "draining");
        // Not ready from here on, but still serving: who balances load learns of it from the next probe, or from a cluster
        // that tells it a little later, and until then sends what nobody else would answer.
        tokio::time::sleep(delay).await;
        drop(stop);
        tokio::time::sleep(config.shutdown_grace).await;
    };
    tokio::select! {
        served = async { tokio::try_join!(app, metrics) } => {
            served?;
            tracing::info!("stopped");
        }
        () = drained => tracing::warn!("stopped with requests unfinished"),
    }
    if config.metrics_exporter == Exporter::Cloudwatch {
        telemetry::metrics::sample(ctx).await;
    }
    drop(answered);
    telemetry::traces::drain(ctx).await;
    // What cannot be sent by then is lost: the process was asked to end.
    let _ = tokio::time::timeout(LAST_FIGURES, metrics_sent).await;
    Ok(())
}

/// Lets the configured exporter take over. What this gives completes when the last figures are sent, after `stop`.
async fn export_metrics(
    config: &Config,
    linked: &[&dyn MetricsExporter],
    stop: oneshot::Receiver<()>,
) -> Result<Done, Failure> {
    let chosen = config.metrics_exporter;
    if chosen == Exporter::Emf {
        return Err(
            "METRICS_EXPORTER: emf is for Lambda functions; a server has prometheus, cloudwatch and none".into()
        );
    }
    if chosen == Exporter::Cloudwatch {
        let linked = linked.iter().find(|linked| linked.exporter() == chosen);
        let linked = linked.ok_or("METRICS_EXPORTER: this program cannot send to cloudwatch")?;
        let stop = Box::pin(async { drop(stop.await) });
        return linked.install(config, stop).await;
    }
    exporter::install(chosen, &config.metrics_namespace)?;
    tokio::spawn(async {
        loop {
            tokio::time::sleep(UPKEEP).await;
            exporter::upkeep();
        }
    });
    Ok(Box::pin(std::future::ready(())))
}

/// Brings gauges up to date for as long as the process lives.
async fn keep_sampling(ctx: &Ctx) {
    loop {
        telemetry::metrics::sample(ctx).await;
        tokio::time::sleep(SAMPLING).await;
    }
}

async fn listen(address: SocketAddr, variable: &'static str) -> Result<TcpListener, Box<dyn Error + Send + Sync>> {
    TcpListener::bind(address).await.map_err(|error| format!("{variable}: cannot listen on {address}: {error}").into())
}

/// While the process drains, each answer over HTTP/1 ends its connection, so that whoever keeps one open asks somebody else
/// next, before it is closed under a request. HTTP/2 has a word of its own for that, sent when the listener closes.
async fn send_away(State(ctx): State<&'static Ctx>, request: Request, next: Next) -> Response {
    let is_http1 = request.version() < Version::HTTP_2;
    let mut response = next.run(request).await;
    if is_http1 && ctx.phase() == Phase::Draining {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Serves until `stopping` is dropped, then until the last request is answered.
async fn serve_until(listener: TcpListener, app: Router, mut stopping: watch::Receiver<()>) -> io::Result<()> {
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move { while stopping.changed().await.is_ok() {} })
        .await
}

/// From now on SIGTERM and Ctrl-C are ours; the future completes at the first of them.
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
