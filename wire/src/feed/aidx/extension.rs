//! Which vendors' extensions are understood, and what of them is used.
//!
//! AIDX lets every vendor add elements of its own under `TPA_Extension`, in a namespace of its own.
//! The namespace says whose they are, so no configuration is needed: an extension listed here is
//! read, any other is left aside and told in the notes.
//!
//! | vendor | used |
//! |---|---|
//! | Amadeus (Western Sydney) | `FlightNumericalId`, `LastUpdateDatetime`, and the status `FIDS` |
//! | Gatwick's Idaho | `AODBUniqueField`, `RecordLastUpdateTime` |
//! | ours | `Leg/Id`, `Leg/LastUpdate`, for mock airports and adapters |
//!
//! The FIDS status is what that airport's own screens show. It is the only place where such a
//! message says that a flight is delayed with no new time.
//!
//! To add one: a variant of [`Vendor`], its namespace, its arm in [`read`], and the names of its
//! elements in `xml`.

use super::xml::{Element, Space};

/// Namespace of our own extension.
pub(super) const OURS: &str = "urn:gatecall:aidx:1";

/// Whose extension it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Vendor {
    Amadeus,
    Idaho,
    Ours,
}

impl Vendor {
    /// The vendor of this namespace, if its extension is understood.
    pub(super) fn of(uri: &str) -> Option<Self> {
        match uri {
            "http://www.amadeus.com/apt/esb" => Some(Self::Amadeus),
            "http://GAL.ESB.DataHub.BizTalk.Interfaces.AIDX.TPA_Extensions.1_01" => Some(Self::Idaho),
            OURS => Some(Self::Ours),
            _ => None,
        }
    }
}

/// What a leg's extensions say.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Extras<'a> {
    /// The sender's identifier of the leg.
    pub(super) provider_id: Option<&'a str>,
    /// When the leg last changed, as written.
    pub(super) last_update: Option<&'a str>,
    /// What the airport's screens show.
    pub(super) display: Option<&'a str>,
}

/// Reads a leg's `TPA_Extension`.
pub(super) fn read(extension: Option<&Element>) -> Extras<'_> {
    let mut extras = Extras::default();
    for part in extension.iter().flat_map(|e| &e.children) {
        match (part.space, part.name) {
            (Space::Extension(Vendor::Amadeus), "AmadeusAptExtensionType") => {
                extras.provider_id = part.text_of("FlightNumericalId");
                extras.last_update = part.text_of("LastUpdateDatetime");
                let statuses = part.child("Statuses").into_iter().flat_map(|e| &e.children);
                let mut shown = statuses.filter(|status| status.text_of("Qualifier") == Some("FIDS"));
                extras.display = shown.next().and_then(|status| status.text_of("Value"));
            }
            (Space::Extension(Vendor::Idaho), "FlightLegExtension") => {
                extras.provider_id = part.text_of("AODBUniqueField");
                let record = part.child("MiscFlightLegData");
                extras.last_update = record.and_then(|record| record.text_of("RecordLastUpdateTime"));
            }
            (Space::Extension(Vendor::Ours), "Leg") => {
                extras.provider_id = part.text_of("Id");
                extras.last_update = part.text_of("LastUpdate");
            }
            _ => {}
        }
    }
    extras
}
