import { SiteHeader } from '@/components/site-header';
import styles from '@/features/protocol/protocol-page.module.css';
import protocol from '@/docs/PROTOCOL.md?html';

/** The protocol for authors of clients, as docs/PROTOCOL.md has it: made into HTML when the page was built. */
export function ProtocolPage() {
  return (
    <>
      <title>Protocol · Gatecall</title>
      <SiteHeader />
      <main id="content" className={styles['main']} tabIndex={-1}>
        <article dangerouslySetInnerHTML={{ __html: protocol }} />
      </main>
    </>
  );
}
