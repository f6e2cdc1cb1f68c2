import { type Schema, kindOf, refName } from '@/features/api-docs/open-api';

/** The type of a schema, with a link if it is a named schema. */
export function SchemaLink({ schema }: { schema: Schema | undefined }) {
  const ref = schema?.$ref ?? schema?.items?.$ref;
  const kind = <code>{kindOf(schema)}</code>;
  return ref === undefined ? kind : <a href={`#shape-${refName(ref)}`}>{kind}</a>;
}
