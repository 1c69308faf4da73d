import { bytes, count, text } from '#core/units.ts'
import { MARKS, type ClassMarkShape } from '../map/marks.ts'
import type { MapRelay, OriginalClass, Place, RelayMap } from '../types.ts'
import { timeText } from '../words.ts'
import { encodeChunks } from './encode.ts'
import { xml } from './markup.ts'
import { once } from './once.ts'
import { colour } from './palette.ts'
import { fourDecimals, geoSentence, placeWords, title, verifiedSentence } from './sentences.ts'

/** Where the icon of a class is. */
type IconOf = (name: OriginalClass, kind: 'city' | 'country') => string

/** The relays of one class. */
export interface KmlFolder {
  readonly name: OriginalClass
  /** UTF-8, one after the other. */
  readonly pieces: readonly Uint8Array[]
}

/** The map for globe programs (OGC KML 2.2): a folder for each class that has relays. */
export function kml(map: RelayMap): Uint8Array {
  return Buffer.concat(kmlDocument(map, kmlFolders(map)))
}

/** A folder for each class that has relays. */
export function kmlFolders(map: RelayMap): readonly KmlFolder[] {
  return MARKS.flatMap((mark) => {
    const relays = map.relays.filter(({ original }) => original === mark.name)
    return relays.length === 0 ? [] : { name: mark.name, pieces: encodeChunks(folder(mark, relays)) }
  })
}

/**
 * The document around folders, in pieces. Without icons programs show their own pin in the colour of the class: a file alone must
 * not call for pictures from anywhere.
 */
export function kmlDocument(map: RelayMap, folders: readonly KmlFolder[], iconOf?: IconOf): readonly Uint8Array[] {
  const styles = folders.flatMap(({ name }) => [style(name, 'city', iconOf), style(name, 'country', iconOf)])
  const head = `<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2">
<Document>
<name>${xml(title(map))}</name>
<open>1</open>
<description>${html(`${xml(verifiedSentence(map))}<br>${xml(geoSentence(map))}`)}</description>
${styles.join('\n')}
${SCHEMA}
`
  return [Buffer.from(head), ...folders.flatMap(({ pieces }) => pieces), Buffer.from(FOOT)]
}

/** Figures that programs can filter by; everything else stands in the description. */
const SCHEMA = `<Schema name="relay" id="relay">
<SimpleField type="string" name="fingerprint"/>
<SimpleField type="string" name="country"/>
<SimpleField type="uint" name="weight"/>
</Schema>`

const FOOT = '</Document>\n</kml>\n'

const ICON_SCALE = { city: 0.6, country: 0.5 } as const

