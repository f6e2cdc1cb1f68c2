/** As much of OpenAPI 3.1 as the page shows. Everything is optional: the page draws what there is. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: Schema | boolean;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  pattern?: string;
  example?: unknown;
};

export type Parameter = {
  name: string;
  in: string;
  description?: string;
  required?: boolean;
  schema?: Schema;
  example?: unknown;
};
export type Content = Record<string, { schema?: Schema; example?: unknown }>;
export type Operation = {
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { description?: string; content?: Content };
  responses?: Record<string, { description?: string; content?: Content }>;
  security?: Record<string, string[]>[];
};
export type OpenApi = {
  info?: { title?: string; version?: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
};

export type Schemas = Record<string, Schema> | undefined;
export type Listed = { method: string; path: string; operation: Operation };
export type Group = { name: string; description: string | null; operations: Listed[] };

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** All operations by their first tag, in the order of the document. */
export function groupOperations(document: OpenApi): Group[] {
  const groups = new Map<string, Group>();
  for (const tag of document.tags ?? []) {
    groups.set(tag.name, { name: tag.name, description: tag.description ?? null, operations: [] });
  }
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      const name = operation.tags?.[0] ?? 'other';
      const group = groups.get(name) ?? { name, description: null, operations: [] };
      groups.set(name, group);
      group.operations.push({ method, path, operation });
    }
  }
  return [...groups.values()].filter((group) => group.operations.length > 0);
}

/** #/components/schemas/Flight -> Flight */
export function refName(ref: string): string {
  return ref.split('/').at(-1) ?? ref;
}

/** A schema's kind on one line: "array of Flight", "string (date-time) or null". */
export function kindOf(schema: Schema | undefined): string {
  if (!schema) return 'any';
  if (schema.$ref !== undefined) return refName(schema.$ref);
  const parts = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (parts) return [...new Set(parts.map(kindOf))].join(schema.allOf ? ' and ' : ' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const types = Array.isArray(schema.type)
    ? schema.type
    : [schema.type ?? (schema.properties ? 'object' : 'any')];
  return types
    .map((type) => {
      if (type === 'array') return `array of ${kindOf(schema.items)}`;
      return schema.format !== undefined && type !== 'null' ? `${type} (${schema.format})` : type;
    })
    .join(' or ');
}
