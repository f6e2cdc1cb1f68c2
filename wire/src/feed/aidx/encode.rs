//! Encodes messages as an airport sends them, with elements in the schema's order.

use super::codes;
use super::extension::OURS;
use super::write::Xml;
use super::{KnownLeg, NAMESPACE};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::codes::{AirlineCode, Direction, Iata};
use domain::field::{Field, Step, Value};
use domain::report::{Confidence, Statement};

/// The envelope of a message.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The sender, such as `JFK`: `Originator/@CompanyShortName`.
    pub originator: &'a str,
    /// `@TimeStamp`, which is also the time of observation of legs without their own.
    pub sent_at: DateTime<Utc>,
    /// The sender's identifier of the message: `@CorrelationID`.
    pub correlation_id: Option<&'a str>,
}

/// A pushed message, `IATA_AIDX_FlightLegNotifRQ`. Leaves out what [`can_say`] excludes.
pub fn encode_notif(legs: &[KnownLeg], header: &Header<'_>) -> String {
    let mut xml = Xml::with_capacity(legs.len());
    xml.root("IATA_AIDX_FlightLegNotifRQ", header);
    xml.leaf("Originator", &[("CompanyShortName", header.originator)], "");
    xml.legs(legs);
    xml.close("IATA_AIDX_FlightLegNotifRQ");
    xml.text
}

/// The answer to a poll, `IATA_AIDX_FlightLegRS`. Leaves out what [`can_say`] excludes.
pub fn encode_rs(legs: &[KnownLeg], header: &Header<'_>) -> String {
    let mut xml = Xml::with_capacity(legs.len());
    xml.root("IATA_AIDX_FlightLegRS", header);
    xml.leaf("Success", &[], "");
    xml.legs(legs);
    xml.close("IATA_AIDX_FlightLegRS");
    xml.text
}

/// Whether AIDX can express this statement. It cannot withdraw a cancellation without reinstating the
/// flight, give a delay reason without an AHM 730 code, distinguish "no longer hidden" or "no codeshares"
/// from never, or state that an arrival is as planned.
pub fn can_say(leg: &KnownLeg, statement: &Statement) -> bool {
    match (statement.field, &statement.value) {
        (Field::Cancelled | Field::Diverted, value) => value.is_some(),
        (Field::Hidden, value) => *value != Some(Value::Flag(false)),
        (Field::NotOperating | Field::NoPassengers, value) => *value == Some(Value::Flag(true)),
        (Field::Replaced | Field::Operated | Field::Late, _) => false,
        // Expressed by the status alone, with the time of the message.
        (Field::DepartureReturned, _) => false,
        (Field::DelayReason, Some(Value::Text(words))) => codes::delay_code(words).is_some(),
        (Field::Codeshares, Some(Value::Codeshares(flights))) => !flights.is_empty(),
        // The new airport is last in a list that begins with the scheduled one. If it is the scheduled
        // airport, the list also withdraws the diversion.
        (Field::DivertedTo, Some(Value::Airport(iata))) => {
            *iata != leg.key.to || leg.said(Field::Diverted) == Some(Some(&Value::Flag(false)))
        }
        (Field::DivertedTo, None) => false,
        (Field::DepartureStep, Some(Value::Step(Step::Scheduled))) => leg.direction == Direction::Departures,
        _ => true,
    }
}

impl Xml {
    fn root(&mut self, name: &str, header: &Header<'_>) {
        self.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let sent_at = rfc3339(header.sent_at);
        let mut attributes = vec![
            ("xmlns", NAMESPACE),
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            ("Version", "22.1"),
            ("TimeStamp", sent_at.as_str()),
        ];
        attributes.extend(header.correlation_id.map(|id| ("CorrelationID", id)));
        self.open(name, &attributes);
    }

    fn legs(&mut self, legs: &[KnownLeg]) {
        for leg in legs {
            self.open("FlightLeg", &[]);
            self.identifier(leg);
            self.special_action(leg);
            self.open("LegData", &[]);
            self.statuses(leg);
            let cargo = leg.said(Field::NoPassengers) == Some(Some(&Value::Flag(true)));
            self.leaf("ServiceType", &[], if cargo { "F" } else { "J" });
            self.arrival_airports(leg);
            self.reason_and_codeshares(leg);
            self.remarks(leg);
            self.resources(leg);
            self.times(leg);
            self.aircraft(leg);
            self.close("LegData");
            self.extension(leg);
            self.close("FlightLeg");
        }
    }

