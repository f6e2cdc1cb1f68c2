import { Notice } from '@/components/notice';
import { Suspense, lazy } from 'react';

// The description of the interface is read by few: its code is fetched by those who open it.
const ApiDocsPage = lazy(async () => {
  const { ApiDocsPage: page } = await import('@/features/api-docs/api-docs-page');
  return { default: page };
});

export function LazyPage() {
  return (
    <Suspense fallback={<Notice title="One moment…" />}>
      <ApiDocsPage />
    </Suspense>
  );
}
