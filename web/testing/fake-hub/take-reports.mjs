/** Takes pushed JSON reports as the hub does, as far as the specs need it. */
export function takeReports(state, reports) {
  let changed = 0;
  for (const report of reports) {
    const leg = `${report.carrier}-${report.number}-${report.origin_date.replaceAll('-', '')}-${report.from}-${report.to}`;
    if (!state.flights.has(leg)) state.add(emptyFlight(leg, report));
    const clear = Object.fromEntries((report.clear ?? []).map((path) => [path, null]));
    if (state.change(leg, ['gate'], { ...report.set, ...clear })) changed += 1;
  }
  return { accepted: reports.length, changed, unchanged: reports.length - changed, rejected: [] };
}

function emptyFlight(leg, { carrier, number, origin_date, from, to }) {
  const times = { terminal: null, gate: null, scheduled: null, estimated: null, actual: null };
  return {
    leg,
    rev: 0,
    changed_at: '2013-02-08T05:00:00Z',
    carrier,
    number,
    suffix: null,
    codeshares: [],
    origin_date,
    status: 'scheduled',
    delayed: false,
    doubtful: [],
    departure: { airport: from, check_in: null, ...times },
    arrival: { airport: to, belt: null, forecast: null, ...times },
    remark: null,
    delay_reason: null,
    aircraft: { type: null, registration: null },
    diverted_to: null,
  };
}