    fn identifier(&mut self, leg: &KnownLeg) {
        self.open("LegIdentifier", &[]);
        self.airline(leg.key.carrier);
        self.leaf("FlightNumber", &[], &leg.key.number.to_string());
        if let Some(suffix) = leg.key.suffix {
            self.leaf("OperationalSuffix", &[], &suffix.to_string());
        }
        self.leaf("DepartureAirport", &[("CodeContext", "3")], leg.key.from.as_str());
        self.leaf("ArrivalAirport", &[("CodeContext", "3")], leg.key.to.as_str());
        self.leaf("OriginDate", &[], &leg.key.origin_date.to_string());
        if leg.key.repeat > 0 {
            self.leaf("RepeatNumber", &[], &leg.key.repeat.saturating_add(1).to_string());
        }
        self.close("LegIdentifier");
    }

    fn airline(&mut self, airline: AirlineCode) {
        // 3 is IATA in PADIS code list 3055; a three-letter code is an ICAO code by its length.
        let context: &[_] = if airline.as_str().len() == 2 { &[("CodeContext", "3")] } else { &[] };
        self.leaf("Airline", context, airline.as_str());
    }

    fn special_action(&mut self, leg: &KnownLeg) {
        match leg.said(Field::Hidden) {
            Some(Some(Value::Flag(true))) => self.leaf("SpecialAction", &[], "DoNotDisplay"),
            Some(None) => self.nil("SpecialAction", &[]),
            _ => {}
        }
    }

    fn statuses(&mut self, leg: &KnownLeg) {
        let whole = match leg.said(Field::Cancelled) {
            Some(Some(Value::Flag(true))) => "DX",
            Some(Some(_)) => "SQ",
            _ => "OP",
        };
        let scope = match leg.direction {
            Direction::Departures => "Departure",
            Direction::Arrivals => "Arrival",
        };
        let mut index = 0;
        let mut attributes = |scope| {
            index += 1;
            [
                ("CodeContext", "1245".to_owned()),
                ("RepeatIndex", index.to_string()),
                ("FlightLegScope", scope),
            ]
        };
        self.status(attributes(scope.into()), Some(whole));
        for (field, code) in [(Field::NotOperating, "NOP"), (Field::Diverted, "DV")] {
            if leg.said(field) == Some(Some(&Value::Flag(true))) {
                self.status(attributes(scope.into()), Some(code));
            }
        }
        for (field, scope) in [(Field::DepartureStep, "Departure"), (Field::ArrivalStep, "Arrival")] {
            match leg.said(field) {
                Some(Some(Value::Step(step))) => {
                    if let Some(code) = codes::status_of(*step) {
                        self.status(attributes(scope.into()), Some(code));
                    }
                }
                Some(_) => self.status(attributes(scope.into()), None),
                None => {}
            }
        }
    }

