/** Airports and airlines for the made-up day. */
const row = (iata, name, city, country, zone) => ({ iata, name, city, country, zone });
const NY = 'America/New_York';
const CH = 'America/Chicago';
const LA = 'America/Los_Angeles';

export const AIRPORTS = [
  row('JFK', 'John F Kennedy International Airport', 'New York', 'US', NY),
  row('LGA', 'La Guardia Airport', 'New York', 'US', NY),
  row('EWR', 'Newark Liberty International Airport', 'Newark', 'US', NY),
  row('BOS', 'Logan International Airport', 'Boston', 'US', NY),
  row('FLL', 'Fort Lauderdale Hollywood International Airport', 'Fort Lauderdale', 'US', NY),
  row('MCO', 'Orlando International Airport', 'Orlando', 'US', NY),
  row('ATL', 'Hartsfield Jackson Atlanta International Airport', 'Atlanta', 'US', NY),
  row('BUF', 'Buffalo Niagara International Airport', 'Buffalo', 'US', NY),
  row('CLT', 'Charlotte Douglas International Airport', 'Charlotte', 'US', NY),
  row('DCA', 'Ronald Reagan Washington National Airport', 'Washington', 'US', NY),
  row('RDU', 'Raleigh Durham International Airport', 'Raleigh/Durham', 'US', NY),
  row('ORD', "Chicago O'Hare International Airport", 'Chicago', 'US', CH),
  row('MSP', 'Minneapolis-St Paul International Airport', 'Minneapolis', 'US', CH),
  row('DFW', 'Dallas Fort Worth International Airport', 'Dallas-Fort Worth', 'US', CH),
  row('IAH', 'George Bush Intercontinental Airport', 'Houston', 'US', CH),
  row('MSY', 'Louis Armstrong New Orleans International Airport', 'New Orleans', 'US', CH),
  row('DEN', 'Denver International Airport', 'Denver', 'US', 'America/Denver'),
  row('SLC', 'Salt Lake City International Airport', 'Salt Lake City', 'US', 'America/Denver'),
  row('PHX', 'Phoenix Sky Harbor International Airport', 'Phoenix', 'US', 'America/Phoenix'),
  row('LAX', 'Los Angeles International Airport', 'Los Angeles', 'US', LA),
  row('SFO', 'San Francisco International Airport', 'San Francisco', 'US', LA),
  row('SEA', 'Seattle Tacoma International Airport', 'Seattle', 'US', LA),
  row('LAS', 'McCarran International Airport', 'Las Vegas', 'US', LA),
  row('HNL', 'Daniel K Inouye International Airport', 'Honolulu', 'US', 'Pacific/Honolulu'),
  row('SJU', 'Luis Munoz Marin International Airport', 'San Juan', 'PR', 'America/Puerto_Rico'),
  row('LHR', 'London Heathrow Airport', 'London', 'GB', 'Europe/London'),
  row('CDG', 'Charles de Gaulle International Airport', 'Paris', 'FR', 'Europe/Paris'),
];

export const isAirport = (iata) => AIRPORTS.some((airport) => airport.iata === iata);

/** By code, as far as the made-up day needs them. */
const ICAO = {
  B6: 'JBU',
  DL: 'DAL',
  AA: 'AAL',
  UA: 'UAL',
  '9E': 'EDV',
  MQ: 'ENY',
  US: 'AWE',
  VX: 'VRD',
  HA: 'HAL',
  EV: 'ASQ',
  WN: 'SWA',
};

export const AIRLINES = [
  { code: 'B6', name: 'JetBlue' },
  { code: 'DL', name: 'Delta Air Lines' },
  { code: 'AA', name: 'American Airlines' },
  { code: 'UA', name: 'United Airlines' },
  { code: '9E', name: 'Endeavor Air' },
  { code: 'MQ', name: 'Envoy Air' },
  { code: 'US', name: 'US Airways' },
  { code: 'VX', name: 'Virgin America' },
  { code: 'HA', name: 'Hawaiian Airlines' },
  { code: 'EV', name: 'ExpressJet' },
  { code: 'WN', name: 'Southwest Airlines' },
].map((row) => ({ code: row.code, icao: ICAO[row.code] ?? null, name: row.name }));

export const TERMINALS = {
  B6: '5',
  DL: '2',
  '9E': '2',
  AA: '8',
  MQ: '8',
  UA: '7',
  US: '7',
  VX: '4',
  HA: '5',
  EV: '4',
  WN: '4',
};
export const PARTNERS = {
  B6: ['EI', 'LH', 'QR'],
  DL: ['AF', 'KL', 'AZ'],
  AA: ['BA', 'IB'],
  UA: ['LH', 'AC'],
  VX: ['SQ'],
};
