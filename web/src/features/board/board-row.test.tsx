import { BoardRow, type RowSetting } from '@/features/board/board-row';
import * as statusModule from '@/lib/flight/trusted-status';
import { FRESH } from '@/lib/flight/trusted-status';
import { ServicesContext, type Services } from '@/lib/services/services';
import { BOARD, aLiveBoard } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { act, render, screen } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { expect, test, vi } from 'vitest';

test('only the row of the flight that changed is drawn again', () => {
  const drawn = vi.spyOn(statusModule, 'trustedStatus');
  const { hub, store, client, timers } = aLiveBoard([
    aFlight(),
    aFlight({ leg: 'DL-40', carrier: 'DL', number: '40' }),
  ]);
  const directory = { view: () => view, subscribe: () => () => undefined, miss: () => undefined };
  const view = { airports: new Map(), airlines: new Map(), icao: new Map(), known: false, failure: null };
  const setting: RowSetting = {
    direction: 'departures',
    zone: 'UTC',
    day_ms: 0,
    now_ms: 0,
    age: FRESH,
    hasDesks: false,
  };
  render(
    <MemoryRouter>
      <ServicesContext value={{ socket: client, store, timers, directory } as unknown as Services}>
        {[...store.topic(BOARD).legs].map((leg) => (
          <BoardRow key={leg} leg={leg} setting={setting} />
        ))}
      </ServicesContext>
    </MemoryRouter>,
  );
  act(() => timers.advance(100));
  drawn.mockClear();
  act(() => {
    hub.last.says({
      type: 'change',
      leg: 'DL-40',
      rev: 2,
      at: '2013-02-08T20:00:00Z',
      kinds: ['gate'],
      set: { 'departure.gate': '14' },
    });
    timers.advance(100);
  });
  expect(screen.getByText('14')).toBeVisible();
  expect(drawn.mock.calls.map(([flight]) => flight.leg)).toEqual(['DL-40']);
});
