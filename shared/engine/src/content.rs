//! The content a life is lived under, decoded once and indexed for the yearly draw.

use std::sync::{Arc, OnceLock};

use content::blob::BlobError;
use content::{
    Blobs, ContentHash, Country, Event, EventIx, Illness, Lasting, Living, Locale, NamePool, Occupation, Region, Rules,
    Society, Technology, Texts, Tier,
};

use sha2::{Digest as _, Sha256};

use crate::world::{Row, World};
use crate::year::{Exposure, hazard};

/// Compiled content: the rules at once, each language when it is first read.
#[derive(Debug)]
pub struct Content {
    blobs: OwnedBlobs,
    hash: ContentHash,
    rules: Rules,
    texts: [OnceLock<Texts>; Locale::ALL.len()],
    /// Worked out when a life first needs it: what only shows content never does.
    world: OnceLock<World>,
    /// Events that achievements ask for.
    achieving: OnceLock<Vec<EventIx>>,
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
        Ok(Self {
            blobs,
            hash,
            rules,
            texts: [const { OnceLock::new() }; Locale::ALL.len()],
            world: OnceLock::new(),
            achieving: OnceLock::new(),
        })
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

    /// Whether it is an event of the milestones: one that happens once and is remembered.
    #[must_use]
    pub fn is_milestone(&self, id: &str) -> bool {
        self.event_def(id).is_some_and(|event| event.scope.tier == Tier::Milestone)
    }

    pub(crate) fn event_ix(&self, id: &str) -> Option<EventIx> {
        let place = self.rules.events.binary_search_by(|event| event.id.as_str().cmp(id)).ok()?;
        u16::try_from(place).ok().map(EventIx)
    }

    pub(crate) fn event(&self, ix: EventIx) -> &Event {
        &self.rules.events[usize::from(ix.0)]
    }

    /// Names the definitions of achievements: SHA-256 of their encoding.
    #[must_use]
    pub fn definitions_of_achievements(&self) -> [u8; 32] {
        // Encoding cannot fail: these rules were decoded from it.
        let encoded = content::blob::encode(&self.rules.achievements).unwrap_or_default();
        Sha256::digest(&encoded).into()
    }

    /// Events that some achievement asks for.
    pub(crate) fn events_of_achievements(&self) -> &[EventIx] {
        self.achieving.get_or_init(|| {
            let mut events = Vec::new();
            self.rules.achievements.iter().flat_map(|it| &it.when).for_each(|cond| cond.each_event(&mut events));
            events
        })
    }

    pub(crate) fn world(&self) -> &World {
        self.world.get_or_init(|| World::new(&self.rules))
    }

    /// The place of a region among the regions; the first if there is no such region.
    pub(crate) fn region_ix(&self, id: &str) -> usize {
        self.rules.regions.binary_search_by(|region| region.id.as_str().cmp(id)).unwrap_or(0)
    }

    /// The place of a country among the countries; their number if it is not among them.
    pub(crate) fn country_ix(&self, code: &str) -> usize {
        let countries = &self.rules.countries;
        countries.binary_search_by(|country| country.code.as_str().cmp(code)).unwrap_or(countries.len())
    }

    pub(crate) fn row(&self, region: &str, year: u16) -> &Row {
        self.world().row(self.region_ix(region), year)
    }

    /// Deaths within a year in 100,000 people of that age there and then: what the era's tables expect.
    #[must_use]
    pub fn expected_deaths(&self, region: &str, year: u16, age: u16) -> u64 {
        hazard(self, Exposure { row: self.row(region, year), age })
    }

    /// The occupation with this id.
    #[must_use]
    pub fn occupation(&self, id: &str) -> Option<&Occupation> {
        find(&self.rules.occupations, |occupation| occupation.id.as_str(), id)
    }

    /// The illness with this id.
    #[must_use]
    pub fn illness(&self, id: &str) -> Option<&Illness> {
        self.illness_at(id).map(|place| &self.rules.illnesses[place])
    }

    /// The place of an illness among the illnesses.
    pub(crate) fn illness_at(&self, id: &str) -> Option<usize> {
        self.rules.illnesses.binary_search_by(|illness| illness.id.as_str().cmp(id)).ok()
    }

    /// Whether people there could have that then.
    pub(crate) fn has_tech(&self, id: &str, region: &str, year: u16) -> bool {
        tech(&self.rules, id).is_some_and(|tech| tech.available(region, year))
    }

    pub(crate) fn lasting(&self, id: &str) -> Option<&Lasting> {
        find(&self.rules.lasting, |lasting| lasting.id.as_str(), id)
    }

    /// How people live in that region and year; before the first row as in the first, after the last on towards the best.
    #[must_use]
    pub fn living(&self, region: &str, year: u16) -> Living {
        self.row(region, year).living
    }

    /// How money, law and custom work in that region and year.
    #[must_use]
    pub fn society(&self, region: &str, year: u16) -> Society {
        self.row(region, year).society
    }

    /// The names people have there: the country's own pool, or else its region's.
    pub(crate) fn name_pool(&self, country: &str, region: &str) -> Option<&NamePool> {
        let pools = &self.rules.name_pools;
        let own = pools.iter().find(|pool| pool.countries.iter().any(|code| code == country));
        own.or_else(|| pools.iter().find(|pool| pool.regions.iter().any(|id| id == region))).or(pools.first())
    }
}

/// The technology with this id.
pub(crate) fn tech<'r>(rules: &'r Rules, id: &str) -> Option<&'r Technology> {
    find(&rules.technologies, |tech| tech.id.as_str(), id)
}

/// Finds a row of a table sorted by id.
fn find<'t, T>(table: &'t [T], id_of: impl Fn(&T) -> &str, id: &str) -> Option<&'t T> {
    table.binary_search_by(|row| id_of(row).cmp(id)).ok().map(|place| &table[place])
}
