/** A traveller's filter of a board. It is part of the address, so that a view can be saved and shared. */
export type BoardQuery = {
  q: string;
  airline: string;
  terminal: string;
  status: StatusGroup | '';
  window: TimeWindow;
  hideDeparted: boolean;
  sort: BoardSort;
};

export type TimeWindow = 'now' | '4h' | 'all';
export type StatusGroup = 'upcoming' | 'boarding' | 'delayed' | 'cancelled' | 'gone';
export type BoardSort = 'time' | 'place' | 'flight';

const WINDOWS: TimeWindow[] = ['now', '4h', 'all'];
const STATUSES: StatusGroup[] = ['upcoming', 'boarding', 'delayed', 'cancelled', 'gone'];
const SORTS: BoardSort[] = ['time', 'place', 'flight'];

/** Parses the address; ignores unknown values. */
export function readQuery(params: URLSearchParams): BoardQuery {
  return {
    q: (params.get('q') ?? '').slice(0, 60),
    airline: params.get('airline') ?? '',
    terminal: params.get('terminal') ?? '',
    status: oneOf(STATUSES, params.get('status')) ?? '',
    window: oneOf(WINDOWS, params.get('window')) ?? 'now',
    hideDeparted: params.get('departed') === 'hide',
    sort: oneOf(SORTS, params.get('sort')) ?? 'time',
  };
}

/** The address of a filter: contains only values that differ from the default. */
export function writeQuery(query: BoardQuery): URLSearchParams {
  const params = new URLSearchParams();
  if (query.q !== '') params.set('q', query.q);
  if (query.airline !== '') params.set('airline', query.airline);
  if (query.terminal !== '') params.set('terminal', query.terminal);
  if (query.status !== '') params.set('status', query.status);
  if (query.window !== 'now') params.set('window', query.window);
  if (query.hideDeparted) params.set('departed', 'hide');
  if (query.sort !== 'time') params.set('sort', query.sort);
  return params;
}

function oneOf<Word extends string>(words: Word[], text: string | null): Word | undefined {
  return words.find((word) => word === text);
}
