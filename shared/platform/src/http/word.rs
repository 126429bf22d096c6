//! Closed vocabularies of the game as request fields: one word out of a fixed list, the same list in the error and in
//! the OpenAPI document.

use deserr::{DeserializeError, Deserr, ErrorKind, IntoValue, Value, ValueKind, ValuePointerRef, take_cf_content};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use super::FieldErrors;

macro_rules! words {
    ($($word:ident($vocabulary:ident)),* $(,)?) => {$(
        #[doc = concat!("A word of [`engine::", stringify!($vocabulary), "`], as a client sends it.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $word(pub engine::$vocabulary);

        impl Deserr<FieldErrors> for $word {
            fn deserialize_from_value<T: IntoValue>(
                value: Value<T>,
                location: ValuePointerRef<'_>,
            ) -> Result<Self, FieldErrors> {
                let words = words(engine::$vocabulary::ALL, |word| word.as_str());
                read(value, location, &words, engine::$vocabulary::from_word).map(Self)
            }
        }

        impl PartialSchema for $word {
            fn schema() -> RefOr<Schema> {
                let words = words(engine::$vocabulary::ALL, |word| word.as_str());
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $word {}
    )*};
}

words! {
    AchievementCategoryWord(AchievementCategory),
    RarityWord(Rarity),
    EventTypeWord(EventType),
    GenderWord(Gender),
    LocaleWord(Locale),
    ModeWord(Mode),
}

/// A word of [`engine::SENSITIVITIES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SensitivityWord(pub &'static str);

impl Deserr<FieldErrors> for SensitivityWord {
    fn deserialize_from_value<T: IntoValue>(
        value: Value<T>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let known = |word: &str| engine::SENSITIVITIES.into_iter().find(|known| *known == word);
        read(value, location, &engine::SENSITIVITIES, known).map(Self)
    }
}

impl PartialSchema for SensitivityWord {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(engine::SENSITIVITIES)).into()
    }
}

impl ToSchema for SensitivityWord {}

fn words<V: Copy>(all: &[V], word: impl Fn(V) -> &'static str) -> Vec<&'static str> {
    all.iter().copied().map(word).collect()
}

fn read<T: IntoValue, V>(
    value: Value<T>,
    location: ValuePointerRef<'_>,
    accepted: &[&str],
    meaning: impl Fn(&str) -> Option<V>,
) -> Result<V, FieldErrors> {
    let error = match value {
        Value::String(word) => match meaning(&word) {
            Some(meaning) => return Ok(meaning),
            None => FieldErrors::error::<T>(None, ErrorKind::UnknownValue { value: &word, accepted }, location),
        },
        actual => {
            let kind = ErrorKind::IncorrectValueKind { actual, accepted: &[ValueKind::String] };
            FieldErrors::error(None, kind, location)
        }
    };
    Err(take_cf_content(error))
}
