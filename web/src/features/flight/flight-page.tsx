export function FlightPage(_: { leg: string }) { return null; }
