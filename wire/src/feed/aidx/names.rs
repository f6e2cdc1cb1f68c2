//! The names of the elements and attributes that are decoded, sorted for searching.

/// Elements that the decoder uses. Others are skipped.
pub(super) const ELEMENTS: &[&str] = &[
    "AODBUniqueField",
    "AircraftInfo",
    "AircraftSubType",
    "AircraftTerminal",
    "AircraftType",
    "Airline",
    "AirportResources",
    "AmadeusAptExtensionType",
    "ArrivalAirport",
    "BaggageClaimUnit",
    "CallSign",
    "CheckInInfo",
    "CodeShareInfo",
    "DepartureAirport",
    "Error",
    "Errors",
    "FirstPosition",
    "FlightLeg",
    "FlightLegExtension",
    "FlightNumber",
    "FlightNumericalId",
    "GeneralAviationLegIdentifier",
    "Id",
    "IrregularityDelay",
    "LastPosition",
    "LastUpdate",
    "LastUpdateDatetime",
    "Leg",
    "LegData",
    "LegIdentifier",
    "MiscFlightLegData",
    "OperationTime",
    "OperationalStatus",
    "OperationalSuffix",
    "OriginDate",
    "PassengerGate",
    "PlannedArrivalAptHistory",
    "PublicStatus",
    "PublicTerminal",
    "Qualifier",
    "ReasonCode",
    "RecordLastUpdateTime",
    "Registration",
    "RemarkFreeText",
    "RemarkTextCode",
    "RepeatNumber",
    "Resource",
    "ServiceType",
    "SpecialAction",
    "Status",
    "Statuses",
    "TPA_Extension",
    "TailNumber",
    "Value",
    "Warning",
    "Warnings",
];

/// Attributes that the decoder uses.
pub(super) const ATTRIBUTES: &[&str] = &[
    "Code",
    "CodeContext",
    "CurrentInd",
    "DepartureOrArrival",
    "FlightLegScope",
    "OperationQualifier",
    "RepeatIndex",
    "SequenceNmbr",
    "ShortText",
    "TimeStamp",
    "TimeType",
    "Usage",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_so_that_they_can_be_searched() {
        assert!(ELEMENTS.is_sorted() && ATTRIBUTES.is_sorted());
    }
}