function style(name: OriginalClass, kind: 'city' | 'country', iconOf: IconOf | undefined): string {
  const token = MARKS.find((mark) => mark.name === name)?.token ?? ''
  // KML writes colours as alpha, blue, green, red.
  const own = colour(token).replace(/#(..)(..)(..)/, 'ff$3$2$1')
  const icon = iconOf === undefined ? '' : `<Icon><href>${iconOf(name, kind)}</href></Icon>`
  return `<Style id="${styleId(name, kind)}"><IconStyle><color>${own}</color><scale>${ICON_SCALE[kind]}</scale>${icon}</IconStyle><LabelStyle><scale>0</scale></LabelStyle><BalloonStyle><text>$[description]</text></BalloonStyle></Style>`
}

function styleId(name: OriginalClass, kind: 'city' | 'country'): string {
  return kind === 'city' ? name : `${name}-country`
}

function* folder({ title: words }: ClassMarkShape, relays: readonly MapRelay[]): Generator<string> {
  yield `<Folder><name>${count(relays.length)} ${words}</name>\n`
  const placemark = placemarkMaker(words)
  for (const relay of relays) if (relay.place.kind !== 'none') yield placemark(relay)
  const unplaced = relays.filter(({ place }) => place.kind === 'none')
  if (unplaced.length > 0) {
    // Without a place they have no point: none at all is better than one in the Gulf of Guinea.
    yield `<Folder><name>${count(unplaced.length)} without a place</name>\n`
    for (const relay of unplaced) yield placemark(relay)
    yield '</Folder>\n'
  }
  yield '</Folder>\n'
}

/** Makes placemarks of a class. The parts that relays have in common are made once. */
function placemarkMaker(words: string): (relay: MapRelay) => string {
  const facts = factsMaker(words)
  const country = once((code: string | null) => data('country', code ?? ''))
  return (relay) => {
    const { entry, place, longitude, latitude } = relay
    const point =
      longitude === null || latitude === null
        ? ''
        : `<Point><coordinates>${fourDecimals(longitude)},${fourDecimals(latitude)}</coordinates></Point>`
    const styled = place.kind === 'none' ? '' : `<styleUrl>#${styleId(relay.original, place.kind)}</styleUrl>`
    const figures = data('fingerprint', entry.fingerprint) + country(place.country) + data('weight', `${entry.weight}`)
    return `<Placemark><name>${xml(entry.nickname)}</name><description>${html(facts(relay))}</description>${styled}<ExtendedData><SchemaData schemaUrl="#relay">${figures}</SchemaData></ExtendedData>${point}</Placemark>\n`
  }
}

/** `value` has nothing that XML would read as markup, or was escaped. */
function data(name: string, value: string): string {
  return `<SimpleData name="${name}">${value}</SimpleData>`
}

/** Programs show a description as HTML, so its texts have to be safe as such; inside CDATA they need no second escape. */
function html(markup: string): string {
  return `<![CDATA[${markup}]]>`
}

/** Makes what is said of a relay, a line each, as HTML. */
function factsMaker(words: string): (relay: MapRelay) => string {
  const line = (name: string, value: string | null | undefined): string =>
    value === null || value === undefined || value === '' ? '' : `<br>${name}: ${xml(value)}`
  const shared = (name: string): ((value: string | null | undefined) => string) => once((value) => line(name, value))
  const [version, platform] = [shared('Version'), shared('Platform')]
  const [policy, policy6] = [shared('Exit policy'), shared('IPv6 exit policy')]
  const flags = once((list: readonly string[]) => line('Flags', list.join(' ')))
  const where = once((place: Place) => line('Place', placeWords(place)))
  const network = once((as: MapRelay['as']) => (as === null ? '' : line('Network', `AS${as.number} ${as.name}`)))
  const origin = `<br>${words}<br>Fingerprint: `
  return ({ entry, descriptor, microdescriptor, observed, place, as, family }) => {
    const others = entry.otherAddresses.length === 0 ? '' : `, ${entry.otherAddresses.join(', ')}`
    const directory = entry.dirPort === 0 ? '' : `<br>Directory port: ${entry.dirPort}`
    const weight = `<br>Consensus weight: ${entry.weight}${entry.unmeasured ? ' (unmeasured)' : ''}`
    const speed = observed === null ? '' : line('Observed bandwidth', `${text(bytes(observed))}/s`)
    const uptime = descriptor?.uptime ?? null
    const since = descriptor === null || uptime === null ? null : timeText(descriptor.published - uptime * 1000)
    const relatives = family.length === 0 ? '' : line('Family', `${count(family.length)} more`)
    const address = line('Address', `${entry.address}:${entry.orPort}${others}`)
    const head = `<b>${xml(entry.nickname)}</b>${origin}${inBlocks(entry.fingerprint)}${address}${directory}`
    const said = `${version(entry.version)}${platform(descriptor?.platform)}${line('Up since', since)}${line('Contact', descriptor?.contact)}`
    const policies = `${policy(entry.exitPolicy ?? microdescriptor?.exitPolicy)}${policy6(descriptor?.exitPolicy6 ?? microdescriptor?.exitPolicy6)}`
    return `${head}${flags(entry.flags)}${weight}${speed}${said}${policies}${relatives}${network(as)}${where(place)}`
  }
}

/** A fingerprint as people compare it: blocks of four. */
function inBlocks(fingerprint: string): string {
  let blocks = fingerprint.slice(0, 4)
  for (let i = 4; i < fingerprint.length; i += 4) blocks += ` ${fingerprint.slice(i, i + 4)}`
  return blocks
}
