// Only what is read of YAML, so that the rest of the library stays out of the page.
export { constructFromEvents, parseEvents, YAMLException } from 'js-yaml'
