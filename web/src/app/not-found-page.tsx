import { Notice } from '@/components/notice';
import { SiteHeader } from '@/components/site-header';
import { Link } from 'react-router';

export function NotFoundPage() {
  return (
    <>
      <title>Not found · Gatecall</title>
      <SiteHeader />
      <main id="content" tabIndex={-1}>
        <Notice
          level={1}
          title="There is no page at this address"
          actions={<Link to="/">Choose an airport</Link>}
        >
          <p>It may have been mistyped, or belong to a flight that is long over.</p>
        </Notice>
      </main>
    </>
  );
}
