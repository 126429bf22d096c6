//! Many routes in one process: the container, Knative and the laptop.

use std::{error::Error, io, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::init;
use crate::{
    ctx::Phase,
    http::router,
    route::{Exposure, Route},
    telemetry,
};

/// Serves `routes` until SIGTERM or Ctrl-C, then finishes what was begun. HTTP/1.1 and h2c on one port; private routes
/// on the metrics port only.
///
/// # Errors
/// When the environment is not valid or a port cannot be listened on.
pub fn serve(routes: Vec<&'static Route>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(run(routes));
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn run(routes: Vec<&'static Route>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let ctx = init()?;
    telemetry::metrics::install_prometheus()?;
    let config = ctx.config();
    // Before anyone is told that we listen: a signal that finds no handler kills.
    let asked_to_stop = asked_to_stop()?;
    let (private, open): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.exposure == Exposure::Private);
    let listener = listen((config.host, config.port).into(), "PORT").await?;
    let metrics_listener = listen((config.host, config.metrics_port).into(), "METRICS_PORT").await?;
    let (addr, metrics_addr) = (listener.local_addr()?, metrics_listener.local_addr()?);

    let (stop, stopping) = watch::channel(());
    let app = serve_until(listener, router(ctx, open), stopping.clone());
    let metrics = serve_until(metrics_listener, router(ctx, private), stopping);
    ctx.enter(Phase::Serving);
    tokio::spawn(telemetry::traces::keep_sending(ctx.clone()));
    tracing::info!(addr = %addr, metrics_addr = %metrics_addr, "listening");

    let drained = async move {
        asked_to_stop.await;
        ctx.enter(Phase::Draining);
        tracing::info!(grace_s = config.shutdown_grace.as_secs(), "draining");
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
    telemetry::traces::drain(ctx).await;
    Ok(())
}

async fn listen(address: SocketAddr, variable: &'static str) -> Result<TcpListener, Box<dyn Error + Send + Sync>> {
    TcpListener::bind(address).await.map_err(|error| format!("{variable}: cannot listen on {address}: {error}").into())
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
