//! Closed vocabularies of the game as request fields: one word out of a fixed list, the same list in the error and in
//! the OpenAPI document.

use std::borrow::Cow;

use deserr::{DeserializeError, Deserr, ErrorKind, IntoValue, Value, ValueKind, ValuePointerRef, take_cf_content};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use super::FieldErrors;

/// A vocabulary whose words clients may send.
pub trait Vocabulary: Copy + 'static {
    /// Its name in the OpenAPI document.
    const NAME: &'static str;
    /// Every word.
    fn words() -> Vec<&'static str>;
    /// What a word means.
    fn from_word(word: &str) -> Option<Self>;
}

/// One word of a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<V>(pub V);

impl<V: Vocabulary> Deserr<FieldErrors> for Word<V> {
    fn deserialize_from_value<T: IntoValue>(value: Value<T>, location: ValuePointerRef<'_>) -> Result<Self, FieldErrors> {
        let words = V::words();
        let error = match value {
            Value::String(word) => match V::from_word(&word) {
                Some(meaning) => return Ok(Self(meaning)),
                None => FieldErrors::error::<T>(None, ErrorKind::UnknownValue { value: &word, accepted: &words }, location),
            },
            actual => {
                let kind = ErrorKind::IncorrectValueKind { actual, accepted: &[ValueKind::String] };
                FieldErrors::error(None, kind, location)
            }
        };
        Err(take_cf_content(error))
    }
}

impl<V: Vocabulary> PartialSchema for Word<V> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(V::words())).into()
    }
}

impl<V: Vocabulary> ToSchema for Word<V> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(V::NAME)
    }
}

macro_rules! vocabularies {
    ($($name:ident),*) => {$(
        impl Vocabulary for engine::$name {
            const NAME: &'static str = stringify!($name);
            fn words() -> Vec<&'static str> {
                Self::ALL.iter().map(|word| word.as_str()).collect()
            }
            fn from_word(word: &str) -> Option<Self> {
                Self::from_word(word)
            }
        }
    )*};
}

vocabularies!(EventType, Gender, Locale, Mode);
