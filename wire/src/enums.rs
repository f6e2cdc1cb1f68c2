//! JSON form, schema and TypeScript type of the domain's enums. The domain's tables hold the names.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::borrow::Cow;
use ts_rs::TS;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! string_enums {
    ($($(#[$doc:meta])* $name:ident of $inner:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub $inner);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = Cow::<'de, str>::deserialize(deserializer)?;
                let known = <$inner>::WORDS.iter().find(|(_, text)| *text == word);
                let unknown = || D::Error::custom(format_args!("{word:?} is no {}", stringify!($name)));
                Ok(Self(known.ok_or_else(unknown)?.0))
            }
        }

        impl TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;
            fn name(_: &ts_rs::Config) -> String {
                stringify!($name).into()
            }
            fn inline(_: &ts_rs::Config) -> String {
                let words: Vec<_> = <$inner>::WORDS.iter().map(|(_, word)| format!("\"{word}\"")).collect();
                words.join(" | ")
            }
            fn inline_flattened(config: &ts_rs::Config) -> String {
                Self::inline(config)
            }
            fn decl(config: &ts_rs::Config) -> String {
                format!("type {} = {};", stringify!($name), Self::inline(config))
            }
            fn decl_concrete(config: &ts_rs::Config) -> String {
                Self::decl(config)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = <$inner>::WORDS.iter().map(|(_, word)| *word);
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

string_enums! {
    /// The status of a flight.
    FlightStatus of domain::view::Status;
    /// The kind of a change.
    ChangeKind of domain::change::ChangeKind;
}
