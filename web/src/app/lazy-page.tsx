import { Notice } from '@/components/notice';
import type { BuildWatch } from '@/lib/build/build-watch';
import { useServices } from '@/lib/services/services';
import { type ComponentType, Suspense, lazy, useState } from 'react';

/** Fetches the code of a page; fails if it is not available. */
export type LoadPage = () => Promise<ComponentType>;

// Few users read the API documentation: its code is fetched when they open it.
const loadProtocol: LoadPage = async () => (await import('@/features/protocol/protocol-page')).ProtocolPage;
const loadApiDocs: LoadPage = async () => (await import('@/features/api-docs/api-docs-page')).ApiDocsPage;

/** A page whose code is fetched when it is opened, and again after a failure. */
export function LazyPage({ load = loadApiDocs }: { load?: LoadPage }) {
  const { builds } = useServices();
  const [Page] = useState(() => lazy(() => loadOrTakeNewBuild(load, builds)));
  return (
    <Suspense fallback={<Notice title="One moment…" />}>
      <Page />
    </Suspense>
  );
}

export function LazyProtocolPage() {
  return <LazyPage load={loadProtocol} />;
}

/** Missing code belongs to an earlier build than the hub serves: loads the new build. */
async function loadOrTakeNewBuild(
  load: LoadPage,
  builds: Pick<BuildWatch, 'take'>,
): Promise<{ default: ComponentType }> {
  try {
    return { default: await load() };
  } catch (error) {
    // The page reloads soon; until then it shows "One moment…".
    if (await builds.take()) return new Promise(() => undefined);
    throw error;
  }
}
