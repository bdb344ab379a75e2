import { useMemo, useState } from 'preact/hooks'

/** A column of a table that can be put in order by it. */
export interface Column<T> {
  readonly title: string
  /** By what its rows are put in order: numbers by size, texts by their letters and numbers. */
  readonly by: (row: T) => string | number
  readonly isNumber?: boolean
}

const byLettersAndNumbers = new Intl.Collator('en', { numeric: true })

/**
 * The rows whose text contains what was typed, in the order of the column that was pressed, backwards where it was
 * pressed twice; and the controls for it. @param textOf what a row is found by
 */
export function useTable<T>(rows: readonly T[], columns: readonly Column<T>[], textOf: (row: T) => string) {
  const [wanted, setWanted] = useState('')
  const [order, setOrder] = useState<{ readonly title: string; readonly back: boolean }>()
  const shown = useMemo(() => {
    const by = columns.find(({ title }) => title === order?.title)?.by
    const some = rows.filter(row => textOf(row).toLowerCase().includes(wanted.trim().toLowerCase()))
    if (!by) return some
    const sign = order?.back ? -1 : 1
    return some.sort((a, b) => sign * compare(by(a), by(b)))
  }, [rows, wanted, order])
  const heads = columns.map(({ title, isNumber }) => {
    const isOrder = order?.title === title
    return (
      <th
        key={title}
        scope="col"
        class={isNumber ? 'number' : undefined}
        aria-sort={isOrder ? (order.back ? 'descending' : 'ascending') : undefined}
      >
        <button type="button" class="order" onClick={() => setOrder({ title, back: isOrder && !order.back })}>
          {title}
        </button>
      </th>
    )
  })
  const filter = rows.length > 5 && (
    <label class="filter">
      <span class="unseen">Rows that contain</span>
      <input
        type="search"
        placeholder="Filter"
        value={wanted}
        onInput={({ currentTarget }) => setWanted(currentTarget.value)}
      />
      {wanted.trim() !== '' && (
        <span class="faint" role="status">
          {shown.length} of {rows.length}
        </span>
      )}
    </label>
  )
  return { shown, heads, filter }
}

const compare = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : byLettersAndNumbers.compare(String(a), String(b))
