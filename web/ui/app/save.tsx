import { useRef } from 'preact/hooks'
import type { EmbeddedFleet } from '../../shared/protocol.ts'
import { moveInMenu, placeMenu } from '../parts/menu.ts'
import { useClient } from '../parts/use-answer.ts'

/** What to leave with: the fleet as one page, a fleet file where hosts have files, a table, an answer, or on paper. */
export function SaveMenu({ hasFiles }: { readonly hasFiles: boolean }) {
  const client = useClient()
  const menu = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const offer = async (name: string, type: string, content: Promise<string>) => {
    menu.current?.hidePopover()
    await content.then(text => download(name, type, text), alert)
  }
  const day = new Date().toISOString().slice(0, 10)
  const explained = () =>
    client.ask('ask', 'explain', {}).then(answer => `${JSON.stringify(answer, undefined, 2)}\n`)
  return (
    <>
      <button type="button" ref={opener} popovertarget="save-menu">
        Save
      </button>
      <div
        id="save-menu"
        ref={menu}
        popover="auto"
        class="menu"
        role="menu"
        aria-label="Save"
        onKeyDown={moveInMenu}
        onToggle={() => menu.current && opener.current && placeMenu(menu.current, opener.current)}
      >
        <button
          type="button"
          role="menuitem"
          onClick={() => void offer(`fleet-${day}.html`, 'text/html', client.ask('save').then(pageWith))}
        >
          This page with the fleet
        </button>
        {hasFiles && (
          <button
            type="button"
            role="menuitem"
            onClick={() => void offer('fleet.yaml', 'application/yaml', client.ask('fleetFile'))}
          >
            Pools as fleet.yaml
          </button>
        )}
        <button
          type="button"
          role="menuitem"
          onClick={() => void offer(`hosts-${day}.csv`, 'text/csv', client.ask('table'))}
        >
          Hosts as CSV
        </button>
        <button
          type="button"
          role="menuitem"
          onClick={() => void offer(`explain-${day}.json`, 'application/json', explained())}
        >
          The whole answer as JSON
        </button>
        <button
          type="button"
          role="menuitem"
          onClick={() => {
            menu.current?.hidePopover()
            print()
          }}
        >
          Print this view
        </button>
      </div>
    </>
  )
}

/** This page as it was loaded, with a fleet in it: what `virt-cpu page --data` writes. */
function pageWith(fleet: EmbeddedFleet): string {
  const copy = document.documentElement.cloneNode(true) as HTMLElement
  const clear = (id: string, text: string) => copy.querySelector(`#${id}`)?.replaceChildren(text)
  clear('page', '')
  // An HTML parser must not see the end of the element in it.
  clear('data', JSON.stringify(fleet).replaceAll('<', '\\u003c'))
  copy.removeAttribute('data-theme')
  // A saved page has no server to ask.
  for (const one of copy.querySelectorAll('.served')) one.remove()
  const policy = copy.querySelector<HTMLMetaElement>('[http-equiv]')
  if (policy) policy.content = policy.content.replace("connect-src 'self'; ", '')
  return `<!doctype html>\n${copy.outerHTML}\n`
}

function download(name: string, type: string, content: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
