import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { parseGuard } from './rules.ts'

// What nft 1.0.6 lists of a box in which programs tried QUIC, multicast DNS and a ping; rules left out.
const LISTED = `{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
{"table": {"family": "inet", "name": "noc_box", "handle": 1}},
{"counter": {"family": "inet", "name": "dropped", "table": "noc_box", "handle": 4, "packets": 9, "bytes": 507}},
{"set": {"family": "inet", "name": "ports4", "table": "noc_box", "type": ["inet_proto", "ipv4_addr", "inet_service"], "handle": 5, "size": 256, "elem": [
{"elem": {"val": {"concat": ["udp", "9.9.9.9", 443]}, "counter": {"packets": 2, "bytes": 58}}},
{"elem": {"val": {"concat": ["udp", "224.0.0.251", 5353]}, "counter": {"packets": 4, "bytes": 116}}}]}},
{"set": {"family": "inet", "name": "ports6", "table": "noc_box", "type": ["inet_proto", "ipv6_addr", "inet_service"], "handle": 6, "size": 256}},
{"set": {"family": "inet", "name": "hosts4", "table": "noc_box", "type": ["inet_proto", "ipv4_addr"], "handle": 7, "size": 256, "elem": [
{"elem": {"val": {"concat": ["icmp", "192.0.2.1"]}, "counter": {"packets": 3, "bytes": 252}}}]}},
{"chain": {"family": "inet", "table": "noc_box", "name": "guard", "handle": 2, "type": "filter", "hook": "output", "prio": 0, "policy": "drop"}}]}`

it('what the guard dropped is read with protocol, place and port, the most first', () => {
  assert.deepEqual(parseGuard(LISTED), {
    packets: 9,
    dropped: [
      { protocol: 'udp', address: '224.0.0.251', port: 5353, packets: 4 },
      { protocol: 'icmp', address: '192.0.2.1', port: null, packets: 3 },
      { protocol: 'udp', address: '9.9.9.9', port: 443, packets: 2 },
    ],
  })
})

it('a listing without the counter, or none at all, is not taken for zero packets', () => {
  for (const text of ['', '[]', 'null', '{"nftables": []}', '{"nftables": [{"table": {}}]}', LISTED.slice(0, 300)]) {
    assert.equal(parseGuard(text), null, text)
  }
})

it('no document makes the reader fail', () => {
  const item = fc.record({ set: fc.record({ elem: fc.jsonValue() }), counter: fc.jsonValue() }, { requiredKeys: [] })
  fc.assert(fc.property(fc.array(item), (items) => void parseGuard(JSON.stringify({ nftables: items }))))
})
