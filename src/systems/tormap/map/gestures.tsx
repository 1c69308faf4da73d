/** Mouse, wheel, touch and keys, told as moves of the view and taps. */
import { between, home, pan, zoomAt, type Point, type Size, type View } from './view.ts'

/** A pen counts as a finger: neither hides what is under it before it touches. */
export type PointerKind = 'mouse' | 'touch'

/** What gestures act on. */
export interface Gestured {
  view(): View
  size(): Size
  look(view: View): void
  /** A click or tap. */
  tap(at: Point, kind: PointerKind): void
  /** The pointer is over the map, or (null) not any more. */
  over(at: Point | null): void
}

/** A pointer that moved less, px, has not moved. */
const STILL = { mouse: 3, touch: 9 } as const
/** Two taps within this time, ms, and distance, px, are one double tap. */
const DOUBLE = { time: 320, distance: 28 } as const
/** A wheel that rested so long, ms, starts anew: a scroll of the page that reaches the map stays one. */
const WHEEL_REST = 250
/** Length of a step by key or button, ms. */
const STEP_TIME = 180

const gliding = new WeakMap<Gestured, { readonly to: View; readonly frame: number }>()

/** Where the map will be when it has come to rest. */
export function aim(on: Gestured): View {
  return gliding.get(on)?.to ?? on.view()
}

/** Turns the view there in a moment; at once for those who want no motion. */
export function glide(on: Gestured, to: View): void {
  cancelAnimationFrame(gliding.get(on)?.frame ?? 0)
  gliding.delete(on)
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return on.look(to)
  const from = on.view()
  const began = performance.now()
  let last = from
  const step = (now: number): void => {
    gliding.delete(on)
    // A finger or the wheel moves the map by now.
    if (on.view() !== last) return
    const t = Math.min(1, Math.max(0, now - began) / STEP_TIME)
    last = t === 1 ? to : between(from, to, t * (2 - t))
    if (t < 1) gliding.set(on, { to, frame: requestAnimationFrame(step) })
    on.look(last)
  }
  gliding.set(on, { to, frame: requestAnimationFrame(step) })
}

function wheelFactor({ deltaY, deltaMode, ctrlKey }: WheelEvent): number {
  const px = deltaY * (deltaMode === WheelEvent.DOM_DELTA_LINE ? 25 : deltaMode === WheelEvent.DOM_DELTA_PAGE ? 500 : 1)
  return 2 ** (-Math.max(-300, Math.min(300, px)) * (ctrlKey ? 0.012 : 0.003))
}

function listenToWheel(stage: HTMLElement, on: Gestured, place: (event: MouseEvent) => Point): void {
  let [last, ours] = [-Infinity, false]
  const onWheel = (event: WheelEvent): void => {
    const next = zoomAt(on.view(), on.size(), wheelFactor(event), place(event))
    // Who turns away from the first view wants to scroll on.
    const away = event.deltaY > 0 && on.view().k <= home(on.size()).k
    if (event.timeStamp - last > WHEEL_REST) ours = event.ctrlKey || !away
    last = event.timeStamp
    if (!ours) return
    event.preventDefault()
    on.look(next)
    on.over(place(event))
  }
  stage.addEventListener('wheel', onWheel, { passive: false })
}

interface Finger {
  readonly start: Point
  at: Point
}

function middle(fingers: readonly Finger[], of: (finger: Finger) => Point): Point {
  const sum = fingers.map(of).reduce((a, b) => [a[0] + b[0], a[1] + b[1]], [0, 0] as const)
  return [sum[0] / fingers.length, sum[1] / fingers.length]
}

function spread([a, b]: readonly Finger[]): number {
  return a && b ? Math.hypot(a.at[0] - b.at[0], a.at[1] - b.at[1]) : 0
}

/** Listens on the stage for as long as it lives. */
export function listen(stage: HTMLElement, on: Gestured): void {
  const fingers = new Map<number, Finger>()
  let moved = false
  let lastTap = { time: -Infinity, at: [0, 0] as Point }
  const place = (event: MouseEvent): Point => {
    const box = stage.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }
  const kind = (event: PointerEvent): PointerKind => (event.pointerType === 'mouse' ? 'mouse' : 'touch')

  const onMove = (event: PointerEvent): void => {
    const finger = fingers.get(event.pointerId)
    if (!finger) {
      if (event.pointerType !== 'touch') on.over(place(event))
      return
    }
    const down = [...fingers.values()]
    const [from, wide] = [middle(down, (one) => one.at), spread(down)]
    const at = place(event)
    if (!moved && Math.hypot(at[0] - finger.start[0], at[1] - finger.start[1]) < STILL[kind(event)] && down.length < 2)
      return
    if (!moved) stage.setPointerCapture(event.pointerId)
    moved = true
    finger.at = at
    const to = middle(down, (one) => one.at)
    const shifted = pan(on.view(), on.size(), to[0] - from[0], to[1] - from[1])
    on.look(wide > 0 ? zoomAt(shifted, on.size(), spread(down) / wide, to) : shifted)
    on.over(null)
  }
  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return
    fingers.set(event.pointerId, { start: place(event), at: place(event) })
    moved = fingers.size > 1
  }
  const onTap = (event: PointerEvent): void => {
    const at = place(event)
    const { time, at: before } = lastTap
    const twice =
      event.timeStamp - time < DOUBLE.time && Math.hypot(at[0] - before[0], at[1] - before[1]) < DOUBLE.distance
    lastTap = { time: twice ? -Infinity : event.timeStamp, at }
    if (twice) glide(on, zoomAt(aim(on), on.size(), event.shiftKey ? 0.5 : 2, at))
    else on.tap(at, kind(event))
  }
  const onUp = (event: PointerEvent): void => {
    if (fingers.delete(event.pointerId) && !moved && event.type === 'pointerup') onTap(event)
  }
  stage.addEventListener('pointerdown', onDown)
  stage.addEventListener('pointermove', onMove)
  stage.addEventListener('pointerup', onUp)
  stage.addEventListener('pointercancel', onUp)
  stage.addEventListener('pointerleave', () => on.over(null))
  listenToWheel(stage, on, place)
}

/** Directions of the arrow keys, on the screen. */
export const ARROWS: Readonly<Record<string, Point | undefined>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
