//! The content a life is lived under, decoded once and indexed for the yearly draw.

use std::sync::{Arc, OnceLock};

use content::blob::BlobError;
use content::{
    Blobs, ContentHash, Country, Event, EventIx, Illness, Lasting, Living, Locale, NamePool, Occupation, Region, Rules,
    Stage, Texts, Tier,
};

/// Compiled content: the rules at once, each language when it is first read.
#[derive(Debug)]
pub struct Content {
    blobs: OwnedBlobs,
    hash: ContentHash,
    rules: Rules,
    texts: [OnceLock<Texts>; Locale::ALL.len()],
    /// Events that can happen, by tier and stage.
    pools: [[Vec<EventIx>; Stage::ALL.len()]; Tier::ALL.len()],
}

/// Blobs from the binary, or from a store of older content.
#[derive(Clone, Debug)]
enum OwnedBlobs {
    Builtin(Blobs<'static>),
    Stored { rules: Arc<[u8]>, texts: [Arc<[u8]>; Locale::ALL.len()] },
}

impl OwnedBlobs {
    fn borrow(&self) -> Blobs<'_> {
        match self {
            Self::Builtin(blobs) => *blobs,
            Self::Stored { rules, texts } => Blobs { rules, texts: texts.each_ref().map(|text| &**text) },
        }
    }
}

/// Written by build.rs from the authors' files.
static BUILTIN_BLOBS: Blobs<'static> = Blobs {
    rules: include_bytes!(concat!(env!("OUT_DIR"), "/rules.blob")),
    texts: [
        include_bytes!(concat!(env!("OUT_DIR"), "/zh-CN.blob")),
        include_bytes!(concat!(env!("OUT_DIR"), "/en.blob")),
    ],
};

