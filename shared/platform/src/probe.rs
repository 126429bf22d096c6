//! What this process depends on, asked at most about once a second: probes come from every load balancer and node, and
//! must not be a load of their own.

use std::{error::Error as StdError, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use crate::{ctx::Cx, store::migrations};

/// How long a finding is given again.
const FRESH: TimeDelta = TimeDelta::seconds(1);

/// What was found.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Whether the schema is as new as this release needs; an error when Postgres does not answer.
    pub schema_is_current: Result<bool, Arc<sqlx::Error>>,
    /// Whether the store of sessions answers; where that is Postgres, the schema's finding says it all.
    pub session_store: Result<(), Arc<dyn StdError + Send + Sync>>,
    /// Whether Redis answers; `false` where there is none.
    pub has_redis: bool,
}

/// The last finding and when it was made.
#[derive(Debug, Default)]
pub(crate) struct LastProbe(Mutex<Option<(DateTime<Utc>, Probe)>>);

impl LastProbe {
    /// The last finding while it is fresh, else a new one. Who comes meanwhile waits for it.
    pub(crate) async fn get(&self, cx: &Cx) -> Probe {
        let mut last = self.0.lock().await;
        let now = cx.now();
        if let Some((at, probe)) = &*last
            && (now - *at).abs() < FRESH
        {
            return probe.clone();
        }
        let redis = async {
            match cx.redis() {
                Some(redis) => redis.is_reachable(now).await,
                None => false,
            }
        };
        let sessions = async {
            match cx.dynamo() {
                Some(store) => store.answers().await.map_err(Arc::from),
                None => Ok(()),
            }
        };
        let (schema, session_store, has_redis) = tokio::join!(migrations::is_current(cx.db()), sessions, redis);
        let probe = Probe { schema_is_current: schema.map_err(Arc::new), session_store, has_redis };
        *last = Some((now, probe.clone()));
        probe
    }
}
