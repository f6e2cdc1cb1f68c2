//! IATA AIDX 22.1: `FlightLegNotifRQ`, which is pushed, and `FlightLegRS`, which is polled.
//!
//! Elements are in the order of the schema (IATA_AIDX_CommonTypes.xsd of IATA2022.1). A leg always contains
//! everything that the airport knows.

use super::{ZoneFault, instant};
use crate::known_flight::KnownFlight;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use std::io;
use std::sync::Arc;

/// Namespace of the extension with a leg's time of change.
const EXTENSION: &str = "urn:gatecall:aidx:1";

/// The sending airport, and how it writes times.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// IATA code of the airport.
    pub airport: &'a str,
    /// Its zone.
    pub zone: Tz,
    /// Its fault in writing times.
    pub fault: ZoneFault,
}

/// A pushed message about these legs. `serial` distinguishes messages, including repeated ones.
pub fn notification(
    sender: Sender<'_>,
    at: DateTime<Utc>,
    serial: u64,
    legs: &[&KnownFlight],
) -> io::Result<Vec<u8>> {
    let mut xml = Xml::new(sender);
    let number = serial.to_string();
    let stamp = xml.time(at);
    let correlation = format!("{}-{serial}", sender.airport);
    xml.open(
        "IATA_AIDX_FlightLegNotifRQ",
        &payload(&stamp, &[("SequenceNmbr", &number), ("CorrelationID", &correlation)]),
    )?;
    xml.empty(
        "Originator",
        &[("CompanyShortName", sender.airport), ("Code", sender.airport), ("CodeContext", "3")],
    )?;
    for leg in legs {
        xml.leg(leg)?;
    }
    xml.close("IATA_AIDX_FlightLegNotifRQ")?;
    Ok(xml.writer.into_inner())
}

/// The answer to a poll: these legs as known at `at`.
pub fn response(sender: Sender<'_>, at: DateTime<Utc>, legs: &[&KnownFlight]) -> io::Result<Vec<u8>> {
    let mut xml = Xml::new(sender);
    let stamp = xml.time(at);
    xml.open("IATA_AIDX_FlightLegRS", &payload(&stamp, &[]))?;
    xml.empty("Success", &[])?;
    for leg in legs {
        xml.leg(leg)?;
    }
    xml.close("IATA_AIDX_FlightLegRS")?;
    Ok(xml.writer.into_inner())
}

fn payload<'a>(stamp: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut attributes = vec![
        ("xmlns", "http://www.iata.org/IATA/2007/00"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("Version", "22.1"),
        ("TimeStamp", stamp),
        ("Target", "Test"),
    ];
    attributes.extend_from_slice(more);
    attributes
}

struct Xml<'a> {
    sender: Sender<'a>,
    writer: Writer<Vec<u8>>,
}

type Done = io::Result<()>;