impl Content {
    /// The content this binary was built with. Decoded on first use.
    ///
    /// # Panics
    /// Never in a binary whose build script ran: it wrote the blobs with this very model.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the build script wrote these bytes with the same model")]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Content> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Self::decode(OwnedBlobs::Builtin(BUILTIN_BLOBS)).expect("the build script wrote these blobs")
        })
    }

    /// The blobs this binary was built with, for the store of older content.
    #[must_use]
    pub const fn builtin_blobs() -> Blobs<'static> {
        BUILTIN_BLOBS
    }

    /// Content from a store, to replay a life that was lived under it.
    ///
    /// # Errors
    /// If the blobs were written by another version of the model.
    pub fn from_blobs(blobs: Blobs<'_>) -> Result<Self, BlobError> {
        Self::decode(OwnedBlobs::Stored { rules: blobs.rules.into(), texts: blobs.texts.map(Arc::from) })
    }

    fn decode(blobs: OwnedBlobs) -> Result<Self, BlobError> {
        let borrowed = blobs.borrow();
        let (hash, rules) = (borrowed.hash(), borrowed.decode_rules()?);
        let mut pools = [const { [const { Vec::new() }; Stage::ALL.len()] }; Tier::ALL.len()];
        for (event, ix) in rules.events.iter().zip((0..).map(EventIx)) {
            for stage in Stage::ALL.iter().filter(|stage| event.scope.touches(**stage)) {
                pools[event.scope.tier as usize][*stage as usize].push(ix);
            }
        }
        Ok(Self { blobs, hash, rules, texts: [const { OnceLock::new() }; Locale::ALL.len()], pools })
    }

    /// The name of this content.
    #[must_use]
    pub const fn hash(&self) -> ContentHash {
        self.hash
    }

    /// Everything the rules of life know.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The words of one language; decoded on first use.
    pub fn texts(&self, locale: Locale) -> &Texts {
        self.texts[locale as usize].get_or_init(|| self.blobs.borrow().decode_texts(locale).unwrap_or_default())
    }

    /// The word for an id: `label(locale, "occupation", "teacher")`. The id itself if there is none.
    pub fn label<'a>(&'a self, locale: Locale, group: &str, id: &'a str) -> &'a str {
        self.texts(locale).labels.get(group).and_then(|labels| labels.get(id)).map_or(id, String::as_str)
    }

    /// Every country and territory, sorted by code.
    #[must_use]
    pub fn countries(&self) -> &[Country] {
        &self.rules.countries
    }

    /// The country with this ISO 3166-1 alpha-2 code.
    #[must_use]
    pub fn country(&self, code: &str) -> Option<&Country> {
        find(&self.rules.countries, |country| country.code.as_str(), code)
    }

    /// The region with this id.
    #[must_use]
    pub fn region(&self, id: &str) -> Option<&Region> {
        find(&self.rules.regions, |region| region.id.as_str(), id)
    }

    /// The event with this id; retired ones are gone from here but their records still read.
    #[must_use]
    pub fn event_def(&self, id: &str) -> Option<&Event> {
        self.event_ix(id).map(|ix| self.event(ix))
    }

    pub(crate) fn event_ix(&self, id: &str) -> Option<EventIx> {
        let place = self.rules.events.binary_search_by(|event| event.id.as_str().cmp(id)).ok()?;
        u16::try_from(place).ok().map(EventIx)
    }

    pub(crate) fn event(&self, ix: EventIx) -> &Event {
        &self.rules.events[usize::from(ix.0)]
    }

    pub(crate) fn pool(&self, tier: Tier, stage: Stage) -> &[EventIx] {
        &self.pools[tier as usize][stage as usize]
    }

    pub(crate) fn occupation(&self, id: &str) -> Option<&Occupation> {
        find(&self.rules.occupations, |occupation| occupation.id.as_str(), id)
    }

    pub(crate) fn illness(&self, id: &str) -> Option<&Illness> {
        find(&self.rules.illnesses, |illness| illness.id.as_str(), id)
    }

    pub(crate) fn lasting(&self, id: &str) -> Option<&Lasting> {
        find(&self.rules.lasting, |lasting| lasting.id.as_str(), id)
    }

    /// How people live in that region and year; before the first era as in the first, after the last as in the last.
    pub(crate) fn living(&self, region: &str, year: u16) -> Living {
        let eras = &self.rules.eras;
        let era = eras.iter().find(|era| year <= era.years.1).or(eras.last());
        let row = era.and_then(|era| era.regions.get(region)).copied();
        row.unwrap_or(DEFAULT_LIVING)
    }

    /// The names people have there: the country's own pool, or else its region's.
    pub(crate) fn name_pool(&self, country: &str, region: &str) -> Option<&NamePool> {
        let pools = &self.rules.name_pools;
        let own = pools.iter().find(|pool| pool.countries.iter().any(|code| code == country));
        own.or_else(|| pools.iter().find(|pool| pool.regions.iter().any(|id| id == region))).or(pools.first())
    }

    /// Percent of the usual, all shocks under way multiplied.
    pub(crate) fn shock_percent(&self, region: &str, year: u16, of: impl Fn(&content::Shock) -> u16) -> u64 {
        let striking = self.rules.shocks.iter().filter(|shock| shock.strikes(region, year));
        striking.fold(100, |percent, shock| percent * u64::from(of(shock)) / 100)
    }
}

/// Never used with linted content, which covers every region in every era.
const DEFAULT_LIVING: Living = Living {
    life_expectancy: 60,
    infant_death_pm: 60,
    school_start_age: 7,
    schooling_pct: 70,
    secondary_pct: 40,
    tertiary_pct: 10,
    marriage_age: 25,
    wage_growth_pm: 10,
    urban_pct: 40,
};

/// Finds a row of a table sorted by id.
fn find<'t, T>(table: &'t [T], id_of: impl Fn(&T) -> &str, id: &str) -> Option<&'t T> {
    table.binary_search_by(|row| id_of(row).cmp(id)).ok().map(|place| &table[place])
}
