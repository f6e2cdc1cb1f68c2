import styles from '@/features/api-docs/api-docs-page.module.css';
import { type Schema, kindOf } from '@/features/api-docs/open-api';
import { Prose } from '@/features/api-docs/prose';
import { SchemaLink } from '@/features/api-docs/schema-link';

/** One named shape with its fields. */
export function SchemaCard({ name, schema }: { name: string; schema: Schema }) {
  const fields = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required ?? []);
  return (
    <div className={styles['shape']} id={`shape-${name}`}>
      <h3>{name}</h3>
      {schema.description === undefined ? null : (
        <p>
          <Prose text={schema.description} />
        </p>
      )}
      {fields.length === 0 ? (
        <code>{kindOf(schema)}</code>
      ) : (
        <dl className={styles['list']}>
          {fields.map(([field, part]) => (
            <div key={field}>
              <dt>
                <code>{field}</code>
                {required.has(field) ? null : <span className={styles['soft']}> optional</span>}
              </dt>
              <dd>
                <SchemaLink schema={part} /> <Prose text={part.description} />
                {part.example === undefined ? null : (
                  <span className={styles['soft']}>
                    {' '}
                    such as <code>{JSON.stringify(part.example)}</code>
                  </span>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
