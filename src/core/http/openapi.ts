import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import type { Route } from './route.ts'

/** Routes and where they are mounted (`/interrupts` is below /api). */
export interface Mount {
  readonly at: string
  readonly routes: readonly Route[]
}

const ERROR_SCHEMA = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: { code: { type: 'string' }, message: { type: 'string' }, hint: { type: 'string' } },
      required: ['code', 'message'],
    },
  },
  required: ['error'],
}

function schemaOf(schema: GenericSchema): object {
  // Checks that JSON Schema can't express (a `v.check`) are left out of the document, not of the validation.
  return toJsonSchema(schema, { errorMode: 'ignore' })
}

function parametersOf(route: Route): object[] {
  const path = [...route.path.matchAll(/:(\w+)/g)].map((m) => ({
    name: m[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const query = Object.entries(route.query ?? {}).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }))
  return [...path, ...query]
}

function operationOf(mount: Mount, route: Route): object {
  const json = (schema: object, type = 'application/json'): object => ({ content: { [type]: { schema } } })
  return {
    summary: route.summary,
    tags: [mount.at === '' ? 'house' : mount.at.slice(1)],
    parameters: parametersOf(route),
    ...(route.body === undefined ? {} : { requestBody: { required: true, ...json(schemaOf(route.body)) } }),
    ...(route.method === 'POST' ? { security: [{ token: [] }] } : {}),
    responses: {
      200: { description: 'The document', ...json(schemaOf(route.response), route.type) },
      default: { description: 'What went wrong', ...json(ERROR_SCHEMA) },
    },
  }
}

/** The OpenAPI 3.1 document of everything that is mounted. */
export function openApi(mounts: readonly Mount[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const mount of mounts) {
    for (const route of mount.routes) {
      const path = `/api${mount.at}${route.path === '/' ? '' : route.path}`.replace(/:(\w+)/g, '{$1}')
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(mount, route) }
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Nocturne',
      version,
      description: 'Reads are open on loopback; everything that acts needs the start-up token (`noc token`).',
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}