    fn status(&mut self, attributes: [(&'static str, String); 3], code: Option<&str>) {
        let attributes = attributes.each_ref().map(|(name, value)| (*name, value.as_str()));
        match code {
            Some(code) => self.leaf("OperationalStatus", &attributes, code),
            None => self.nil("OperationalStatus", &attributes),
        }
    }

    fn arrival_airports(&mut self, leg: &KnownLeg) {
        let planned = leg.key.to;
        let history: &[Iata] = match (leg.said(Field::DivertedTo), leg.said(Field::Diverted)) {
            (Some(Some(Value::Airport(elsewhere))), _) => &[planned, *elsewhere],
            (_, Some(Some(Value::Flag(false)))) => &[planned, planned],
            _ => &[planned],
        };
        for (at, iata) in history.iter().enumerate() {
            let index = (at + 1).to_string();
            let attributes = [("CodeContext", "3"), ("RepeatIndex", index.as_str())];
            self.leaf("PlannedArrivalAptHistory", &attributes, iata.as_str());
        }
    }

    fn reason_and_codeshares(&mut self, leg: &KnownLeg) {
        let side = [("DepartureOrArrival", "Departure")];
        match leg.said(Field::DelayReason) {
            Some(Some(Value::Text(words))) => {
                if let Some(code) = codes::delay_code(words) {
                    self.open("IrregularityDelay", &side);
                    self.leaf("ReasonCode", &[], code);
                    self.close("IrregularityDelay");
                }
            }
            Some(_) => self.nil("IrregularityDelay", &side),
            None => {}
        }
        match leg.said(Field::Codeshares) {
            Some(Some(Value::Codeshares(flights))) => {
                for (at, flight) in flights.iter().enumerate() {
                    self.open("CodeShareInfo", &[("RepeatIndex", &(at + 1).to_string())]);
                    self.airline(flight.airline);
                    self.leaf("FlightNumber", &[], &flight.number.to_string());
                    if let Some(suffix) = flight.suffix {
                        self.leaf("OperationalSuffix", &[], &suffix.to_string());
                    }
                    self.close("CodeShareInfo");
                }
            }
            Some(_) => self.nil("CodeShareInfo", &[]),
            None => {}
        }
    }

    fn remarks(&mut self, leg: &KnownLeg) {
        if let Some(Some(Value::Step(step))) = leg.said(Field::DepartureStep)
            && let Some(code) = codes::remark_of(*step)
        {
            // BRD: for the public, PADIS code list 9932.
            self.leaf("RemarkTextCode", &[("Qualifier", "BRD"), ("CodeContext", "9750")], code);
        }
        self.said("RemarkFreeText", leg.said(Field::Remark));
    }

    fn resources(&mut self, leg: &KnownLeg) {
        use Field::{ArrivalBelt, ArrivalGate, ArrivalTerminal};
        use Field::{DepartureCheckIn, DepartureGate, DepartureTerminal};
        let sides = [
            ("Departure", DepartureGate, DepartureTerminal, None, Some(DepartureCheckIn)),
            ("Arrival", ArrivalGate, ArrivalTerminal, Some(ArrivalBelt), None),
        ];
        let speaks = |field: Option<Field>| field.and_then(|field| leg.said(field));
        let mut open = false;
        for (side, gate, terminal, belt, check_in) in sides {
            let (gate, terminal) = (leg.said(gate), leg.said(terminal));
            let (belt, check_in) = (speaks(belt), speaks(check_in));
            if gate.is_none() && terminal.is_none() && belt.is_none() && check_in.is_none() {
                continue;
            }
            if !open {
                self.open("AirportResources", &[("Usage", "Actual")]);
                open = true;
            }
            self.open("Resource", &[("DepartureOrArrival", side)]);
            self.said("PassengerGate", gate);
            self.said("PublicTerminal", terminal);
            self.said("BaggageClaimUnit", belt);
            self.check_in(check_in);
            self.close("Resource");
        }
        if open {
            self.close("AirportResources");
        }
    }

    fn check_in(&mut self, said: Option<Option<&Value>>) {
        match said {
            Some(Some(Value::Text(desks))) => {
                self.open("CheckInInfo", &[]);
                let ends = desks.split_once('-').filter(|(first, last)| {
                    let whole = |desk: &str| !desk.is_empty() && desk.trim() == desk;
                    whole(first) && whole(last) && first != last
                });
                match ends {
                    Some((first, last)) => {
                        self.leaf("FirstPosition", &[], first);
                        self.leaf("LastPosition", &[], last);
                    }
                    None => self.leaf("FirstPosition", &[], desks),
                }
                self.close("CheckInInfo");
            }
            Some(_) => self.nil("CheckInInfo", &[]),
            None => {}
        }
    }

    fn times(&mut self, leg: &KnownLeg) {
        let mut index = 0;
        let mut time = |xml: &mut Self, qualifier, kind, at: Option<i64>| {
            index += 1;
            let index = index.to_string();
            let attributes = [
                ("OperationQualifier", qualifier),
                ("CodeContext", "9750"),
                ("RepeatIndex", index.as_str()),
                ("TimeType", kind),
            ];
            match at.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
                Some(at) => xml.leaf("OperationTime", &attributes, &rfc3339(at)),
                None => xml.nil("OperationTime", &attributes),
            }
        };
        for (qualifier, kind, field, _) in codes::TIMES.iter().filter(|row| row.3 == Confidence::Primary) {
            match leg.said(*field) {
                Some(Some(Value::Time(seconds))) => time(self, qualifier, kind, Some(*seconds)),
                Some(_) => time(self, qualifier, kind, None),
                None => {}
            }
        }
    }

    fn aircraft(&mut self, leg: &KnownLeg) {
        let (kind, registration) = (leg.said(Field::AircraftType), leg.said(Field::AircraftRegistration));
        if kind.is_none() && registration.is_none() && leg.call_sign.is_none() {
            return;
        }
        self.open("AircraftInfo", &[]);
        self.said("AircraftType", kind);
        self.said("Registration", registration);
        if let Some(call_sign) = &leg.call_sign {
            self.leaf("CallSign", &[], call_sign);
        }
        self.close("AircraftInfo");
    }

    /// Our own extension for what AIDX lacks: when the leg last changed, and the airport's identifier.
    fn extension(&mut self, leg: &KnownLeg) {
        if leg.observed_at.is_none() && leg.provider_id.is_none() {
            return;
        }
        self.open("TPA_Extension", &[]);
        self.open("g:Leg", &[("xmlns:g", OURS)]);
        if let Some(id) = &leg.provider_id {
            self.leaf("g:Id", &[], id);
        }
        if let Some(at) = leg.observed_at {
            self.leaf("g:LastUpdate", &[], &rfc3339(at));
        }
        self.close("g:Leg");
        self.close("TPA_Extension");
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
