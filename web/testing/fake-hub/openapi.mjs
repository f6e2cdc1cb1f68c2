/** A small document in the shape of the hub's own, to draw the page of the interface from. */
const text = (description) => ({
  description,
  content: { 'application/json': { schema: { type: 'object' } } },
});
const parameter = (name, where, description, required = false) => ({
  name,
  in: where,
  description,
  required,
  schema: { type: 'string' },
});

export const openapi = {
  openapi: '3.1.0',
  info: {
    title: 'Gatecall',
    version: '1',
    description: 'Live flight status: boards, flights and their history.',
  },
  tags: [
    { name: 'flights', description: 'Flights and boards' },
    { name: 'feeds', description: 'What airports tell us' },
  ],
  paths: {
    '/api/v1/boards/{iata}/{direction}': {
      get: {
        tags: ['flights'],
        summary: 'The board of an airport',
        description: 'Ordered by scheduled time. Carries an ETag.',
        parameters: [
          parameter('iata', 'path', 'IATA code of the airport', true),
          parameter('direction', 'path', 'departures or arrivals', true),
        ],
        responses: {
          200: {
            description: 'The board',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Board' } } },
          },
          404: text('There is no such airport'),
        },
      },
    },
    '/api/v1/flights/{leg}': {
      get: {
        tags: ['flights'],
        summary: 'One flight',
        parameters: [parameter('leg', 'path', 'The opaque name of the leg', true)],
        responses: {
          200: {
            description: 'The flight',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Flight' } } },
          },
          404: text('There is no such flight'),
        },
      },
    },
    '/api/v1/feeds/{feed}/reports': {
      post: {
        tags: ['feeds'],
        summary: 'Report what an airport knows',
        security: [{ bearer: [] }],
        parameters: [parameter('feed', 'path', 'Name of the feed', true)],
        requestBody: {
          content: {
            'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Flight' } } },
          },
        },
        responses: {
          202: text('Counts, and each rejection with its reason'),
          401: text('The key is not known'),
        },
      },
    },
  },
  components: {
    schemas: {
      Board: {
        type: 'object',
        required: ['airport', 'flights'],
        properties: {
          airport: { type: 'string' },
          as_of: { type: 'string', format: 'date-time' },
          flights: { type: 'array', items: { $ref: '#/components/schemas/Flight' } },
        },
      },
      Flight: {
        type: 'object',
        required: ['leg', 'rev'],
        properties: {
          leg: { type: 'string', description: 'Opaque, never reused' },
          rev: { type: 'integer' },
          remark: { type: ['string', 'null'] },
        },
      },
    },
  },
};
