import { boundsOf, exampleOf, requestLine } from '@/features/api-docs/examples';
import { expect, test } from 'vitest';

const schemas = {
  Page: { properties: { rows: { type: 'array', items: { $ref: '#/components/schemas/Row' } }, next: {} } },
  Row: {
    properties: {
      gate: { example: '14' },
      side: { enum: ['departures', 'arrivals'] },
      time: { type: 'string' },
    },
  },
  Loop: { properties: { again: { $ref: '#/components/schemas/Loop' } } },
};

test('an example is made of the examples that the document gives, and of nothing else', () => {
  const page = { $ref: '#/components/schemas/Page' };
  expect(exampleOf(page, schemas)).toEqual({ rows: [{ gate: '14', side: 'departures' }] });
  expect(exampleOf({ oneOf: [{ type: 'null' }, page] }, schemas)).toEqual(exampleOf(page, schemas));
  expect(exampleOf({ $ref: '#/components/schemas/Loop' }, schemas)).toBeUndefined();
  expect(exampleOf({ type: 'string' }, schemas)).toBeUndefined();
});

test('a request can be copied with what it needs', () => {
  const leg = { name: 'leg', in: 'path', required: true, example: 'B6-615' };
  const topic = { name: 'topic', in: 'query', required: true, example: 'all' };
  const limit = { name: 'limit', in: 'query', example: 5 };
  expect(requestLine('/api/v1/flights/{leg}', [leg, topic, limit])).toBe(
    `curl '${location.origin}/api/v1/flights/B6-615?topic=all'`,
  );
  expect(boundsOf({ minimum: 1, maximum: 500 })).toBe(', 1 to 500');
});
