export function DisplayPage(_: { iata: string; direction: string }) { return null; }
