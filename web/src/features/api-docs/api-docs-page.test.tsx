import { groupOperations, kindOf } from '@/features/api-docs/open-api';
import { renderAt } from '@/testing/render-at';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

const document = {
  info: { title: 'Gatecall', version: '1' },
  paths: {
    '/api/v1/flights/{leg}': {
      get: {
        tags: ['flights'],
        summary: 'One flight',
        parameters: [{ name: 'leg', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          200: {
            description: 'The flight',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Flight' } } },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Flight: { type: 'object', properties: { rev: { type: 'integer', description: 'Rises by one' } } },
    },
  },
};

test('the interface is shown as the hub describes it', async () => {
  await renderAt('/docs/api', { '/openapi.json': document });
  await userEvent.click(await screen.findByText('/api/v1/flights/{leg}'));
  expect(screen.getByText('path, required')).toBeVisible();
  expect(screen.getByRole('link', { name: 'Flight' })).toHaveAttribute('href', '#shape-Flight');
  expect(screen.getByText('Rises by one')).toBeVisible();
});

test('when there is no description, the reason is said and it can be tried again', async () => {
  await renderAt('/docs/api');
  expect(await screen.findByText('nothing at /openapi.json')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Try again' })).toBeVisible();
});

test('a schema is told on one line', () => {
  expect(kindOf({ type: ['string', 'null'], format: 'date-time' })).toBe('string (date-time) or null');
  expect(kindOf({ type: 'array', items: { $ref: '#/components/schemas/Flight' } })).toBe('array of Flight');
  expect(kindOf({ oneOf: [{ type: 'null' }, { $ref: '#/x/Flight' }] })).toBe('null or Flight');
  expect(kindOf(undefined)).toBe('any');
  expect(groupOperations({})).toEqual([]);
});
