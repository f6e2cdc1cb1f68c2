import { type Schema, kindOf, refName } from '@/features/api-docs/open-api';

/** The kind of a schema; where it is one of the named shapes, a way there. */
export function SchemaLink({ schema }: { schema: Schema | undefined }) {
  const ref = schema?.$ref ?? schema?.items?.$ref;
  const kind = <code>{kindOf(schema)}</code>;
  return ref === undefined ? kind : <a href={`#shape-${refName(ref)}`}>{kind}</a>;
}
