// Only what is read of YAML, so that the rest of the library stays out of the page.
export { loadAll, YAMLException } from 'js-yaml'
