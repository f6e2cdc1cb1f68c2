import { Notice } from '@/components/notice';
import { SiteHeader } from '@/components/site-header';
import styles from '@/features/api-docs/api-docs-page.module.css';
import { type OpenApi, groupOperations } from '@/features/api-docs/open-api';
import { OperationCard } from '@/features/api-docs/operation-card';
import { Prose } from '@/features/api-docs/prose';
import { SchemaCard } from '@/features/api-docs/schema-card';
import { useJson } from '@/lib/services/use-json';
import { Link } from 'react-router';

/** The REST interface as the hub itself describes it. */
export function ApiDocsPage() {
  const { body, problem, again } = useJson<OpenApi>('/openapi.json');
  return (
    <>
      <title>API · Gatecall</title>
      <SiteHeader />
      <main id="content" className={styles['main']} tabIndex={-1}>
        {body ? (
          <Described document={body} />
        ) : problem ? (
          <Notice
            level={1}
            title="The description cannot be shown"
            actions={
              <button type="button" onClick={again}>
                Try again
              </button>
            }
          >
            <p>{problem.message}</p>
          </Notice>
        ) : (
          <Notice level={1} title="Fetching the description…" />
        )}
      </main>
    </>
  );
}

function Described({ document }: { document: OpenApi }) {
  const groups = groupOperations(document);
  const schemas = Object.entries(document.components?.schemas ?? {});
  return (
    <>
      <h1 className={styles['title']}>
        {document.info?.title ?? 'API'} <span>{document.info?.version}</span>
      </h1>
      {document.info?.description === undefined ? null : (
        <p className={styles['lead']}>
          <Prose text={document.info.description} />
        </p>
      )}
      <p className={styles['lead']}>
        The document itself: <a href="/api/v1/openapi.json">openapi.json</a>. Changes as they happen, frame by
        frame: <Link to="/docs/protocol">the protocol</Link>. A screen for a hall is any board under{' '}
        <Link to="/display/JFK/departures">/display/JFK/departures</Link>.
      </p>
      {groups.map((group) => (
        <section key={group.name} className={styles['group']} aria-label={group.name}>
          <h2>{group.name}</h2>
          {group.description === null ? null : (
            <p className={styles['soft']}>
              <Prose text={group.description} />
            </p>
          )}
          {group.operations.map((one) => (
            <OperationCard
              key={`${one.method} ${one.path}`}
              {...one}
              schemas={document.components?.schemas}
            />
          ))}
        </section>
      ))}
      {schemas.length === 0 ? null : (
        <section className={styles['group']} aria-label="Shapes">
          <h2>Shapes</h2>
          {schemas.map(([name, schema]) => (
            <SchemaCard key={name} name={name} schema={schema} />
          ))}
        </section>
      )}
    </>
  );
}
