/** `1 234 567`: thousands apart. */
export const figure = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ' ')

/** `4.2 %` */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
