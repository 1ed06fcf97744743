// Whether the page is being put on paper: then all of it is there, closed or scrolled or not.
import { useEffect, useState } from 'preact/hooks'

export function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    if (typeof matchMedia === 'undefined') return
    const media = matchMedia('print')
    const begin = () => setPrinting(true)
    const look = () => setPrinting(media.matches)
    look()
    media.addEventListener('change', look)
    addEventListener('beforeprint', begin)
    addEventListener('afterprint', look)
    return () => {
      media.removeEventListener('change', look)
      removeEventListener('beforeprint', begin)
      removeEventListener('afterprint', look)
    }
  }, [])
  return printing
}
