import { AfterNavigation } from '@/app/after-navigation';
import { LazyPage, LazyProtocolPage } from '@/app/lazy-page';
import { NotFoundPage } from '@/app/not-found-page';
import { PageBoundary } from '@/app/page-boundary';
import { TakeNewBuild } from '@/app/take-new-build';
import { AirportsPage } from '@/features/airports/airports-page';
import { BoardPage } from '@/features/board/board-page';
import { DisplayPage } from '@/features/display/display-page';
import { FlightPage } from '@/features/flight/flight-page';
import { type Services, ServicesContext } from '@/lib/services/services';
import type { Direction } from '@/lib/store/topic-match';
import type { ReactNode } from 'react';
import { Navigate, Route, Routes, useLocation, useParams } from 'react-router';

/** All pages. */
export function App({ services }: { services: Services }) {
  // An error on one page does not affect another.
  const { pathname } = useLocation();
  return (
    <ServicesContext value={services}>
      <AfterNavigation />
      <TakeNewBuild />
      <PageBoundary key={pathname} timers={services.timers}>
        <Pages />
      </PageBoundary>
    </ServicesContext>
  );
}

function Pages() {
  return (
    <Routes>
      <Route path="/" element={<AirportsPage />} />
      <Route path="/board/:iata" element={<ToDepartures />} />
      <Route
        path="/board/:iata/:direction"
        element={<AtAirport page={(at) => <BoardPage key={`${at.iata}/${at.direction}`} {...at} />} />}
      />
      <Route
        path="/display/:iata/:direction"
        element={<AtAirport page={(at) => <DisplayPage {...at} />} />}
      />
      <Route path="/flight/:leg" element={<ToFlight />} />
      <Route path="/docs/api" element={<LazyPage />} />
      <Route path="/docs/protocol" element={<LazyProtocolPage />} />
      <Route path="*" element={<NotFoundPage />} />
    </Routes>
  );
}

type At = { iata: string; direction: Direction };

/** An address can contain anything; only an airport's code and a direction are accepted. */
function AtAirport({ page }: { page: (at: At) => ReactNode }) {
  const { iata = '', direction } = useParams();
  const code = iata.toUpperCase();
  if (!/^[A-Z]{3}$/.test(code)) return <NotFoundPage />;
  if (direction !== 'departures' && direction !== 'arrivals') return <NotFoundPage />;
  return page({ iata: code, direction });
}

function ToDepartures() {
  const { iata = '' } = useParams();
  return <Navigate to={`/board/${encodeURIComponent(iata)}/departures`} replace />;
}

function ToFlight() {
  const { leg = '' } = useParams();
  return <FlightPage key={leg} leg={leg} />;
}
