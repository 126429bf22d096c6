//! What handlers and stores ask of the cache: to read, to answer, to claim for a write.

use bytes::Bytes;
use serde::Serialize;

use super::{
    aggregate::Aggregate,
    key::{AggregateId, Form},
    manager::{Current, Held},
    stamps::{Intent, News},
};
use crate::{
    ctx::Cx,
    error::ApiError,
    fault::{self, Step},
    http::envelope::{Answer, Reply},
};

impl Cx {
    /// The aggregate as it now is; `None` when it does not exist or is another player's.
    ///
    /// # Errors
    /// 429 when the request comes too soon, 503 without Postgres.
    pub async fn read<A: Aggregate>(&self, aggregate: A) -> Result<Option<A::Value>, ApiError> {
        match self.cache().current(self, aggregate, Form::Value).await? {
            Current::Answer(held) | Current::Value(held) => self.value_in(aggregate, &held).await,
        }
    }

    /// The 200 that shows the aggregate as it now is, marked with its version: the one this process gave before if it
    /// still stands, else what `render` makes of the value. `query` tells apart what one route can be asked; `None` keeps
    /// no answer.
    ///
    /// # Errors
    /// As [`Cx::read`], and those of `render`.
    pub async fn answer<A: Aggregate, T>(
        &self,
        aggregate: A,
        query: Option<u64>,
        render: impl AsyncFnOnce(A::Value) -> Reply<T>,
    ) -> Result<Option<Answer<T>>, ApiError> {
        let (cache, id) = (self.cache(), aggregate.id());
        let (route, locale) = (self.gate.route_id(), self.locale());
        let form = query.map_or(Form::Value, |query| Form::Answer { route, locale, query });
        let held = match cache.current(self, aggregate, form).await? {
            Current::Answer(held) => return Ok(Some(Answer::held(held.bytes).versioned(self, held.version))),
            Current::Value(held) => held,
        };
        let Some((value, version)) = cache.value_of(self, aggregate, &held).await? else { return Ok(None) };
        let answer = render(value).await?.versioned(self, version);
        if form != Form::Value {
            // A copy without the slack of the buffer it was rendered into: L1 counts what is there.
            let bytes = Bytes::copy_from_slice(&answer.body);
            cache.hold(id, form, &Held { version, bytes });
        }
        Ok(Some(answer))
    }

    /// The aggregate as it now is, for a write: fences it and `also`, so that no one believes any cache about them until
    /// the write is over. What is cached is believed only if it is of version `at_least` or newer.
    ///
    /// # Errors
    /// As [`Cx::read`]; with CACHE_STRICT also 503 when Redis cannot be reached.
    pub async fn claim<A: Aggregate>(
        &self,
        aggregate: A,
        also: impl Aggregate,
        at_least: i64,
    ) -> Result<Option<A::Value>, ApiError> {
        fault::point(Step::Gate);
        let held = self.cache().claimed(self, aggregate, also.id(), at_least).await?;
        self.value_in(aggregate, &held).await
    }

    async fn value_in<A: Aggregate>(&self, aggregate: A, held: &Held) -> Result<Option<A::Value>, ApiError> {
        let found = self.cache().value_of(self, aggregate, held).await?;
        Ok(found.map(|(value, _)| value))
    }

    /// Fences aggregates whose present value a write does not need, but may patch. Fails as [`Cx::claim`] does.
    pub(crate) async fn fence(&self, aggregates: &[AggregateId]) -> Result<(), ApiError> {
        fault::point(Step::Gate);
        let wanted: Vec<_> = aggregates.iter().map(|id| self.cache().wanted_to_patch(*id)).collect();
        let stamps = self.gate.ask(self, Intent::Write, &wanted).await?;
        fault::point(Step::Fence);
        aggregates.iter().zip(&stamps).for_each(|(id, stamp)| self.cache().keep(*id, stamp));
        Ok(())
    }

    /// What a committed write has to tell: the new version, and the value where it is at hand.
    pub(crate) fn news(&self, aggregate: impl Aggregate, version: i64, value: Option<&[u8]>) -> News {
        self.cache().news(aggregate.id(), version, value)
    }

    /// As [`Cx::news`] of an aggregate that the write changed without reading it: `patch` makes the value just before, if
    /// this process holds it, into the new one, and says whether it could.
    pub(crate) fn patched<A: Aggregate<Value: Serialize>>(
        &self,
        aggregate: A,
        version: i64,
        patch: impl FnOnce(&mut A::Value) -> bool,
    ) -> News {
        self.cache().patched(aggregate, version, patch)
    }
}
