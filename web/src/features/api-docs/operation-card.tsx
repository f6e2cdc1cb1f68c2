import styles from '@/features/api-docs/api-docs-page.module.css';
import { type Content, type Listed, kindOf } from '@/features/api-docs/open-api';
import { Prose } from '@/features/api-docs/prose';
import { SchemaLink } from '@/features/api-docs/schema-link';

/** One operation, folded up until it is wanted. */
export function OperationCard({ method, path, operation }: Listed) {
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
                    <code>{kindOf(one.schema)}</code> <Prose text={one.description} />
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
            <Bodies content={operation.requestBody.content} />
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
                <Prose text={answer.description} /> <Bodies content={answer.content} />
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </details>
  );
}

function Bodies({ content }: { content: Content | undefined }) {
  return (
    <>
      {Object.entries(content ?? {}).map(([type, one]) => (
        <span key={type} className={styles['body']}>
          <span className={styles['soft']}>{type}</span> <SchemaLink schema={one.schema} />
        </span>
      ))}
    </>
  );
}
