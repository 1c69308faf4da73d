/** What colours look like, to those who see all of them and to those who don't. */

import type { Page } from 'playwright-core'

/** sRGB, 0 to 255. */
export type Rgb = readonly [number, number, number]
type Matrix = readonly [Rgb, Rgb, Rgb]

/** Full colour blindness of each kind, on linear light. Source: Machado, Oliveira, Fernandes 2009, severity 1. */
export const VISION: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

function linear(rgb: Rgb): Rgb {
  return rgb.map((value) => {
    const share = value / 255
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as unknown as Rgb
}

function times(matrix: Matrix, [a, b, c]: Rgb): Rgb {
  return matrix.map(([x, y, z]) => x * a + y * b + z * c) as unknown as Rgb
}

/** Linear light as a kind of vision gets it. */
export function seen(rgb: Rgb, vision: Matrix): Rgb {
  return times(vision, linear(rgb)).map((value) => Math.min(1, Math.max(0, value))) as unknown as Rgb
}

/** WCAG 2.2 contrast of two colours, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const luminance = (rgb: Rgb): number => {
    const [red, green, blue] = linear(rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** Linear light to OKLab. Source: Ottosson 2020. */
function oklab(light: Rgb): Rgb {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    light,
  ).map(Math.cbrt) as unknown as Rgb
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  )
}

/** How different two linear colours look: distance in OKLab, 0 to about 1. */
export function difference(a: Rgb, b: Rgb): number {
  const [one, other] = [oklab(a), oklab(b)]
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2])
}

/** In the page: tokens as the browser paints them. */
export async function tokens(page: Page, wanted: readonly string[]): Promise<Readonly<Record<string, Rgb>>> {
  return page.evaluate(`Object.fromEntries(${JSON.stringify(wanted)}.map((name) => {
    const probe = document.createElement('i')
    probe.style.color = 'var(--' + name + ')'
    document.body.append(probe)
    const context = document.createElement('canvas').getContext('2d')
    context.fillStyle = getComputedStyle(probe).color
    context.fillRect(0, 0, 1, 1)
    probe.remove()
    return [name, [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)]
  }))`)
}
