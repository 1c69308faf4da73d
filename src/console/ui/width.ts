import { useSignal } from '@preact/signals'
import { useLayoutEffect, type MutableRef } from 'preact/hooks'

/** Width inside an element, whole px; 0 before it is on the page. */
export function useWidth(place: MutableRef<HTMLElement | null>): number {
  const width = useSignal(0)
  useLayoutEffect(() => {
    const element = place.current
    if (!element) return undefined
    const observer = new ResizeObserver(([entry]) => (width.value = Math.floor(entry?.contentRect.width ?? 0)))
    observer.observe(element)
    const { paddingLeft, paddingRight } = getComputedStyle(element)
    // At once, so that the first frame has its final shape.
    width.value = Math.floor(element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight))
    return () => observer.disconnect()
  }, [])
  return width.value
}