impl<'a> Xml<'a> {
    fn new(sender: Sender<'a>) -> Self {
        Self { sender, writer: Writer::new(br#"<?xml version="1.0" encoding="UTF-8"?>"#.to_vec()) }
    }

    fn leg(&mut self, known: &KnownFlight) -> Done {
        self.open("FlightLeg", &[])?;
        self.identifier(known)?;
        self.open("LegData", &[("InternationalStatus", "Domestic")])?;
        self.status(known)?;
        self.text("ServiceType", &[], "J")?;
        self.text(
            "PlannedArrivalAptHistory",
            &[("CodeContext", "3"), ("RepeatIndex", "1")],
            known.key.to.as_str(),
        )?;
        if let Some(to) = known.diverted_to {
            self.text(
                "PlannedArrivalAptHistory",
                &[("CodeContext", "3"), ("RepeatIndex", "2")],
                to.as_str(),
            )?;
        }
        self.irregularity(known)?;
        for (index, flight) in known.codeshares.iter().enumerate() {
            self.open("CodeShareInfo", &[("RepeatIndex", &(index + 1).to_string())])?;
            self.text("Airline", &[("CodeContext", "3")], flight.airline.as_str())?;
            self.text("FlightNumber", &[], &flight.number.to_string())?;
            self.close("CodeShareInfo")?;
        }
        if known.is_delayed() && known.cancelled.is_none() && known.departure.gate_opened.is_none() {
            // BRD: a remark for boards. Once the gate is open, that is shown.
            self.text("RemarkTextCode", &[("Qualifier", "BRD"), ("CodeContext", "9750")], "DEL")?;
        }
        if let Some(remark) = known.remark() {
            self.text("RemarkFreeText", &[("FlightLegScope", "FlightLeg")], &remark)?;
        }
        self.resources(known)?;
        self.times(known)?;
        self.aircraft(known)?;
        self.close("LegData")?;
        self.extension(known)?;
        self.close("FlightLeg")
    }

    /// When this leg last changed. AIDX has no element for it, and an answer with hundreds of legs has a
    /// single `TimeStamp`; vendors use an extension.
    fn extension(&mut self, known: &KnownFlight) -> Done {
        let last_update = self.time(known.last_updated);
        self.open("TPA_Extension", &[])?;
        self.open("g:Leg", &[("xmlns:g", EXTENSION)])?;
        self.text("g:Id", &[], &known.key.id().to_string())?;
        self.text("g:LastUpdate", &[], &last_update)?;
        self.close("g:Leg")?;
        self.close("TPA_Extension")
    }

    fn identifier(&mut self, known: &KnownFlight) -> Done {
        let key = &known.key;
        self.open("LegIdentifier", &[])?;
        self.text("Airline", &[("CodeContext", "3")], key.carrier.as_str())?;
        self.text("FlightNumber", &[], &key.number.to_string())?;
        if let Some(suffix) = key.suffix {
            self.text("OperationalSuffix", &[], &suffix.to_string())?;
        }
        self.text("DepartureAirport", &[("CodeContext", "3")], key.from.as_str())?;
        self.text("ArrivalAirport", &[("CodeContext", "3")], key.to.as_str())?;
        self.text("OriginDate", &[], &key.origin_date.to_string())?;
        self.close("LegIdentifier")
    }

    /// The furthest step as a status. An airport sends `OP` until something moves; only the times show a
    /// delay.
    fn status(&mut self, known: &KnownFlight) -> Done {
        let (departure, arrival) = (&known.departure, &known.arrival);
        let scope = if known.key.from.as_str() == self.sender.airport { "Departure" } else { "Arrival" };
        let steps = [
            (arrival.first_bag, "FBG", "9750"),
            (arrival.on_block, "ONB", "9750"),
            (arrival.landed, "LAN", "9750"),
            (departure.airborne, "TKO", "9750"),
            (departure.off_block, "OFB", "9750"),
            (departure.gate_closed, "GCL", "9750"),
            (departure.final_call, "FCT", "9750"),
            (departure.boarding, "BST", "9750"),
        ];
        let (code, context) = if known.cancelled.is_some() {
            ("DX", "2005")
        } else if known.diverted_to.is_some() {
            ("DV", "2005")
        } else {
            steps.iter().find(|step| step.0.is_some()).map_or(("OP", "1245"), |step| (step.1, step.2))
        };
        self.text(
            "OperationalStatus",
            &[("RepeatIndex", "1"), ("FlightLegScope", scope), ("CodeContext", context)],
            code,
        )
    }

    fn irregularity(&mut self, known: &KnownFlight) -> Done {
        let Some(reason) = known.reason else { return Ok(()) };
        let late = known.departure.estimated.or(known.departure.off_block).zip(known.departure.scheduled);
        let late = late.map_or(TimeDelta::zero(), |(at, scheduled)| at - scheduled);
        self.open("IrregularityDelay", &[("DepartureOrArrival", "Departure"), ("RepeatIndex", "1")])?;
        self.text("ReasonCode", &[], reason.delay_code())?;
        if late > TimeDelta::zero() {
            self.text("Duration", &[], &format!("PT{}H{}M", late.num_hours(), late.num_minutes() % 60))?;
        }
        self.close("IrregularityDelay")
    }

    fn resources(&mut self, known: &KnownFlight) -> Done {
        let (departure, arrival) = (&known.departure, &known.arrival);
        self.open("AirportResources", &[("Usage", "Actual")])?;
        if departure.terminal.is_some() || departure.gate.is_some() || departure.desks.is_some() {
            self.open("Resource", &[("DepartureOrArrival", "Departure")])?;
            self.optional("PassengerGate", &departure.gate)?;
            self.optional("PublicTerminal", &departure.terminal)?;
            if let Some(desks) = &departure.desks {
                let (first, last) = desks.split_once('-').unwrap_or((desks, desks));
                self.open("CheckInInfo", &[("RepeatIndex", "1")])?;
                self.text("FirstPosition", &[], first)?;
                self.text("LastPosition", &[], last)?;
                self.close("CheckInInfo")?;
            }
            self.close("Resource")?;
        }
        if arrival.terminal.is_some() || arrival.gate.is_some() || arrival.belt.is_some() {
            self.open("Resource", &[("DepartureOrArrival", "Arrival")])?;
            self.optional("PassengerGate", &arrival.gate)?;
            self.optional("PublicTerminal", &arrival.terminal)?;
            self.optional("BaggageClaimUnit", &arrival.belt)?;
            self.close("Resource")?;
        }
        self.close("AirportResources")
    }

    fn times(&mut self, known: &KnownFlight) -> Done {
        let (departure, arrival) = (&known.departure, &known.arrival);
        let times = [
            ("OFB", "SCT", departure.scheduled),
            ("OFB", "EST", departure.estimated),
            ("CHK", "ACT", departure.check_in_opened),
            ("CHC", "ACT", departure.check_in_closed),
            ("GTO", "ACT", departure.gate_opened),
            ("BST", "ACT", departure.boarding),
            ("FCT", "ACT", departure.final_call),
            ("GCL", "ACT", departure.gate_closed),
            ("OFB", "ACT", departure.off_block),
            ("TKO", "ACT", departure.airborne),
            ("ONB", "SCT", arrival.scheduled),
            ("ONB", "EST", arrival.estimated),
            ("TDN", "ACT", arrival.landed),
            ("ONB", "ACT", arrival.on_block),
            ("FBG", "ACT", arrival.first_bag),
            ("CNL", "ACT", known.cancelled),
        ];
        let given = times.into_iter().filter_map(|(qualifier, kind, at)| Some((qualifier, kind, at?)));
        for (index, (qualifier, kind, at)) in given.enumerate() {
            let (index, at) = ((index + 1).to_string(), self.time(at));
            let attributes = [
                ("OperationQualifier", qualifier),
                ("CodeContext", "9750"),
                ("RepeatIndex", &index),
                ("TimeType", kind),
            ];
            self.text("OperationTime", &attributes, &at)?;
        }
        Ok(())
    }

    fn aircraft(&mut self, known: &KnownFlight) -> Done {
        if known.aircraft_type.is_none() && known.registration.is_none() {
            return Ok(());
        }
        self.open("AircraftInfo", &[])?;
        if let Some(kind) = &known.aircraft_type {
            // 5 = ICAO in code list 3055.
            self.text("AircraftType", &[("CodeContext", "5")], kind)?;
        }
        if let Some(registration) = &known.registration {
            self.text("Registration", &[], registration)?;
        }
        self.close("AircraftInfo")
    }

    fn time(&self, at: DateTime<Utc>) -> String {
        instant(at, self.sender.zone, self.sender.fault)
    }

    fn optional(&mut self, name: &str, value: &Option<Arc<str>>) -> Done {
        value.as_ref().map_or(Ok(()), |value| self.text(name, &[("RepeatIndex", "1")], value))
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> Done {
        self.writer
            .write_event(Event::Start(BytesStart::new(name).with_attributes(attributes.iter().copied())))
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> Done {
        self.writer
            .write_event(Event::Empty(BytesStart::new(name).with_attributes(attributes.iter().copied())))
    }

    fn close(&mut self, name: &str) -> Done {
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> Done {
        self.open(name, attributes)?;
        self.writer.write_event(Event::Text(BytesText::new(text)))?;
        self.close(name)
    }
}
