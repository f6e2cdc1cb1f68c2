import { Notice } from '@/components/notice';
import type { BuildWatch } from '@/lib/build/build-watch';
import { useServices } from '@/lib/services/services';
import { type ComponentType, Suspense, lazy, useState } from 'react';

/** Fetches the code of a page; fails when it cannot be had. */
export type LoadPage = () => Promise<ComponentType>;

// The descriptions of the interface are read by few: their code is fetched by those who open them.
const loadProtocol: LoadPage = async () => (await import('@/features/protocol/protocol-page')).ProtocolPage;
const loadApiDocs: LoadPage = async () => (await import('@/features/api-docs/api-docs-page')).ApiDocsPage;

/** A page whose code is fetched when it is opened. Opened again after a failure it is fetched again. */
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

/** Code that is not there any more belongs to a build before the one that the hub serves: that one is loaded. */
async function loadOrTakeNewBuild(
  load: LoadPage,
  builds: Pick<BuildWatch, 'take'>,
): Promise<{ default: ComponentType }> {
  try {
    return { default: await load() };
  } catch (error) {
    // The page is about to go; until then "One moment…" is true.
    if (await builds.take()) return new Promise(() => undefined);
    throw error;
  }
}
