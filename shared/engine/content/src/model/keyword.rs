//! The closed vocabularies: every word an author may use where a kind is asked for.

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants are written as fixed words, in TOML, in JSON and in the API.
macro_rules! keywords {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every variant, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word authors and clients use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The variant a word stands for.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

keywords! {
    /// A language the content is written in.
    Locale { ZhCn = "zh-CN", En = "en" }
}
keywords! {
    /// What kind of happening an event is.
    EventType { Random = "random", Choice = "choice", Development = "development", Relationship = "relationship", Era = "era" }
}
keywords! {
    /// How much a player's mode scales an event's rate and effects.
    Risk { None = "none", Low = "low", Medium = "medium", High = "high" }
}
keywords! {
    /// When in a year an event is considered: the order of the tiers, never giant weights, decides.
    Tier { Mandatory = "mandatory", Chained = "chained", Milestone = "milestone", Random = "random", Fallback = "fallback" }
}
keywords! {
    /// The six parts of a life.
    Stage { Infancy = "infancy", Childhood = "childhood", Adolescence = "adolescence", Youth = "youth", MiddleAge = "middle_age", OldAge = "old_age" }
}
keywords! {
    /// How a year is lived.
    Mode { Aggressive = "aggressive", Steady = "steady", Conservative = "conservative" }
}
keywords! {
    /// The size of the place lived in.
    Settlement { Village = "village", Town = "town", City = "city" }
}
keywords! {
    /// The land around it.
    Terrain {
        Plain = "plain", River = "river", Coast = "coast", Mountain = "mountain",
        Forest = "forest", Desert = "desert", Polar = "polar", Island = "island",
    }
}
keywords! {
    /// Gender as the texts need it.
    Gender { Female = "female", Male = "male" }
}
keywords! {
    /// Schooling, completed or attended.
    Schooling { None = "none", Primary = "primary", Secondary = "secondary", Tertiary = "tertiary" }
}
keywords! {
    /// What a person is born with and grows.
    Attribute { Intelligence = "intelligence", Constitution = "constitution", Charisma = "charisma", Willpower = "willpower", Creativity = "creativity" }
}
keywords! {
    /// What a person learns.
    Skill { Academic = "academic", Social = "social", Athletic = "athletic", Artistic = "artistic", Business = "business" }
}
keywords! {
    /// Temperament, dealt at birth and lasting.
    Trait { Extraversion = "extraversion", Optimism = "optimism", Courage = "courage" }
}
keywords! {
    /// Who somebody is to the player.
    Relation {
        Father = "father", Mother = "mother", Sibling = "sibling", Spouse = "spouse", Child = "child",
        Grandparent = "grandparent", Relative = "relative", Lover = "lover", ExSpouse = "ex_spouse",
        Friend = "friend", Classmate = "classmate", Teacher = "teacher", Mentor = "mentor",
        Colleague = "colleague", Neighbor = "neighbor", Grandchild = "grandchild",
    }
}
keywords! {
    /// A kind of possession that keeps its worth.
    AssetKind { Property = "property", Business = "business", Stocks = "stocks" }
}
keywords! {
    /// Whose money an effect moves.
    Payer { OwnPocket = "self", Household = "household" }
}
keywords! {
    /// How family and given names are put together.
    NameOrder { FamilyGiven = "family_given", GivenFamily = "given_family" }
}

keywords! {
    /// A kind of work.
    Trade {
        Land = "land", Sea = "sea", Mine = "mine", Craft = "craft", Factory = "factory", Building = "building",
        Transport = "transport", Home = "home", Trading = "trading", Office = "office", Money = "money", Health = "health",
        Learning = "learning", Faith = "faith", Law = "law", State = "state", Arms = "arms", Art = "art",
        Sport = "sport", Science = "science", Tech = "tech", Care = "care",
    }
}
keywords! {
    /// A way of living that tells on the body.
    Habit { Sleep = "sleep", Diet = "diet", Exercise = "exercise", Drink = "drink", Smoke = "smoke" }
}
keywords! {
    /// What a year's plan spends energy on.
    Effort { Study = "study", Work = "work", Exercise = "exercise", Art = "art", Social = "social", Family = "family", Rest = "rest" }
}
keywords! {
    /// What the ordinary rules of a year brought: events may tell of it.
    News {
        Hired = "hired", Promoted = "promoted", Dismissed = "dismissed", Retired = "retired", Founded = "founded",
        Closed = "closed", Courted = "courted", BrokeUp = "broke_up", Married = "married", Divorced = "divorced",
        Widowed = "widowed", Birth = "birth", Grandchild = "grandchild", ChildMarried = "child_married",
        Moved = "moved", Emigrated = "emigrated", Conscripted = "conscripted", Discharged = "discharged",
        Bankrupt = "bankrupt", Inherited = "inherited", Boom = "boom", Crash = "crash", HomeBought = "home_bought",
        Robbed = "robbed", FellIll = "fell_ill", Recovered = "recovered", Treated = "treated", Exhausted = "exhausted",
        Graduated = "graduated", LeftSchool = "left_school",
    }
}

keywords! {
    /// Which part of a life an achievement is about.
    AchievementCategory {
        Career = "career", Family = "family", Social = "social", Personal = "personal", Wealth = "wealth", Special = "special",
    }
}
keywords! {
    /// How few lives come to something.
    Rarity { Common = "common", Rare = "rare", Epic = "epic", Legendary = "legendary" }
}

impl Stage {
    /// First and last age of the stage; old age is open-ended.
    #[must_use]
    pub const fn ages(self) -> (u16, u16) {
        match self {
            Self::Infancy => (0, 3),
            Self::Childhood => (4, 12),
            Self::Adolescence => (13, 18),
            Self::Youth => (19, 35),
            Self::MiddleAge => (36, 60),
            Self::OldAge => (61, MAX_AGE),
        }
    }

    /// The stage an age belongs to.
    #[must_use]
    pub fn of_age(age: u16) -> Self {
        Self::ALL.iter().copied().find(|stage| age <= stage.ages().1).unwrap_or(Self::OldAge)
    }
}

/// Nobody lives past this age.
pub const MAX_AGE: u16 = 120;
/// First and last year a life may be born in.
pub const BIRTH_YEARS: (u16, u16) = (1800, 2050);
/// The last year the tables must cover: the latest birth plus the longest life.
pub const LAST_YEAR: u16 = 2170;

/// A set of relations, as authors name them: `parent` is father or mother, `any` is everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationSet(u32);

impl RelationSet {
    /// The set a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "any" => Some(Self(u32::MAX)),
            "parent" => Some(Self(Self::bit(Relation::Father) | Self::bit(Relation::Mother))),
            _ => Relation::from_word(word).map(|relation| Self(Self::bit(relation))),
        }
    }

    /// Whether the relation is in the set.
    #[must_use]
    pub const fn contains(self, relation: Relation) -> bool {
        self.0 & Self::bit(relation) != 0
    }

    /// Nobody.
    pub const NONE: Self = Self(0);

    /// The set with one relation more.
    #[must_use]
    pub const fn with(self, relation: Relation) -> Self {
        Self(self.0 | Self::bit(relation))
    }

    /// The relations of the set.
    pub fn iter(self) -> impl Iterator<Item = Relation> {
        let mut left = self.0 & ((1 << Relation::ALL.len()) - 1);
        std::iter::from_fn(move || {
            let relation = Relation::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(*relation)
        })
    }

    /// Whether the sets have a relation in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The one relation of a set of one: what a missing person can be created as.
    #[must_use]
    pub fn single(self) -> Option<Relation> {
        Relation::ALL.iter().copied().find(|relation| self.0 == Self::bit(*relation))
    }

    /// The word an author would write for this set.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self.single() {
            Some(relation) => relation.as_str(),
            None if self.0 == u32::MAX => "any",
            None => "parent",
        }
    }

    const fn bit(relation: Relation) -> u32 {
        1 << relation as u32
    }
}
