//! Health, readiness and metrics, by HTTP.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Endpoint, EndpointExt, IntoResponse, Response, Route, get, handler};
use session_ledger::Ledger;

use super::told::Gauges;

/// The type of Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the pages ask.
pub(super) struct Desk {
    pub(super) ledger: Ledger,
    pub(super) metrics: PrometheusHandle,
    pub(super) gauges: Gauges,
}

pub(super) fn site(desk: Arc<Desk>) -> impl Endpoint<Output = Response> + 'static {
    let routes =
        Route::new().at("/healthz", get(health)).at("/readyz", get(readiness)).at("/metrics", get(metrics));
    routes.data(desk).map_to_response()
}

/// The process answers: a supervisor that gets no answer starts it again.
#[handler]
fn health() -> &'static str {
    "alive\n"
}

/// The database answers, too.
#[handler]
async fn readiness(Data(desk): Data<&Arc<Desk>>) -> Response {
    match desk.ledger.epoch().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// What this process counts is told also while the database is away.
#[handler]
async fn metrics(Data(desk): Data<&Arc<Desk>>) -> Response {
    if let Err(error) = desk.gauges.measure(&desk.ledger).await {
        tracing::warn!("the database was not measured: {error}");
    }
    desk.metrics.run_upkeep();
    Response::builder().content_type(TEXT).body(desk.metrics.render())
}
