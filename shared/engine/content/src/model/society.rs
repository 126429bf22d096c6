//! How money, law and custom work in a region and a span of years.

use serde::{Deserialize, Serialize};

/// Declares the columns of a table of small numbers, with the bounds and the fallback of each.
macro_rules! columns {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])+ $field:ident: $low:literal..=$high:literal = $fallback:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: i16),+
        }

        impl $name {
            /// Every column: its key, its least and greatest value.
            pub const COLUMNS: &'static [(&'static str, i16, i16)] = &[$((stringify!($field), $low, $high)),+];
            /// The columns of a world that says nothing about them.
            pub const FALLBACK: Self = Self { $($field: $fallback),+ };

            /// The value of a column, to be changed.
            pub fn column_mut(&mut self, key: &str) -> Option<&mut i16> {
                match key { $(stringify!($field) => Some(&mut self.$field),)+ _ => None }
            }
        }
    };
}

columns! {
    /// How money, law and custom work there and then. Rates are real, after inflation.
    Society {
        /// Wages against a rich country of the present, percent.
        wage_level: 1..=400 = 50,
        /// Mean yearly return of shares, per mille.
        stocks_pm: -200..=200 = 50,
        /// How far a year's return of shares strays from the mean, per mille.
        stocks_spread_pm: 0..=900 = 300,
        /// Mean yearly change of the worth of land and houses, per mille.
        property_pm: -100..=100 = 10,
        /// Mean yearly return of money kept, per mille: interest less inflation.
        cash_pm: -500..=60 = 0,
        /// Yearly interest on debt, per mille.
        loan_pm: 0..=600 = 80,
        /// Share of a wage that goes in taxes and contributions, percent.
        tax_pct: 0..=60 = 12,
        /// Age at which a pension is paid; 0 where there is none.
        pension_age: 0..=80 = 65,
        /// Pension, percent of the last wage.
        pension_pct: 0..=100 = 45,
        /// Share of the cost of illness that insurance or the state carries, percent.
        cover_pct: 0..=100 = 40,
        /// Share of an income lost that the unemployed are paid, percent.
        dole_pct: 0..=90 = 20,
        /// Share of young men called up, percent.
        conscript_pct: 0..=100 = 15,
        /// Marriages in a thousand that end in divorce each year.
        divorce_pm: 0..=40 = 4,
        /// Young people in a thousand who leave their country each year.
        emigrate_pm: 0..=60 = 3,
        /// Children born to a woman who lives through her fertile years, in tenths.
        children_tenths: 5..=90 = 40,
        /// Share who marry, percent.
        marry_pct: 40..=100 = 90,
        /// Share of married women who earn, percent.
        women_work_pct: 0..=100 = 45,
        /// Households in a thousand robbed in a year.
        theft_pm: 0..=150 = 20,
        /// Workers in a thousand dismissed in an ordinary year.
        dismissal_pm: 0..=200 = 35,
    }
}
