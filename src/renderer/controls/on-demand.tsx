import { useEffect, useState, type ComponentType } from 'react'

export interface OnDemand<Props> {
  /** Stands for the component, which is drawn as soon as its code is there. */
  Component: ComponentType<Props>
  /** Loads the code before anybody asks for it. Rejects when it cannot be read. */
  load: () => Promise<void>
}

/**
 * A component whose code the start does not need, and which takes keys as soon as it is opened. Code that is loaded already
 * shows in the same frame as the key: `lazy` would wait one turn the first time, and React then keeps what it waits for back
 * for a third of a second, in which letters would land in the message.
 */
export function onDemand<Props extends object>(read: () => Promise<ComponentType<Props>>): OnDemand<Props> {
  let loaded: ComponentType<Props> | null = null
  const load = async (): Promise<ComponentType<Props>> => (loaded ??= await read())

  function Component(props: Props) {
    const [late, setLate] = useState<ComponentType<Props> | null>(null)
    const Present = loaded ?? late
    const isMissing = Present === null
    useEffect(() => {
      if (isMissing) void load().then((made) => setLate(() => made))
    }, [isMissing])
    return Present === null ? null : <Present {...props} />
  }

  return {
    Component,
    load: async () => {
      await load()
    },
  }
}
