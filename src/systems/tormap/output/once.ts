/**
 * A function that does its work once for each value: thousands of relays share few flags, versions and places. Lists and
 * objects are equal when they are one.
 */
export function once<K, V>(make: (value: K) => V): (value: K) => V {
  const made = new Map<K, V>()
  return (value) => {
    let result = made.get(value)
    if (result === undefined) made.set(value, (result = make(value)))
    return result
  }
}
