import styles from '@/features/api-docs/api-docs-page.module.css';
import { boundsOf, exampleOf, requestLine } from '@/features/api-docs/examples';
import { type Content, type Listed, type Schemas, kindOf } from '@/features/api-docs/open-api';
import { Prose } from '@/features/api-docs/prose';
import { SchemaLink } from '@/features/api-docs/schema-link';

/** One operation, collapsed until it is opened. */
export function OperationCard({ method, path, operation, schemas }: Listed & { schemas: Schemas }) {
  const parameters = operation.parameters ?? [];
  const responses = Object.entries(operation.responses ?? {});
  return (
    <details className={styles['card']}>
      <summary>
        <span className={styles['method']}>{method.toUpperCase()}</span>
        <code>{path}</code>
        <span className={styles['summary']}>
          <Prose text={operation.summary} />
        </span>
      </summary>
      <div className={styles['inside']}>
        {operation.description === undefined ? null : (
          <p>
            <Prose text={operation.description} />
          </p>
        )}
        {operation.security && operation.security.length > 0 ? (
          <p className={styles['soft']}>Needs a key: Authorization: Bearer …</p>
        ) : null}
        {method === 'get' ? (
          <pre className={styles['example']}>
            <code>{requestLine(path, parameters)}</code>
          </pre>
        ) : null}
        {parameters.length === 0 ? null : (
          <>
            <h3>Parameters</h3>
            <dl className={styles['list']}>
              {parameters.map((one) => (
                <div key={`${one.in} ${one.name}`}>
                  <dt>
                    <code>{one.name}</code>{' '}
                    <span className={styles['soft']}>
                      {one.in}
                      {one.required ? ', required' : ''}
                    </span>
                  </dt>
                  <dd>
                    <code>{kindOf(one.schema)}</code>
                    {boundsOf(one.schema)} <Prose text={one.description} />
                    <Example value={one.example ?? one.schema?.example} />
                  </dd>
                </div>
              ))}
            </dl>
          </>
        )}
        {operation.requestBody ? (
          <>
            <h3>Body</h3>
            <p>
              <Prose text={operation.requestBody.description} />
            </p>
            <Bodies content={operation.requestBody.content} schemas={schemas} />
          </>
        ) : null}
        <h3>Answers</h3>
        <dl className={styles['list']}>
          {responses.map(([status, answer]) => (
            <div key={status}>
              <dt>
                <code>{status}</code>
              </dt>
              <dd>
                <Prose text={answer.description} />{' '}
                <Bodies content={answer.content} schemas={status.startsWith('2') ? schemas : undefined} />
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </details>
  );
}

function Example({ value }: { value: unknown }) {
  if (value === undefined) return null;
  return (
    <span className={styles['soft']}>
      {' '}
      such as <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
    </span>
  );
}

/** Kinds of bodies with an example of each, as far as the document has one; without `schemas` the kinds alone. */
function Bodies({ content, schemas }: { content: Content | undefined; schemas: Schemas }) {
  return (
    <>
      {Object.entries(content ?? {}).map(([type, one]) => (
        <span key={type} className={styles['body']}>
          <span className={styles['soft']}>{type}</span> <SchemaLink schema={one.schema} />
          <ExampleBody value={one.example ?? (schemas ? exampleOf(one.schema, schemas) : undefined)} />
        </span>
      ))}
    </>
  );
}

function ExampleBody({ value }: { value: unknown }) {
  if (value === undefined || typeof value !== 'object') return null;
  return (
    <pre className={styles['example']}>
      <code>{JSON.stringify(value, null, 2)}</code>
    </pre>
  );
}
